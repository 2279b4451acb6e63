import {
  type DataType,
  Decimal,
  describeValue,
  formatDateDays,
  MAX_TIMESTAMP_MICROS,
  MIN_TIMESTAMP_MICROS,
  typeName,
} from "../../core/mod.ts";
import { toDecimal, toDouble } from "./compare_values.ts";
import { fitDecimal } from "./decimal_math.ts";
import { doubleText, floatText } from "./number_text.ts";
import { badValue } from "../sql_error.ts";
import { isDecimal, isIntegral, isNumeric, isSameType, isTime } from "./sql_type.ts";
import { parseDateText, parseTimestampText, timestampText } from "./time_text.ts";

/** Brings a value that is not null to another type. */
export type Convert = (value: unknown) => unknown;

const MICROS_PER_DAY = 86_400_000_000n;
const MICROS_PER_SECOND = 1_000_000n;
const TRY_HINT = "use TRY_CAST to have null instead";
const TRUE_TEXTS = new Set(["true", "t", "yes", "y", "1"]);
const FALSE_TEXTS = new Set(["false", "f", "no", "n", "0"]);
const BITS: Readonly<Record<string, number>> = { byte: 8, short: 16, integer: 32, long: 64 };
const DOUBLE = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?[df]?$/i;

/**
 * CAST from one type to another, in Spark's ANSI mode: the conversion throws `BAD_VALUE` for a value
 * that does not fit. `undefined` if there is no such cast.
 */
export function castFor(from: DataType, to: DataType): Convert | undefined {
  if (isSameType(from, to)) return (value) => value;
  if (from === "string") return castFromText(to);
  if (to === "string") return castToText(from);
  if (isNumeric(from)) return castFromNumber(to);
  if (from === "boolean") return castFromBoolean(to);
  if (isTime(from)) return castFromTime(from, to);
  return undefined;
}

function castFromText(to: DataType): Convert | undefined {
  const read = textReader(to);
  if (read === undefined) return undefined;
  return (value) => {
    const result = read((value as string).trim());
    if (result === undefined) throw misfit(value, to);
    return result;
  };
}

/** Reads trimmed text; `undefined` if it is no value of the type. */
function textReader(to: DataType): ((text: string) => unknown) | undefined {
  if (isDecimal(to)) {
    return (text) => {
      const value = Decimal.tryParse(text);
      return value === undefined ? undefined : fitDecimal(value, to);
    };
  }
  if (isIntegral(to)) {
    return (text) =>
      /^[+-]?\d+$/.test(text) ? fitInteger(BigInt(text.replace("+", "")), to) : undefined;
  }
  switch (to) {
    case "float":
      return (text) => {
        const value = readDouble(text);
        return value === undefined ? undefined : Math.fround(value);
      };
    case "double":
      return readDouble;
    case "boolean":
      return (text) => {
        const lower = text.toLowerCase();
        return TRUE_TEXTS.has(lower) ? true : FALSE_TEXTS.has(lower) ? false : undefined;
      };
    case "date":
      return parseDateText;
    case "timestamp":
    case "timestamp_ntz":
      return parseTimestampText;
  }
  return undefined;
}

function readDouble(text: string): number | undefined {
  if (DOUBLE.test(text)) return Number(text.replace(/[df]$/i, ""));
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special === null) return undefined;
  if (special[2]?.toLowerCase() === "nan") return NaN;
  return special[1] === "-" ? -Infinity : Infinity;
}

function castToText(from: DataType): Convert | undefined {
  switch (from) {
    case "float":
      return (value) => floatText(value as number);
    case "double":
      return (value) => doubleText(value as number);
    case "date":
      return (value) => formatDateDays(value as number);
    case "timestamp":
    case "timestamp_ntz":
      return (value) => timestampText(value as bigint);
    case "binary":
      return (value) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(value as Uint8Array);
  }
  return isNumeric(from) || from === "boolean" ? String : undefined;
}

