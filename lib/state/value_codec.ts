import type {
  ArrayType,
  BooleanColumn,
  BytesColumn,
  Column,
  DataType,
  Decimal128Column,
  Int64Column,
  ListColumn,
  MapColumn,
  MapType,
  NumberColumn,
  StructColumn,
} from "../core/mod.ts";
import type { ByteReader } from "./byte_reader.ts";
import type { ByteWriter } from "./byte_writer.ts";
import { compareBytes } from "./compare_bytes.ts";

/** The upper half of a number is stored with this bit turned: then bytes sort as the numbers do. */
const SIGN = -0x80000000;
const SIGN_64 = 1n << 63n;

/** Writes the values of a row; the columns are of the types that it was made for. */
export type FieldsWriter = (out: ByteWriter, columns: readonly Column[], row: number) => void;
/** Reads the values of a row and appends them to columns of those types. */
export type FieldsReader = (from: ByteReader, columns: readonly Column[]) => void;
type ValueWriter = (out: ByteWriter, column: Column, row: number) => void;
type ValueReader = (from: ByteReader, column: Column) => void;

/**
 * Makes the function that writes values: a bit for each that says whether it is null, and those
 * that are not. Every value says itself where it ends, so no row's bytes begin with another's.
 * `canonical` values have the same bytes if they are equal for Spark: NaN is written in one way,
 * -0.0 as 0.0, and the pairs of a map in one order.
 */
export function fieldsWriter(types: readonly DataType[], canonical: boolean): FieldsWriter {
  const writers = types.map((type) => valueWriter(type, canonical));
  const bitmapBytes = (types.length + 7) >> 3;
  return (out, columns, row) => {
    const nulls = out.zeros(bitmapBytes);
    for (let i = 0; i < writers.length; i++) {
      const column = columns[i]!;
      if (column.isNull(row)) out.setBit(nulls, i);
      else writers[i]!(out, column, row);
    }
  };
}

/** Makes the function that reads what `fieldsWriter` wrote. */
export function fieldsReader(types: readonly DataType[]): FieldsReader {
  const readers = types.map(valueReader);
  const bitmapBytes = (types.length + 7) >> 3;
  return (from, columns) => {
    const nulls = from.skip(bitmapBytes);
    for (let i = 0; i < readers.length; i++) {
      const column = columns[i]!;
      if (from.hasBit(nulls, i)) column.appendNull();
      else readers[i]!(from, column);
    }
  };
}

function valueWriter(type: DataType, canonical: boolean): ValueWriter {
  if (typeof type === "object") {
    switch (type.type) {
      case "decimal":
        return type.precision <= 18 ? writeInt64 : writeDecimal128;
      case "struct": {
        const write = fieldsWriter(type.fields.map((field) => field.type), canonical);
        return (out, column, row) => write(out, (column as StructColumn).children, row);
      }
      case "array":
        return listWriter(type, canonical);
      case "map":
        return mapWriter(type, canonical);
    }
  }
  switch (type) {
    case "string":
    case "binary":
      return writeBytes;
    case "boolean":
      return (out, column, row) => out.byte((column as BooleanColumn).values[row]!);
    case "byte":
      return (out, column, row) => out.byte((column as NumberColumn).values[row]! ^ 0x80);
    case "short":
      return (out, column, row) => out.int16((column as NumberColumn).values[row]! ^ 0x8000);
    case "integer":
    case "date":
      return (out, column, row) => out.int32((column as NumberColumn).values[row]! ^ SIGN);
    case "long":
    case "timestamp":
    case "timestamp_ntz":
      return writeInt64;
    case "float":
      return (out, column, row) => out.float32(floatAt(column, row, canonical));
    case "double":
      return (out, column, row) => out.float64(floatAt(column, row, canonical));
  }
}

function valueReader(type: DataType): ValueReader {
  if (typeof type === "object") {
    switch (type.type) {
      case "decimal":
        return type.precision <= 18 ? readInt64 : readDecimal128;
      case "struct": {
        const read = fieldsReader(type.fields.map((field) => field.type));
        return (from, column) => {
          read(from, (column as StructColumn).children);
          (column as StructColumn).appendRow();
        };
      }
      case "array":
        return listReader(type);
      case "map":
        return mapReader(type);
    }
  }
  switch (type) {
    case "string":
    case "binary":
      return readBytes;
    case "boolean":
      return (from, column) => (column as BooleanColumn).appendBoolean(from.byte() === 1);
    case "byte":
      return (from, column) => (column as NumberColumn).appendNumber(from.byte() - 0x80);
    case "short":
      return (from, column) => (column as NumberColumn).appendNumber(from.uint16() - 0x8000);
    case "integer":
    case "date":
      return (from, column) => (column as NumberColumn).appendNumber(from.int32() ^ SIGN);
    case "long":
    case "timestamp":
    case "timestamp_ntz":
      return readInt64;
    case "float":
      return (from, column) => (column as NumberColumn).appendNumber(from.float32());
    case "double":
      return (from, column) => (column as NumberColumn).appendNumber(from.float64());
  }
}

