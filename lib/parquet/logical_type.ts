import { decodeError } from "./decode_error.ts";
import type { ThriftStruct } from "./thrift_struct.ts";

/** The unit of a time or timestamp. */
export type TimeUnit = "millis" | "micros" | "nanos";

/** What the values of a column mean. See Parquet's "Logical Types". */
export type LogicalType =
  | {
    readonly kind:
      | "string"
      | "map"
      | "list"
      | "enum"
      | "date"
      | "unknown"
      | "json"
      | "bson"
      | "uuid"
      | "float16"
      | "variant"
      | "geometry"
      | "geography"
      | "interval";
  }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | {
    readonly kind: "time" | "timestamp";
    readonly unit: TimeUnit;
    /** True for a point in time, false for a clock on a wall somewhere. */
    readonly isAdjustedToUtc: boolean;
  }
  | { readonly kind: "integer"; readonly bits: number; readonly isSigned: boolean };

/** Ids of `SchemaElement`'s fields, parquet.thrift. */
const ELEMENT = { convertedType: 6, scale: 7, precision: 8, logicalType: 10 } as const;

/** The members of the union `LogicalType` that say all by being there, by id. */
const SIMPLE_KINDS = {
  1: "string",
  2: "map",
  3: "list",
  4: "enum",
  6: "date",
  11: "unknown",
  12: "json",
  13: "bson",
  14: "uuid",
  15: "float16",
  16: "variant",
  17: "geometry",
  18: "geography",
} as const;
const DECIMAL = 5;
const TIME = 7;
const TIMESTAMP = 8;
const INTEGER = 10;
const UNITS = { 1: "millis", 2: "micros", 3: "nanos" } as const;

/** What old writers say instead, by the value of `ConvertedType`; decimals are apart. */
const CONVERTED: readonly (LogicalType | undefined)[] = [
  { kind: "string" },
  { kind: "map" },
  { kind: "map" },
  { kind: "list" },
  { kind: "enum" },
  undefined,
  { kind: "date" },
  { kind: "time", unit: "millis", isAdjustedToUtc: true },
  { kind: "time", unit: "micros", isAdjustedToUtc: true },
  { kind: "timestamp", unit: "millis", isAdjustedToUtc: true },
  { kind: "timestamp", unit: "micros", isAdjustedToUtc: true },
  ...[false, true].flatMap((isSigned) =>
    [8, 16, 32, 64].map((bits): LogicalType => ({ kind: "integer", bits, isSigned }))
  ),
  { kind: "json" },
  { kind: "bson" },
  { kind: "interval" },
];
const CONVERTED_DECIMAL = 5;

/**
 * What an element of a file's schema says of its values; `undefined` if nothing, or nothing known.
 *
 * @throws {SluiceError} `PARQUET_DECODE` if a decimal has no sound precision and scale.
 */
export function readLogicalType(element: ThriftStruct): LogicalType | undefined {
  const union = element.struct(ELEMENT.logicalType);
  const logicalType = union === undefined ? undefined : ofUnion(union);
  if (logicalType !== undefined) return logicalType;
  const converted = element.integer(ELEMENT.convertedType);
  if (converted === undefined) return undefined;
  if (converted !== CONVERTED_DECIMAL) return CONVERTED[converted];
  return decimal(element.integer(ELEMENT.precision), element.integer(ELEMENT.scale));
}

function ofUnion(union: ThriftStruct): LogicalType | undefined {
  for (const [id, kind] of Object.entries(SIMPLE_KINDS)) {
    if (union.fields.has(Number(id))) return { kind };
  }
  const decimalType = union.struct(DECIMAL);
  if (decimalType !== undefined) return decimal(decimalType.integer(2), decimalType.integer(1));
  const integer = union.struct(INTEGER);
  if (integer !== undefined) {
    return { kind: "integer", bits: integer.count(1), isSigned: integer.boolean(2) ?? true };
  }
  return time(union, TIME, "time") ?? time(union, TIMESTAMP, "timestamp");
}

function time(union: ThriftStruct, id: number, kind: "time" | "timestamp") {
  const type = union.struct(id);
  if (type === undefined) return undefined;
  const unitId = [...type.struct(2)?.fields.keys() ?? []][0];
  const unit = UNITS[unitId as keyof typeof UNITS];
  if (unit === undefined) throw decodeError(`a ${kind} in unit ${unitId}`, "1, 2 or 3");
  return { kind, unit, isAdjustedToUtc: type.boolean(1) ?? false };
}

function decimal(precision = 0, scale = 0): LogicalType {
  if (precision < 1 || scale < 0 || scale > precision) {
    throw decodeError(`a decimal of ${precision} digits, ${scale} behind the point`);
  }
  return { kind: "decimal", precision, scale };
}
