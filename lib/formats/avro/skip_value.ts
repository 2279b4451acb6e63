import { Unreadable } from "../unreadable.ts";
import type { AvroInput } from "./avro_input.ts";
import type { AvroType } from "./avro_type.ts";

/** How deep records that hold themselves may lie in one another. */
const MAX_DEPTH = 1000;

/** Passes over a value that no column wants. */
export function skipValue(input: AvroInput, type: AvroType, depth = 0): void {
  if (depth > MAX_DEPTH) throw new Unreadable(`nested deeper than ${MAX_DEPTH} levels`);
  switch (type.kind) {
    case "null":
      return;
    case "boolean":
      input.take(1);
      return;
    case "int":
    case "long":
    case "enum":
      input.readLong();
      return;
    case "float":
      input.take(4);
      return;
    case "double":
      input.take(8);
      return;
    case "bytes":
    case "string":
      input.take(input.readLength());
      return;
    case "fixed":
      input.take(type.size);
      return;
    case "union": {
      const branch = type.branches[input.readIndex(type.branches.length)]!;
      return skipValue(input, branch, depth + 1);
    }
    case "record":
      for (const field of type.fields) skipValue(input, field.type, depth + 1);
      return;
    case "array":
      return skipBlocks(input, undefined, type.items, depth);
    case "map":
      return skipBlocks(input, { kind: "string" }, type.values, depth);
  }
}

function skipBlocks(
  input: AvroInput,
  key: AvroType | undefined,
  item: AvroType,
  depth: number,
): void {
  for (let count = input.readBlockCount(); count > 0; count = input.readBlockCount()) {
    for (let i = 0; i < count; i++) {
      const start = input.pos;
      if (key !== undefined) skipValue(input, key, depth);
      skipValue(input, item, depth + 1);
      // Items of a type that takes no bytes: all of them are passed over already.
      if (input.pos === start) break;
    }
  }
}
