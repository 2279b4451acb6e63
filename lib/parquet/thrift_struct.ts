import { decodeError } from "./decode_error.ts";

/** A value as Thrift's compact protocol has it. Integers beyond 2^53 lose their last digits. */
export type ThriftValue =
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "i8" | "i16" | "i32" | "i64"; readonly value: number }
  | { readonly kind: "double"; readonly value: number }
  | { readonly kind: "binary"; readonly value: Uint8Array }
  | { readonly kind: "list"; readonly items: readonly ThriftValue[] }
  | { readonly kind: "struct"; readonly value: ThriftStruct };

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The fields of a struct, by the ids that `parquet.thrift` gives them. */
export class ThriftStruct {
  /** The fields, in the order they were written in. */
  readonly fields: ReadonlyMap<number, ThriftValue>;

  constructor(fields: Iterable<readonly [id: number, value: ThriftValue]>) {
    this.fields = new Map(fields);
  }

  /** An integer that is exact; `undefined` if there is none. */
  integer(id: number): number | undefined {
    const field = this.fields.get(id);
    if (field === undefined) return undefined;
    if ("value" in field && Number.isSafeInteger(field.value)) return Number(field.value);
    throw otherKind(id, field, "an exact integer");
  }

  /** A number of rows, bytes or the like, which must be there. */
  count(id: number): number {
    const value = this.integer(id);
    if (value === undefined || value < 0) {
      throw decodeError(`field ${id} of a footer: ${value ?? "missing"}`, "a number from 0 on");
    }
    return value;
  }

  /** A boolean; `undefined` if there is none. */
  boolean(id: number): boolean | undefined {
    const field = this.fields.get(id);
    if (field === undefined || field.kind === "boolean") return field?.value;
    throw otherKind(id, field, "boolean");
  }

  /** Bytes; `undefined` if there are none. */
  bytes(id: number): Uint8Array | undefined {
    const field = this.fields.get(id);
    if (field === undefined || field.kind === "binary") return field?.value;
    throw otherKind(id, field, "binary");
  }

  /** Text; `undefined` if there is none. */
  text(id: number): string | undefined {
    const bytes = this.bytes(id);
    if (bytes === undefined) return undefined;
    try {
      return utf8.decode(bytes);
    } catch {
      throw decodeError(`field ${id} of a footer: bytes that are no UTF-8`, "text");
    }
  }

  /** A struct; `undefined` if there is none. */
  struct(id: number): ThriftStruct | undefined {
    const field = this.fields.get(id);
    if (field === undefined || field.kind === "struct") return field?.value;
    throw otherKind(id, field, "struct");
  }

  /** A list of structs; empty if there is none. */
  structs(id: number): ThriftStruct[] {
    const field = this.fields.get(id);
    if (field === undefined) return [];
    if (field.kind !== "list") throw otherKind(id, field, "list");
    return field.items.map((item) => {
      if (item.kind !== "struct") throw otherKind(id, item, "struct");
      return item.value;
    });
  }

  /** The same struct with only these of its fields. */
  only(...ids: readonly number[]): ThriftStruct {
    return new ThriftStruct([...this.fields].filter(([id]) => ids.includes(id)));
  }

  /** The same struct with another value for a field, or one that it did not have. */
  with(id: number, value: ThriftValue): ThriftStruct {
    return new ThriftStruct([...this.fields, [id, value]]);
  }
}

function otherKind(id: number, found: ThriftValue, wanted: string): Error {
  return decodeError(`field ${id} of a footer: ${found.kind}`, wanted);
}
