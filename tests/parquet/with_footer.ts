import { readThrift } from "../../lib/parquet/thrift_reader.ts";
import type { ThriftStruct } from "../../lib/parquet/thrift_struct.ts";
import { writeThrift } from "../../lib/parquet/thrift_writer.ts";

const TRAILER_BYTES = 8;

/** A copy of a Parquet file whose footer says something else. */
export function withFooter(
  file: Uint8Array,
  change: (footer: ThriftStruct) => ThriftStruct,
): Uint8Array {
  const [start, end] = footerRange(file);
  const footer = writeThrift(change(readThrift(file.subarray(start, end))));
  return fileOf(file.subarray(0, start), footer);
}

/** Where the footer of a Parquet file is. */
export function footerRange(file: Uint8Array): [start: number, end: number] {
  const end = file.length - TRAILER_BYTES;
  return [end - new DataView(file.buffer, file.byteOffset).getUint32(end, true), end];
}

/** A Parquet file of the bytes before its footer and those of the footer. */
export function fileOf(start: ArrayLike<number>, footer: ArrayLike<number>): Uint8Array {
  const file = new Uint8Array(start.length + footer.length + TRAILER_BYTES);
  file.set(start);
  file.set(footer, start.length);
  new DataView(file.buffer).setUint32(start.length + footer.length, footer.length, true);
  file.set(new TextEncoder().encode("PAR1"), file.length - 4);
  return file;
}
