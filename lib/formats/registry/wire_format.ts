/** How many bytes stand before a value that a registry's schema is for. */
export const HEADER_BYTES = 5;

/** What `schemaIdAt` finds where there is no header. */
export const NO_SCHEMA_ID: number = -1;

const MAGIC = 0;

/**
 * The id of the schema that `bytes[start, end)` was written with: Confluent's wire format, a 0 and
 * four bytes of id before the value. `NO_SCHEMA_ID` if there is no such header.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { NO_SCHEMA_ID, schemaIdAt, withSchemaId } from "./wire_format.ts";
 *
 * const value = withSchemaId(258, Uint8Array.of(7));
 * equal(value.toHex(), "000000010207");
 * equal(schemaIdAt(value, 0, value.length), 258);
 * equal(schemaIdAt(new TextEncoder().encode('{"a":1}'), 0, 7), NO_SCHEMA_ID);
 * ```
 */
export function schemaIdAt(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < HEADER_BYTES || bytes[start] !== MAGIC) return NO_SCHEMA_ID;
  const id = (bytes[start + 1]! << 24) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 8) |
    bytes[start + 4]!;
  return id < 0 ? NO_SCHEMA_ID : id;
}

/** Says of bytes without a schema id what they begin with. */
export function describeNoSchemaId(bytes: Uint8Array, start: number, end: number): string {
  const head = bytes.subarray(start, Math.min(end, start + HEADER_BYTES)).toHex();
  const found = end === start ? "no bytes" : `the bytes ${head}${end - start > 5 ? "…" : ""}`;
  return `no schema id: found ${found}, wanted 00 and four bytes of id before the value`;
}

/** A value with the id of its schema before it. */
export function withSchemaId(id: number, value: Uint8Array): Uint8Array {
  const framed = new Uint8Array(HEADER_BYTES + value.length);
  new DataView(framed.buffer).setInt32(1, id);
  framed.set(value, HEADER_BYTES);
  return framed;
}

/**
 * Reads the list that Protobuf values have after the id: the way to the message's type, as indexes
 * of messages within messages. `undefined` if there is none at `start`.
 */
export function messageIndexesAt(
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly indexes: readonly number[]; readonly end: number } | undefined {
  let pos = start;
  const next = (): number | undefined => {
    let value = 0;
    for (let shift = 0; shift < 28 && pos < end; shift += 7) {
      const byte = bytes[pos++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
    return undefined;
  };
  const count = next();
  if (count === undefined || count < 0 || count > end - pos) return undefined;
  // The first message of a file is so common that its list, [0], is written as one 0.
  if (count === 0) return { indexes: [0], end: pos };
  const indexes: number[] = [];
  for (let i = 0; i < count; i++) {
    const index = next();
    if (index === undefined || index < 0) return undefined;
    indexes.push(index);
  }
  return { indexes, end: pos };
}

/** The list that `messageIndexesAt` reads. */
export function encodeMessageIndexes(indexes: readonly number[]): Uint8Array {
  if (indexes.length === 1 && indexes[0] === 0) return Uint8Array.of(0);
  return Uint8Array.from([indexes.length, ...indexes].flatMap(zigzagVarint));
}

function zigzagVarint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value * 2;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}
