import {
  type DataType,
  Decimal,
  type DecimalType,
  describeValue,
  type EpochUnit,
  MAX_TIMESTAMP_MICROS,
  MIN_TIMESTAMP_MICROS,
  parseDateDays,
  parseTimestampMicros,
  type StructType,
  typeName,
} from "../../core/mod.ts";
import { JsonNumber, type JsonObject, type JsonValue } from "./parse_json.ts";

/** Why a JSON value is no value of a type, and where in the value. */
export class Mismatch {
  /** What follows the name of the field: `: found "abc", wanted long`. */
  readonly problem: string;
  /** The place within the field: `[2].price`; empty for the field itself. */
  readonly path: string;

  /** Describes a problem at a place. */
  constructor(problem: string, path = "") {
    this.problem = problem;
    this.path = path;
  }
}

const MICROS_PER_UNIT: Record<EpochUnit, bigint> = { s: 1_000_000n, ms: 1000n, us: 1n };

const INTEGER_BOUNDS = {
  byte: [-(2n ** 7n), 2n ** 7n - 1n],
  short: [-(2n ** 15n), 2n ** 15n - 1n],
  integer: [-(2n ** 31n), 2n ** 31n - 1n],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
} as const;

/** No number that fits is longer, and longer ones are not worth the time to read them. */
const MAX_NUMBER_LENGTH = 1000;

/**
 * What a row holds for a JSON value, or why it cannot. Integers are written without point and
 * exponent; decimals are numbers or text; nothing is rounded but float and double.
 */
export function convertValue(
  value: JsonValue,
  type: DataType,
  epochUnit?: EpochUnit,
): unknown {
  if (typeof type === "object") {
    switch (type.type) {
      case "decimal":
        return toDecimal(value, type);
      case "struct":
        return isObject(value) ? toStruct(value, type) : mismatch(value, type);
      case "array":
        return Array.isArray(value)
          ? toArray(value, type.elementType, type.containsNull)
          : mismatch(value, type);
      case "map":
        return isObject(value)
          ? toMap(value, type.keyType, type.valueType, type.valueContainsNull)
          : mismatch(value, type);
    }
  }
  switch (type) {
    case "string":
      return typeof value !== "string"
        ? mismatch(value, type)
        : value.isWellFormed()
        ? value
        : mismatch(value, "string (without half of a surrogate pair)");
    case "boolean":
      return typeof value === "boolean" ? value : mismatch(value, type);
    case "byte":
    case "short":
    case "integer": {
      const integer = toInteger(value, type, INTEGER_BOUNDS[type]);
      return typeof integer === "bigint" ? Number(integer) : integer;
    }
    case "long":
      return toInteger(value, type, INTEGER_BOUNDS.long);
    case "float":
    case "double":
      return toFloat(value, type);
    case "date":
      return (typeof value === "string" ? parseDateDays(value) : undefined) ??
        mismatch(value, "date (YYYY-MM-DD)");
    case "timestamp":
    case "timestamp_ntz":
      return epochUnit === undefined
        ? toTimestamp(value, type)
        : toEpochTimestamp(value, type, epochUnit);
    case "binary":
      return (typeof value === "string" ? fromBase64(value) : undefined) ??
        mismatch(value, "binary (base64 text)");
  }
}

/** The problem of a field that has no value though its type asks for one. */
export function missing(value: null | undefined, type: DataType): Mismatch {
  return value === undefined ? new Mismatch(" is missing") : mismatch(value, type);
}

/** The field of an object, not what it inherits. */
export function ownField(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** True for a JSON object. */
export function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof JsonNumber);
}

/** A JSON value for a message, cut short. */
export function describeJson(value: JsonValue): string {
  if (value instanceof JsonNumber) {
    return value.text.length > 60 ? `${value.text.slice(0, 60)}…` : value.text;
  }
  return typeof value === "boolean" ? String(value) : describeValue(value);
}

function toInteger(
  value: JsonValue,
  type: DataType | string,
  [min, max]: readonly [bigint, bigint],
): bigint | Mismatch {
  if (!(value instanceof JsonNumber) || !/^-?\d+$/.test(value.text)) return mismatch(value, type);
  if (value.text.length > 20) return overflow(value, type);
  const integer = BigInt(value.text);
  return integer < min || integer > max ? overflow(value, type) : integer;
}

function toFloat(value: JsonValue, type: "float" | "double"): number | Mismatch {
  if (!(value instanceof JsonNumber)) return mismatch(value, type);
  const number = type === "float" ? Math.fround(Number(value.text)) : Number(value.text);
  return Number.isFinite(number) ? number : overflow(value, type);
}

