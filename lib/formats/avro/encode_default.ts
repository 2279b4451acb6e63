import { isRecord } from "../../core/mod.ts";
import { AvroOutput } from "./avro_output.ts";
import type { AvroType } from "./avro_type.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The bytes of a field's default, which a schema has as JSON; `undefined` if it is no value of the
 * type. Spec: Apache Avro 1.12, "Complex Types", the table of defaults: bytes are text of the code
 * points 0 to 255, and the default of a union is one of its first branch (since 1.12: of any).
 */
export function encodeDefault(json: unknown, type: AvroType): Uint8Array | undefined {
  const output = new AvroOutput();
  return writeJson(json, type, output) ? output.finish() : undefined;
}

/** False, with some of it written, if the JSON is no value of the type. */
function writeJson(json: unknown, type: AvroType, output: AvroOutput): boolean {
  switch (type.kind) {
    case "null":
      return json === null;
    case "boolean":
      if (typeof json !== "boolean") return false;
      output.writeBoolean(json);
      return true;
    case "int":
      if (!isInteger(json) || BigInt.asIntN(32, BigInt(json)) !== BigInt(json)) return false;
      output.writeBigInt(BigInt(json));
      return true;
    case "long":
      if (!isInteger(json) || BigInt.asIntN(64, BigInt(json)) !== BigInt(json)) return false;
      output.writeBigInt(BigInt(json));
      return true;
    case "float":
    case "double":
      if (typeof json !== "number" && typeof json !== "bigint") return false;
      if (type.kind === "float") output.writeFloat(Number(json));
      else output.writeDouble(Number(json));
      return true;
    case "string":
      if (typeof json !== "string") return false;
      output.writeText(json);
      return true;
    case "bytes": {
      const bytes = latin1(json);
      if (bytes === undefined) return false;
      output.writeBytes(bytes);
      return true;
    }
    case "fixed": {
      const bytes = latin1(json);
      if (bytes?.length !== type.size) return false;
      output.writeFixed(bytes);
      return true;
    }
    case "enum":
      if (typeof json !== "string" || !type.symbols.includes(json)) return false;
      output.writeInteger(type.symbols.indexOf(json));
      return true;
    case "array":
      return Array.isArray(json) &&
        writeItems(json, output, (item) => writeJson(item, type.items, output));
    case "map":
      return isRecord(json) && writeItems(Object.entries(json), output, ([key, value]) => {
        output.writeText(key);
        return writeJson(value, type.values, output);
      });
    case "record":
      return isRecord(json) && type.fields.every((field) => {
        const value = Object.hasOwn(json, field.name) ? json[field.name] : field.default;
        return writeJson(value, field.type, output);
      });
    case "union": {
      const branch = type.branches.findIndex((each) => writeJson(json, each, new AvroOutput()));
      const chosen = type.branches[branch];
      if (chosen === undefined) return false;
      output.writeInteger(branch);
      return writeJson(json, chosen, output);
    }
  }
}

function writeItems<T>(
  items: readonly T[],
  output: AvroOutput,
  write: (item: T) => boolean,
): boolean {
  if (items.length > 0) {
    output.writeInteger(items.length);
    if (!items.every(write)) return false;
  }
  output.writeInteger(0);
  return true;
}

function isInteger(json: unknown): json is number | bigint {
  return typeof json === "bigint" || Number.isInteger(json);
}

function latin1(json: unknown): Uint8Array | undefined {
  if (typeof json !== "string") return undefined;
  const codes = Array.from(json, (character) => character.codePointAt(0) ?? 0);
  return codes.every((code) => code <= 0xff) ? Uint8Array.from(codes) : undefined;
}
