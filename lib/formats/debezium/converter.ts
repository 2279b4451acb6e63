import { type DataType, type PrimitiveType, typeName } from "../../core/mod.ts";
import { convertValue, isObject, JsonNumber, type JsonValue } from "../json/mod.ts";
import { bitsAsInteger, isBits } from "./convert_bits.ts";
import { type Convert, isInteger, type TimeUnit, unfit } from "./convert.ts";
import { decimalAsInteger, decimalConverter, decimalTextConverter } from "./convert_decimal.ts";
import { jsonTextOf, nestedConverter } from "./convert_nested.ts";
import { dateConverter, timestampConverter, timeTextConverter } from "./convert_time.ts";
import type { ConnectType } from "./connect_type.ts";

const INTEGERS = ["int8", "int16", "int32", "int64"];
const FLOATS = ["float", "double"];
const NO_NUMBERS: Readonly<Record<string, number>> = { NaN, Infinity, "-Infinity": -Infinity };

/**
 * How values of a Connect type become values of a column; of a source that is not known, by what is
 * wanted. Values that cannot are mismatches, all of them if the types do not go together.
 *
 * @param unit Of times that are numbers of which no schema says what they are.
 */
export function converterOf(
  source: ConnectType | undefined,
  wanted: DataType,
  unit: TimeUnit | undefined,
): Convert {
  return knownConverter(source, wanted, unit) ?? ((value) => unfit(value, typeName(wanted)));
}

/** False if no value of a Connect type, but null, is one of a column's type. */
export function isConvertible(
  source: ConnectType,
  wanted: DataType,
  unit: TimeUnit | undefined,
): boolean {
  return knownConverter(source, wanted, unit) !== undefined;
}

function knownConverter(
  source: ConnectType | undefined,
  wanted: DataType,
  unit: TimeUnit | undefined,
): Convert | undefined {
  if (typeof wanted === "object") {
    return wanted.type === "decimal" ? decimalConverter(source, wanted) : nestedConverter(
      source,
      wanted,
      (inner, type, ownUnit) => converterOf(inner, type, ownUnit ?? unit),
    );
  }
  switch (wanted) {
    case "string":
      return textConverter(source);
    case "binary":
      return source === undefined || source.name === undefined && source.type === "bytes" ||
          isBits(source)
        ? (value) => convertValue(value, wanted)
        : undefined;
    case "boolean":
      return booleanConverter(source);
    case "float":
    case "double":
      return floatConverter(source, wanted);
    case "date":
      return dateConverter(source);
    case "timestamp":
    case "timestamp_ntz":
      return timestampConverter(source, wanted, unit);
    default:
      return isInteger(wanted) ? integerConverter(source, wanted) : undefined;
  }
}

/** Text is text; numbers are digits, times of day as clocks show them, and what has parts is its JSON. */
function textConverter(source: ConnectType | undefined): Convert | undefined {
  if (source === undefined) {
    return (value) => hasParts(value) ? jsonTextOf(value) : convertValue(value, "string");
  }
  const decimal = decimalTextConverter(source);
  if (decimal !== undefined) return decimal;
  if (source.name === undefined && [...INTEGERS, ...FLOATS, "boolean"].includes(source.type)) {
    return (value) => value instanceof JsonNumber ? value.text : plainText(value);
  }
  switch (source.type) {
    case "string":
      return (value) => convertValue(value, "string");
    case "struct":
    case "array":
    case "map":
      return (value) => hasParts(value) ? jsonTextOf(value) : unfit(value, "string");
    default:
      return timeTextConverter(source);
  }
}

/** JSON has no number for what is none: it comes as text. */
function plainText(value: JsonValue): unknown {
  return typeof value === "boolean" || typeof value === "string"
    ? String(value)
    : unfit(value, "string");
}

function hasParts(value: JsonValue): boolean {
  return Array.isArray(value) || isObject(value);
}

/** True for numbers without a fraction, whatever they mean. */
export function isIntegerSource({ type }: ConnectType): boolean {
  return INTEGERS.includes(type);
}

/** Whatever an integer means, an integer column takes the number as it was sent. */
function integerConverter(
  source: ConnectType | undefined,
  wanted: PrimitiveType,
): Convert | undefined {
  if (source === undefined || isIntegerSource(source)) {
    return (value) => convertValue(value, wanted);
  }
  return isBits(source) ? bitsAsInteger(wanted) : decimalAsInteger(source, wanted);
}

/** MySQL's `boolean` is a number, 0 or 1. */
function booleanConverter(source: ConnectType | undefined): Convert | undefined {
  const isNumber = source === undefined || isIntegerSource(source);
  if (!isNumber && source.type !== "boolean") return undefined;
  return (value) => {
    if (isNumber && value instanceof JsonNumber && (value.text === "0" || value.text === "1")) {
      return value.text === "1";
    }
    return convertValue(value, "boolean");
  };
}

/** JSON has no number for what is none: it comes as text. */
function floatConverter(
  source: ConnectType | undefined,
  wanted: "float" | "double",
): Convert | undefined {
  const isFloat = source === undefined || source.type === "float" || source.type === "double";
  if (!isFloat && !isIntegerSource(source)) return undefined;
  return (value) => {
    const none = isFloat && typeof value === "string" && Object.hasOwn(NO_NUMBERS, value)
      ? NO_NUMBERS[value]
      : undefined;
    return none ?? convertValue(value, wanted);
  };
}
