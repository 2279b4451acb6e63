import {
  type DataType,
  type DecimalType,
  type EpochUnit,
  MAX_DATE_DAYS,
  MIN_DATE_DAYS,
} from "../../core/mod.ts";
import type { AvroType } from "./avro_type.ts";
import { DecimalReader } from "./decimal_reader.ts";
import { TimeReader } from "./time_reader.ts";
import { isLocalTime, logicalOf, timeUnit } from "./time_unit.ts";
import {
  BooleanReader,
  BytesReader,
  DoubleReader,
  EnumReader,
  FixedReader,
  FloatReader,
  IntegerToFloatReader,
  IntReader,
  LongReader,
  StringReader,
  UuidReader,
  type ValueReader,
} from "./value_reader.ts";

/** What a value without parts shall become. */
export interface PlainTarget {
  /** The type of the column. */
  readonly type: DataType;
  /** The reader's Avro type: tells the logical type where the writer has none. */
  readonly avro?: AvroType | undefined;
  /** The unit of a number that has none of its own. */
  readonly unit?: EpochUnit | undefined;
}

const INT_BOUNDS = {
  byte: [-128, 127],
  short: [-32768, 32767],
  integer: [-2147483648, 2147483647],
  date: [MIN_DATE_DAYS, MAX_DATE_DAYS],
} as const;

/** What reads a value without parts into a column; `undefined` if the two do not fit. */
export function plainReader(writer: AvroType, target: PlainTarget): ValueReader | undefined {
  const { type } = target;
  if (typeof type === "object") {
    return type.type === "decimal" ? decimalReader(writer, type, target) : undefined;
  }
  switch (type) {
    case "boolean":
      return writer.kind === "boolean" ? new BooleanReader() : undefined;
    case "date":
      if (!["date", undefined].includes(logicalOf(writer)?.name)) return undefined;
      return writer.kind === "int" ? new IntReader(INT_BOUNDS.date, type) : undefined;
    case "byte":
    case "short":
    case "integer":
      return writer.kind === "int" ? new IntReader(INT_BOUNDS[type], type) : undefined;
    case "long":
      return writer.kind === "int" || writer.kind === "long" ? new LongReader() : undefined;
    case "float":
    case "double":
      return floatReader(writer, type);
    case "string":
      return textReader(writer);
    case "binary":
      if (writer.kind === "fixed") return new FixedReader(writer.size);
      return writer.kind === "bytes" || writer.kind === "string" ? new BytesReader() : undefined;
    case "timestamp":
    case "timestamp_ntz":
      return writer.kind === "int" || writer.kind === "long"
        ? timeReader(writer, type, target)
        : undefined;
  }
}

function floatReader(writer: AvroType, type: "float" | "double"): ValueReader | undefined {
  switch (writer.kind) {
    case "int":
    case "long":
      return new IntegerToFloatReader();
    case "float":
      return new FloatReader();
    case "double":
      return type === "double" ? new DoubleReader() : undefined;
    default:
      return undefined;
  }
}

function textReader(writer: AvroType): ValueReader | undefined {
  switch (writer.kind) {
    case "enum":
      return new EnumReader(writer.symbols, writer.symbols);
    case "fixed":
      return logicalOf(writer)?.name === "uuid" ? new UuidReader() : undefined;
    case "string":
    case "bytes":
      return logicalOf(writer)?.name === "decimal" ? undefined : new StringReader();
    default:
      return undefined;
  }
}

/** A number without a logical type has the unit that the reader names. */
function timeReader(
  writer: AvroType,
  type: "timestamp" | "timestamp_ntz",
  { avro, unit }: PlainTarget,
): ValueReader | undefined {
  const written = logicalOf(writer);
  const writtenUnit = timeUnit(written);
  if (written !== undefined) {
    const fits = isLocalTime(written) === (type === "timestamp_ntz");
    return writtenUnit !== undefined && fits ? new TimeReader(writtenUnit) : undefined;
  }
  const readerUnit = timeUnit(logicalOf(avro)) ?? unit;
  return readerUnit === undefined ? undefined : new TimeReader(readerUnit);
}

function decimalReader(
  writer: AvroType,
  type: DecimalType,
  { avro }: PlainTarget,
): ValueReader | undefined {
  if (writer.kind !== "bytes" && writer.kind !== "fixed") return undefined;
  const logical = logicalOf(writer) ?? logicalOf(avro);
  if (logical?.name !== "decimal") return undefined;
  return new DecimalReader(type, logical.scale, writer.kind === "fixed" ? writer.size : undefined);
}
