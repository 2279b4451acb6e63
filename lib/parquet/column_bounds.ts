import { type DataType, Decimal } from "../core/mod.ts";
import type { TimeUnit } from "./logical_type.ts";
import type { ParquetColumn } from "./parquet_schema.ts";
import type { ThriftStruct } from "./thrift_struct.ts";

/** A value as rows hold it. */
export type BoundValue = bigint | number | string | boolean | Decimal | Uint8Array;

/** What is known of the values of a column in a row group. */
export interface ColumnBounds {
  /** No value is less. */
  readonly min?: BoundValue;
  /** No value is greater. */
  readonly max?: BoundValue;
  /** How many values are null, or missing as what they are in is null; absent if not told. */
  readonly nullCount?: number;
}

/** Ids of `Statistics`' fields, parquet.thrift. */
const STATISTICS = { max: 1, min: 2, nullCount: 3, maxValue: 5, minValue: 6 } as const;

/** Bytes of a value, where each has as many. */
const VALUE_BYTES: Readonly<Partial<Record<ParquetColumn["physicalType"], number>>> = {
  BOOLEAN: 1,
  INT32: 4,
  INT64: 8,
  FLOAT: 4,
  DOUBLE: 8,
};

const MAX_DECIMAL_BYTES = 16;
const NANOS_PER_MICRO = 1_000n;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The bounds that a row group's statistics tell, left out where they are not sound. `isOrdered` says
 * that the footer tells the order that `min_value` and `max_value` go by; without it they mean nothing.
 *
 * See "Statistics" and "ColumnOrder" in parquet.thrift.
 */
export function columnBounds(
  column: ParquetColumn,
  statistics: ThriftStruct,
  isOrdered: boolean,
): ColumnBounds {
  const nullCount = statistics.integer(STATISTICS.nullCount);
  const { min, max } = soundBounds(column, statistics, isOrdered);
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(nullCount === undefined || nullCount < 0 ? {} : { nullCount }),
  };
}

function soundBounds(
  column: ParquetColumn,
  statistics: ThriftStruct,
  isOrdered: boolean,
): Omit<ColumnBounds, "nullCount"> {
  const { type } = column;
  if (type === undefined || column.physicalType === "INT96") return {};
  const isNew = isOrdered &&
    (statistics.fields.has(STATISTICS.minValue) || statistics.fields.has(STATISTICS.maxValue));
  if (!isNew && !isSigned(column)) return {};
  const bound = (id: number) => {
    const bytes = statistics.bytes(id);
    return bytes === undefined ? undefined : valueOf(column, type, bytes);
  };
  let min = bound(isNew ? STATISTICS.minValue : STATISTICS.min);
  let max = bound(isNew ? STATISTICS.maxValue : STATISTICS.max);
  // Which zero a writer puts there is its own choice, and NaN is no bound of anything.
  if (Number.isNaN(min) || Number.isNaN(max)) return {};
  if (type === "float" || type === "double") {
    if (min === 0) min = -0;
    if (max === 0) max = 0;
  }
  return { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
}

/** True if values sort as signed numbers: what the old `min` and `max` went by, whatever the type. */
function isSigned({ physicalType, logicalType }: ParquetColumn): boolean {
  if (logicalType?.kind === "integer") return logicalType.isSigned;
  return physicalType in VALUE_BYTES;
}

function valueOf(column: ParquetColumn, type: DataType, bytes: Uint8Array): BoundValue | undefined {
  const { physicalType, logicalType } = column;
  const size = VALUE_BYTES[physicalType];
  if (size !== undefined && bytes.length !== size) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isUnsigned = logicalType?.kind === "integer" && !logicalType.isSigned;
  switch (physicalType) {
    case "BOOLEAN":
      return bytes[0] !== 0;
    case "FLOAT":
      return view.getFloat32(0, true);
    case "DOUBLE":
      return view.getFloat64(0, true);
    case "INT32": {
      const value = isUnsigned ? view.getUint32(0, true) : view.getInt32(0, true);
      return isDecimal(type) || type === "long" ? ofInteger(type, BigInt(value)) : value;
    }
    case "INT64": {
      const value = view.getBigInt64(0, true);
      return ofInteger(
        type,
        logicalType?.kind === "timestamp" ? micros(value, logicalType.unit) : value,
      );
    }
    default:
      return isDecimal(type) ? bigEndianDecimal(bytes, type.scale) : ofBytes(type, bytes);
  }
}

function isDecimal(type: DataType): type is Extract<DataType, { type: "decimal" }> {
  return typeof type === "object" && type.type === "decimal";
}

function ofInteger(type: DataType, value: bigint): bigint | Decimal {
  return isDecimal(type) ? new Decimal(value, type.scale) : value;
}

/** As rows get them: what is finer than a microsecond is cut off, downwards. */
function micros(value: bigint, unit: TimeUnit): bigint {
  if (unit === "millis") return value * 1_000n;
  if (unit === "micros") return value;
  const quotient = value / NANOS_PER_MICRO;
  return quotient * NANOS_PER_MICRO > value ? quotient - 1n : quotient;
}

function bigEndianDecimal(bytes: Uint8Array, scale: number): Decimal | undefined {
  if (bytes.length === 0 || bytes.length > MAX_DECIMAL_BYTES) return undefined;
  const unsigned = BigInt(`0x${bytes.toHex()}`);
  return new Decimal(BigInt.asIntN(bytes.length * 8, unsigned), scale);
}

/** A bound may be cut in the middle of a character; it is none that text can be compared with then. */
function ofBytes(type: DataType, bytes: Uint8Array): string | Uint8Array | undefined {
  if (type === "binary") return bytes.slice();
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
