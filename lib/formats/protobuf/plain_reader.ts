import type { Enum } from "protobufjs";
import { type DataType, Decimal, type EpochUnit } from "../../core/mod.ts";
import { Unreadable } from "../unreadable.ts";
import { converted, type ValueReader } from "./value_reader.ts";
import { WIRE, type WireInput } from "./wire_input.ts";

/** What a value without parts shall become. */
export interface PlainTarget {
  /** The type of the column. */
  readonly type: DataType;
  /** The unit of a timestamp that is a number in the records. */
  readonly unit?: EpochUnit | undefined;
}

/** A type without parts. */
interface PlainType {
  /** The column that holds all its values. */
  readonly column: DataType;
  /** What reads them for another column; `undefined` if the two do not fit. */
  readerFor(target: PlainTarget): ValueReader | undefined;
}

const UINT64: DataType = { type: "decimal", precision: 20, scale: 0 };

const MICROS_PER_UNIT: Readonly<Record<EpochUnit, bigint>> = { s: 1_000_000n, ms: 1000n, us: 1n };

const PLAIN_TYPES: Readonly<Record<string, PlainType>> = {
  bool: as(["boolean"], plain(WIRE.varint, false, (input) => input.readBoolean())),
  float: as(["float", "double"], plain(WIRE.fixed32, 0, (input) => input.readFloat())),
  double: as(["double"], plain(WIRE.fixed64, 0, (input) => input.readDouble())),
  string: as(["string"], plain(WIRE.bytes, "", (input) => input.readText())),
  bytes: as(["binary"], plain(WIRE.bytes, new Uint8Array(), (input) => input.readBytes())),
  int32: whole32("integer", plain(WIRE.varint, 0, (input) => input.readInt32())),
  sint32: whole32("integer", plain(WIRE.varint, 0, (input) => input.readSint32())),
  sfixed32: whole32("integer", plain(WIRE.fixed32, 0, (input) => input.readSfixed32())),
  uint32: whole32("long", plain(WIRE.varint, 0, (input) => input.readUint32())),
  fixed32: whole32("long", plain(WIRE.fixed32, 0, (input) => input.readFixed32())),
  int64: whole64("long", plain(WIRE.varint, 0n, (input) => input.readInt64())),
  sint64: whole64("long", plain(WIRE.varint, 0n, (input) => input.readSint64())),
  sfixed64: whole64("long", plain(WIRE.fixed64, 0n, (input) => input.readSfixed64())),
  uint64: whole64(UINT64, plain(WIRE.varint, 0n, (input) => input.readUint64())),
  fixed64: whole64(UINT64, plain(WIRE.fixed64, 0n, (input) => input.readFixed64())),
};

/** The column that holds all values of a type: `int64` to long. */
export function plainColumn(type: string): DataType | undefined {
  return PLAIN_TYPES[type]?.column;
}

/** What reads values of a type into a column; `undefined` if the two do not fit. */
export function plainReader(type: string, target: PlainTarget): ValueReader | undefined {
  return PLAIN_TYPES[type]?.readerFor(target);
}

/** What reads the numbers of an enum as their names; of two names of a number the first counts. */
export function enumReader({ name, values }: Enum): ValueReader<number> {
  const entries = Object.entries(values);
  const names = new Map(entries.toReversed().map(([symbol, number]) => [number, symbol]));
  const numbers = plain(WIRE.varint, entries[0]?.[1] ?? 0, (input) => input.readInt32());
  return converted(numbers, (number) => {
    const symbol = names.get(number);
    if (symbol !== undefined) return symbol;
    throw new Unreadable(`found ${number}, which enum ${name} has no name for`);
  });
}

function plain<Read>(
  wireType: number,
  zero: Read,
  read: (input: WireInput) => Read,
): ValueReader<Read> {
  return { wireType, zero, read, finish: (value) => value };
}

function as(columns: readonly [DataType, ...DataType[]], reader: ValueReader): PlainType {
  return {
    column: columns[0],
    readerFor: ({ type }) => columns.includes(type) ? reader : undefined,
  };
}

function whole32(column: DataType, reader: ValueReader<number>): PlainType {
  const readerFor = ({ type }: PlainTarget) => {
    if (typeof type === "object") {
      return type.type === "decimal"
        ? converted(reader, (value) => new Decimal(BigInt(value), 0))
        : undefined;
    }
    if (type === "long") return converted(reader, BigInt);
    // Whether a number is too large for the column is seen when it is stored.
    return ["byte", "short", "integer", "double"].includes(type) ? reader : undefined;
  };
  return { column, readerFor };
}

function whole64(column: DataType, reader: ValueReader<bigint>): PlainType {
  const readerFor = ({ type, unit }: PlainTarget) => {
    if (typeof type === "object") {
      return type.type === "decimal"
        ? converted(reader, (value) => new Decimal(value, 0))
        : undefined;
    }
    if (type === "long") return reader;
    if (unit === undefined || (type !== "timestamp" && type !== "timestamp_ntz")) return undefined;
    return converted(reader, (value) => value * MICROS_PER_UNIT[unit]);
  };
  return { column, readerFor };
}