function toDecimal(value: JsonValue, type: DecimalType): Decimal | Mismatch {
  const text = value instanceof JsonNumber ? value.text : value;
  if (typeof text !== "string") return mismatch(value, type);
  if (text.length > MAX_NUMBER_LENGTH) return overflow(value, type);
  const decimal = Decimal.tryParse(text);
  // Every JSON number is a decimal, but for an exponent out of all reach.
  if (decimal === undefined) {
    return value instanceof JsonNumber ? overflow(value, type) : mismatch(value, type);
  }
  const rescaled = decimal.rescaled(type.scale);
  if (rescaled === undefined) return tooManyDecimals(value, type);
  const limit = 10n ** BigInt(type.precision);
  return rescaled.unscaled >= limit || rescaled.unscaled <= -limit
    ? overflow(value, type)
    : rescaled;
}

function toTimestamp(value: JsonValue, type: "timestamp" | "timestamp_ntz"): bigint | Mismatch {
  const withZone = type === "timestamp";
  const micros = typeof value === "string"
    ? parseTimestampMicros(value, withZone ? "required" : "forbidden")
    : undefined;
  return micros ??
    mismatch(value, `${type} (ISO 8601 text ${withZone ? "with" : "without"} a zone)`);
}

function toEpochTimestamp(value: JsonValue, type: string, unit: EpochUnit): bigint | Mismatch {
  const perUnit = MICROS_PER_UNIT[unit];
  const wanted = `${type} (an integer of ${unit} since 1970)`;
  const integer = toInteger(value, wanted, [
    -(-MIN_TIMESTAMP_MICROS / perUnit),
    MAX_TIMESTAMP_MICROS / perUnit,
  ]);
  return typeof integer === "bigint" ? integer * perUnit : integer;
}

function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}

function toStruct(object: JsonObject, type: StructType): Record<string, unknown> | Mismatch {
  const struct: Record<string, unknown> = {};
  for (const field of type.fields) {
    const value = ownField(object, field.sourceName) ?? null;
    const converted = value !== null
      ? convertValue(value, field.type, field.epochUnit)
      : field.nullable
      ? null
      : missing(ownField(object, field.sourceName) as null | undefined, field.type);
    if (converted instanceof Mismatch) return within(`.${field.sourceName}`, converted);
    struct[field.name] = converted;
  }
  return struct;
}

function toArray(array: JsonValue[], type: DataType, nullable: boolean): unknown[] | Mismatch {
  const converted: unknown[] = [];
  for (let i = 0; i < array.length; i++) {
    const element = toElement(array[i]!, type, nullable);
    if (element instanceof Mismatch) return within(`[${i}]`, element);
    converted.push(element);
  }
  return converted;
}

function toMap(
  object: JsonObject,
  keyType: DataType,
  valueType: DataType,
  nullable: boolean,
): Map<unknown, unknown> | Mismatch {
  const map = new Map<unknown, unknown>();
  for (const [name, value] of Object.entries(object)) {
    const key = convertValue(keyValue(name, keyType), keyType);
    const converted = key instanceof Mismatch ? key : toElement(value, valueType, nullable);
    if (converted instanceof Mismatch) return within(`[${describeValue(name)}]`, converted);
    map.set(key, converted);
  }
  return map;
}

function toElement(value: JsonValue, type: DataType, nullable: boolean): unknown {
  if (value !== null) return convertValue(value, type);
  return nullable ? null : missing(value, type);
}

// Names of JSON fields are text, whatever the keys of the map are.
function keyValue(name: string, type: DataType): JsonValue {
  if (type === "boolean" && (name === "true" || name === "false")) return name === "true";
  const isNumber = typeof type === "object" ||
    ["byte", "short", "integer", "long", "float", "double"].includes(type);
  return isNumber && /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(name)
    ? new JsonNumber(name)
    : name;
}

function within(step: string, inner: Mismatch): Mismatch {
  return new Mismatch(inner.problem, step + inner.path);
}

function mismatch(value: JsonValue, wanted: DataType | string): Mismatch {
  return new Mismatch(`: found ${describeJson(value)}, wanted ${nameOf(wanted)}`);
}

function overflow(value: JsonValue, wanted: DataType | string): Mismatch {
  return new Mismatch(`: overflow: found ${describeJson(value)}, wanted ${nameOf(wanted)}`);
}

function tooManyDecimals(value: JsonValue, wanted: DecimalType): Mismatch {
  const { scale } = wanted;
  const problem = scale === 1 ? "more than 1 decimal" : `more than ${scale} decimals`;
  return new Mismatch(`: ${problem}: found ${describeJson(value)}, wanted ${nameOf(wanted)}`);
}

function nameOf(wanted: DataType | string): string {
  return typeof wanted === "string" ? wanted : typeName(wanted);
}
