import type { StructField } from "../core/mod.ts";
import { arrowSchemaMessage } from "./arrow_stream.ts";

const KEY = "ARROW:schema";
const TRAILER_BYTES = 8;
const ROW_GROUPS = 4;
const KEY_VALUES = 5;
const TYPE = {
  stop: 0,
  true: 1,
  false: 2,
  byte: 3,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
};

/** True if a Parquet file says what Arrow types its columns are to be read as. */
export function hasArrowHint(file: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(file.subarray(footerStart(file))).includes(KEY);
}

/**
 * A Parquet file with such a hint, made of one without. Unless told otherwise, 96-bit timestamps are
 * read as nanoseconds of 64 bits, which hold the years 1677 to 2262 only.
 */
export function withArrowHint(file: Uint8Array, fields: readonly StructField[]): Uint8Array {
  const start = footerStart(file);
  const end = file.length - TRAILER_BYTES;
  const footer = withKeyValue(
    file.subarray(start, end),
    KEY,
    arrowSchemaMessage(fields).toBase64(),
  );
  const hinted = new Uint8Array(start + footer.length + TRAILER_BYTES);
  hinted.set(file.subarray(0, start));
  hinted.set(footer, start);
  hinted.set(file.subarray(end), start + footer.length);
  new DataView(hinted.buffer).setUint32(start + footer.length, footer.length, true);
  return hinted;
}

function footerStart(file: Uint8Array): number {
  const end = file.length - TRAILER_BYTES;
  return end - new DataView(file.buffer, file.byteOffset).getUint32(end, true);
}

/** Adds to the key-value metadata of a footer, a struct in Thrift's compact protocol. */
function withKeyValue(footer: Uint8Array, key: string, value: string): Uint8Array {
  const reader = new CompactReader(footer);
  let id = 0;
  for (;;) {
    const header = footer[reader.at]!;
    const next = id + (header >> 4);
    if ((header & 15) === TYPE.stop || header >> 4 === 0 || next > ROW_GROUPS) break;
    reader.at++;
    reader.skip(header & 15);
    id = next;
  }
  const before = footer.subarray(0, reader.at);
  const header = footer[reader.at]!;
  const entry = [...text(key), ...text(value), TYPE.stop];
  const field = (KEY_VALUES - id) << 4 | TYPE.list;
  if (header >> 4 === KEY_VALUES - id) {
    reader.at++;
    const count = reader.listHeader().count;
    const rest = footer.subarray(reader.at);
    return joined(before, [field, TYPE.struct | 0xf0, ...varint(count + 1), ...entry], rest);
  }
  // The field behind counts from the one before it, which is this one now.
  const behind = header >> 4 === 0 ? header : header - ((KEY_VALUES - id) << 4);
  const rest = footer.subarray(reader.at + 1);
  return joined(before, [field, TYPE.struct | 0x10, ...entry, behind], rest);
}

/** A string field that follows the one before it. */
function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [1 << 4 | TYPE.binary, ...varint(bytes.length), ...bytes];
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [value & 127 | 128, ...varint(value >>> 7)];
}

function joined(before: Uint8Array, middle: readonly number[], rest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(before.length + middle.length + rest.length);
  bytes.set(before);
  bytes.set(middle, before.length);
  bytes.set(rest, before.length + middle.length);
  return bytes;
}

/** Goes over values of Thrift's compact protocol. */
class CompactReader {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  listHeader(): { count: number; type: number } {
    const header = this.#bytes[this.at++]!;
    return { count: header >> 4 === 15 ? this.#varint() : header >> 4, type: header & 15 };
  }

  skip(type: number): void {
    if (type === TYPE.true || type === TYPE.false) return;
    if (type === TYPE.byte) this.at++;
    else if (type === TYPE.double) this.at += 8;
    else if (type === TYPE.binary) this.#skipBinary();
    else if (type === TYPE.list || type === TYPE.set) this.#skipList();
    else if (type === TYPE.struct) this.#skipStruct();
    else if (type < TYPE.double) this.#varint();
    else throw new RangeError(`Thrift type ${type} in a Parquet footer`);
  }

  #skipBinary(): void {
    const length = this.#varint();
    this.at += length;
  }

  #skipList(): void {
    const { count, type } = this.listHeader();
    for (let i = 0; i < count; i++) {
      if (type === TYPE.true || type === TYPE.false) this.at++;
      else this.skip(type);
    }
  }

  #skipStruct(): void {
    for (;;) {
      const header = this.#bytes[this.at++]!;
      if (header === TYPE.stop) return;
      if (header >> 4 === 0) this.#varint();
      this.skip(header & 15);
    }
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1;; scale *= 128) {
      const byte = this.#bytes[this.at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
}