function floatAt(column: Column, row: number, canonical: boolean): number {
  const value = (column as NumberColumn).values[row]!;
  if (!canonical) return value;
  // -0 + 0 is 0; and a NaN may have come with any bits.
  return Number.isNaN(value) ? NaN : value + 0;
}

function writeInt64(out: ByteWriter, column: Column, row: number): void {
  const { words } = column as Int64Column;
  out.int32(words[row * 2 + 1]! ^ SIGN);
  out.int32(words[row * 2]!);
}

function readInt64(from: ByteReader, column: Column): void {
  const high = from.int32() ^ SIGN;
  (column as Int64Column).appendWords(from.int32(), high);
}

function writeDecimal128(out: ByteWriter, column: Column, row: number): void {
  const { values } = column as Decimal128Column;
  out.int64(values[row * 2 + 1]! ^ SIGN_64);
  out.int64(values[row * 2]!);
}

function readDecimal128(from: ByteReader, column: Column): void {
  const high = BigInt.asIntN(64, from.int64() ^ SIGN_64);
  const unscaled = (high << 64n) | BigInt.asUintN(64, from.int64());
  if (!(column as Decimal128Column).tryAppendBigInt(unscaled)) {
    throw new RangeError("a decimal has too many digits");
  }
}

function writeBytes(out: ByteWriter, column: Column, row: number): void {
  const { data, offsets } = column as BytesColumn;
  const start = offsets[row]!;
  const end = offsets[row + 1]!;
  out.count(end - start);
  out.range(data, start, end);
}

function readBytes(from: ByteReader, column: Column): void {
  const start = from.skip(from.count());
  (column as BytesColumn).appendBytes(from.bytes, start, from.at);
}

function listWriter(type: ArrayType, canonical: boolean): ValueWriter {
  const write = valueWriter(type.elementType, canonical);
  return (out, column, row) => {
    const { elements, offsets } = column as ListColumn;
    writeRun(out, write, elements, offsets[row]!, offsets[row + 1]!);
  };
}

function listReader(type: ArrayType): ValueReader {
  const read = valueReader(type.elementType);
  return (from, column) => {
    readRun(from, read, (column as ListColumn).elements);
    (column as ListColumn).appendRow();
  };
}

function mapWriter(type: MapType, canonical: boolean): ValueWriter {
  const writeKey = valueWriter(type.keyType, canonical);
  const writeValue = valueWriter(type.valueType, canonical);
  return (out, column, row) => {
    const { keys, values, offsets } = column as MapColumn;
    const start = offsets[row]!;
    const end = offsets[row + 1]!;
    const order = canonical ? sortedByBytes(out, writeKey, keys, start, end) : undefined;
    writeRun(out, writeKey, keys, start, end, order);
    writeRun(out, writeValue, values, start, end, order);
  };
}

function mapReader(type: MapType): ValueReader {
  const readKey = valueReader(type.keyType);
  const readValue = valueReader(type.valueType);
  return (from, column) => {
    readRun(from, readKey, (column as MapColumn).keys);
    readRun(from, readValue, (column as MapColumn).values);
    (column as MapColumn).appendRow();
  };
}

/** Writes the values of `[start, end)`, in the order given if there is one: their count, bits for nulls, values. */
function writeRun(
  out: ByteWriter,
  write: ValueWriter,
  column: Column,
  start: number,
  end: number,
  order?: readonly number[],
): void {
  const count = end - start;
  out.count(count);
  const nulls = out.zeros((count + 7) >> 3);
  for (let i = 0; i < count; i++) {
    const row = order === undefined ? start + i : order[i]!;
    if (column.isNull(row)) out.setBit(nulls, i);
    else write(out, column, row);
  }
}

function readRun(from: ByteReader, read: ValueReader, column: Column): void {
  const count = from.count();
  const nulls = from.skip((count + 7) >> 3);
  for (let i = 0; i < count; i++) {
    if (from.hasBit(nulls, i)) column.appendNull();
    else read(from, column);
  }
}

/** The rows of `[start, end)` in the order of their bytes. The writer is left as it was. */
function sortedByBytes(
  out: ByteWriter,
  write: ValueWriter,
  column: Column,
  start: number,
  end: number,
): readonly number[] {
  const before = out.length;
  const entries: { readonly row: number; readonly bytes: Uint8Array }[] = [];
  for (let row = start; row < end; row++) {
    write(out, column, row);
    entries.push({ row, bytes: out.since(before).slice() });
    out.truncate(before);
  }
  return entries.sort((a, b) => compareBytes(a.bytes, b.bytes)).map(({ row }) => row);
}
