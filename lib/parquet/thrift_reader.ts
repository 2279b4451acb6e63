import { decodeError } from "./decode_error.ts";
import { ThriftStruct, type ThriftValue } from "./thrift_struct.ts";

/** Structs in structs in a sound footer are far fewer. */
const MAX_DEPTH = 32;
const MAX_VARINT_BYTES = 10;
const STOP = 0;
const LONG_COUNT = 15;

/** How the compact protocol numbers the kinds of values. */
const KINDS = [
  "stop",
  "boolean",
  "boolean",
  "i8",
  "i16",
  "i32",
  "i64",
  "double",
  "binary",
  "list",
  "list",
  "map",
  "struct",
] as const;
const TRUE = 1;

/**
 * Reads a struct from the beginning of bytes in Thrift's compact protocol. Lengths are not believed:
 * nothing is made larger than the bytes that are there.
 *
 * @throws {SluiceError} `PARQUET_DECODE` if the bytes end too soon or are of no known kind.
 */
export function readThrift(bytes: Uint8Array): ThriftStruct {
  return new ThriftReader(bytes).struct(0);
}

class ThriftReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  struct(depth: number): ThriftStruct {
    if (depth > MAX_DEPTH) throw decodeError(`structs ${depth} deep`, `at most ${MAX_DEPTH}`);
    const fields: [id: number, value: ThriftValue][] = [];
    for (let id = 0;;) {
      const header = this.#byte();
      if (header === STOP) return new ThriftStruct(fields);
      id = header >> 4 === 0 ? this.#zigzag() : id + (header >> 4);
      const type = header & 15;
      fields.push([
        id,
        KINDS[type] === "boolean"
          ? { kind: "boolean", value: type === TRUE }
          : this.#value(type, depth),
      ]);
    }
  }

  #value(type: number, depth: number): ThriftValue {
    const kind = KINDS[type];
    switch (kind) {
      case "boolean":
        return { kind, value: this.#byte() === TRUE };
      case "i8":
        return { kind, value: this.#byte() << 24 >> 24 };
      case "i16":
      case "i32":
      case "i64":
        return { kind, value: this.#zigzag() };
      case "double":
        return { kind, value: this.#view.getFloat64(this.#skip(8), true) };
      case "binary": {
        const length = this.#varint();
        const start = this.#skip(length);
        return { kind, value: this.#bytes.subarray(start, start + length) };
      }
      case "list":
        return { kind, items: this.#items(depth + 1) };
      case "struct":
        return { kind, value: this.struct(depth + 1) };
      default:
        throw decodeError(`a value of Thrift's type ${type} in the footer`);
    }
  }

  #items(depth: number): ThriftValue[] {
    if (depth > MAX_DEPTH) throw decodeError(`lists ${depth} deep`, `at most ${MAX_DEPTH}`);
    const header = this.#byte();
    const count = header >> 4 === LONG_COUNT ? this.#varint() : header >> 4;
    const left = this.#bytes.length - this.#at;
    if (count > left) throw decodeError(`a list of ${count} in ${left} bytes of footer`);
    return Array.from({ length: count }, () => this.#value(header & 15, depth));
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #varint(): number {
    let value = 0;
    for (let i = 0, scale = 1; i < MAX_VARINT_BYTES; i++, scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw decodeError(`an integer of more than ${MAX_VARINT_BYTES} bytes in the footer`);
  }

  #byte(): number {
    return this.#bytes[this.#skip(1)]!;
  }

  /** Goes on by that many bytes, and returns where they start. */
  #skip(length: number): number {
    const start = this.#at;
    const left = this.#bytes.length - start;
    if (length > left) throw decodeError(`${left} bytes of footer left`, String(length));
    this.#at = start + length;
    return start;
  }
}