function castFromNumber(to: DataType): Convert | undefined {
  if (isDecimal(to)) {
    return (value) => {
      if (typeof value !== "number") return fitDecimal(toDecimal(value), to);
      if (!Number.isFinite(value)) throw misfit(value, to);
      // Of all decimals that are this double, the shortest.
      return fitDecimal(Decimal.parse(String(value)), to);
    };
  }
  if (isIntegral(to)) return (value) => truncated(value, to);
  switch (to) {
    case "float":
      return (value) => Math.fround(toDouble(value));
    case "double":
      return toDouble;
    case "boolean":
      return (value) => toDouble(value) !== 0;
    case "timestamp":
      return (value) => inCalendar(secondsToMicros(value), value);
  }
  return undefined;
}

function castFromBoolean(to: DataType): Convert | undefined {
  if (isDecimal(to)) return (value) => fitDecimal(new Decimal(value ? 1n : 0n, 0), to);
  if (to === "long") return (value) => value ? 1n : 0n;
  return isNumeric(to) ? Number : undefined;
}

function castFromTime(from: DataType, to: DataType): Convert | undefined {
  if (from === "date") {
    return isTime(to) ? (value) => BigInt(value as number) * MICROS_PER_DAY : undefined;
  }
  if (to === "date") return (value) => Number(floorDivide(value as bigint, MICROS_PER_DAY));
  // Wall clocks are those of UTC.
  if (isTime(to)) return (value) => value;
  if (from !== "timestamp" || !isNumeric(to)) return undefined;
  if (isIntegral(to)) {
    return (value) => fitOrThrow(floorDivide(value as bigint, MICROS_PER_SECOND), to);
  }
  if (isDecimal(to)) return (value) => fitDecimal(new Decimal(value as bigint, 6), to);
  return (value) => Number(value) / 1e6;
}

/** The integer as rows hold it; `undefined` if the type cannot. */
export function fitInteger(value: bigint, type: DataType): bigint | number | undefined {
  if (BigInt.asIntN(BITS[type as string]!, value) !== value) return undefined;
  return type === "long" ? value : Number(value);
}

/** The quotient rounded down. */
export function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value < 0n && value % divisor !== 0n ? quotient - 1n : quotient;
}

/**
 * Microseconds, if the calendar of every table has them.
 *
 * @throws {SluiceError} `BAD_VALUE` before year 1 and after year 9999.
 */
export function inCalendar(micros: bigint, value: unknown = micros): bigint {
  if (micros >= MIN_TIMESTAMP_MICROS && micros <= MAX_TIMESTAMP_MICROS) return micros;
  throw badValue(describeValue(value), "a time from year 1 to 9999");
}

function truncated(value: unknown, to: DataType): bigint | number {
  if (value instanceof Decimal) {
    return fitOrThrow(value.unscaled / 10n ** BigInt(value.scale), to, value);
  }
  if (typeof value === "bigint") return fitOrThrow(value, to);
  const whole = Math.trunc(value as number);
  if (!Number.isFinite(whole)) throw misfit(value, to);
  return fitOrThrow(BigInt(whole), to, value);
}

function fitOrThrow(value: bigint, to: DataType, shown: unknown = value): bigint | number {
  const fitted = fitInteger(value, to);
  if (fitted === undefined) throw misfit(shown, to);
  return fitted;
}

function secondsToMicros(value: unknown): bigint {
  if (value instanceof Decimal) return floorOfMicros(value);
  if (typeof value === "bigint") return value * MICROS_PER_SECOND;
  const micros = (value as number) * 1e6;
  if (!Number.isFinite(micros)) throw misfit(value, "timestamp");
  return BigInt(Math.floor(micros));
}

function floorOfMicros({ unscaled, scale }: Decimal): bigint {
  return unscaled * MICROS_PER_SECOND / 10n ** BigInt(scale);
}

function misfit(value: unknown, to: DataType): Error {
  return badValue(describeValue(value), typeName(to), TRY_HINT);
}
