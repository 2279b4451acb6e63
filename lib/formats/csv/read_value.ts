import {
  type BooleanColumn,
  type BytesColumn,
  type Column,
  type DataType,
  Decimal,
  type DecimalType,
  describeValue,
  type EpochUnit,
  type Int64Column,
  MAX_TIMESTAMP_MICROS,
  MIN_TIMESTAMP_MICROS,
  type NumberColumn,
  parseDateDays,
  parseTimestampMicros,
  SluiceError,
  type StructField,
  typeName,
} from "../../core/mod.ts";
import { isUtf8 } from "../avro/utf8.ts";
import { NumberScanner } from "../json/scan_number.ts";
import { scanDate, scanDateTime } from "../json/scan_time.ts";

/**
 * Adds the value of the text `bytes[start, end)` to a column, or says what is wrong with it;
 * nothing is added then. The text is not null, but may be empty.
 */
export type ValueReader = (
  bytes: Uint8Array,
  start: number,
  end: number,
  column: Column,
) => string | undefined;

const MICROS_PER_UNIT: Readonly<Record<EpochUnit, bigint>> = { s: 1_000_000n, ms: 1000n, us: 1n };
const INTEGER_MAX: Readonly<Record<string, number>> = {
  byte: 127,
  short: 32767,
  integer: 2147483647,
};
const INTEGER_TEXT = /^[+-]?\d+$/;
const FLOAT_TEXT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const SPECIAL_FLOATS: Readonly<Record<string, number>> = {
  NaN: NaN,
  Inf: Infinity,
  "+Inf": Infinity,
  "-Inf": -Infinity,
  Infinity: Infinity,
  "+Infinity": Infinity,
  "-Infinity": -Infinity,
};
const LETTER_Z = 0x5a;
/** No number that fits is longer, and longer ones are not worth the time to read them. */
const MAX_NUMBER_LENGTH = 1000;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const scanner = new NumberScanner();

/**
 * How values of a field's type are written in CSV.
 *
 * @throws {SluiceError} `BAD_SCHEMA` for a type that has no text.
 */
export function valueReader({ name, type, epochUnit }: StructField): ValueReader {
  if (typeof type === "object") {
    if (type.type === "decimal") return decimalReader(type);
    throw new SluiceError("BAD_SCHEMA", {
      attempted: "read CSV",
      where: `column "${name}"`,
      found: `type ${type.type}`,
      wanted: "a type whose values are one text",
      hint: "read it as a string, and take it apart behind the decoder",
    });
  }
  switch (type) {
    case "string":
      return readString;
    case "boolean":
      return readBoolean;
    case "byte":
    case "short":
    case "integer":
      return integerReader(type, INTEGER_MAX[type]!);
    case "long":
      return longReader(type, 1n, -(2n ** 63n), 2n ** 63n - 1n);
    case "float":
    case "double":
      return floatReader(type);
    case "date":
      return readDate;
    case "timestamp":
    case "timestamp_ntz":
      return epochUnit === undefined ? timestampReader(type) : epochReader(type, epochUnit);
    case "binary":
      return readBinary;
  }
}

function readString(
  bytes: Uint8Array,
  start: number,
  end: number,
  column: Column,
): string | undefined {
  if (!isUtf8(bytes, start, end)) return ": found bytes that are not UTF-8, wanted string";
  (column as BytesColumn).appendBytes(bytes, start, end);
  return undefined;
}

function readBoolean(
  bytes: Uint8Array,
  start: number,
  end: number,
  column: Column,
): string | undefined {
  const text = textOf(bytes, start, end);
  const lower = text.toLowerCase();
  if (lower !== "true" && lower !== "false") return mismatch(text, "boolean (true or false)");
  (column as BooleanColumn).appendBoolean(lower === "true");
  return undefined;
}

function integerReader(type: DataType, max: number): ValueReader {
  return (bytes, start, end, column) => {
    if (scanner.scan(bytes, start, end) === end && isWhole() && scanner.digits <= 10) {
      const value = scanner.integer();
      if (value > max || value < -max - 1) return overflow(textOf(bytes, start, end), type);
      (column as NumberColumn).appendNumber(value);
      return undefined;
    }
    const text = textOf(bytes, start, end);
    if (!INTEGER_TEXT.test(text)) return mismatch(text, type);
    const value = Number(text);
    if (value > max || value < -max - 1) return overflow(text, type);
    (column as NumberColumn).appendNumber(value);
    return undefined;
  };
}

/** 64-bit integers, exact; `scale` of the text's units make one of the column's. */
function longReader(
  wanted: DataType | string,
  scale: bigint,
  min: bigint,
  max: bigint,
): ValueReader {
  const zeros = String(scale).length - 1;
  return (bytes, start, end, column) => {
    const isShort = scanner.scan(bytes, start, end) === end && isWhole() &&
      scanner.digits + zeros <= (zeros === 0 ? 18 : 16);
    if (isShort) {
      scanner.appendInteger(column as Int64Column, zeros);
      return undefined;
    }
    const text = textOf(bytes, start, end);
    if (!INTEGER_TEXT.test(text)) return mismatch(text, wanted);
    if (text.length > MAX_NUMBER_LENGTH) return overflow(text, wanted);
    const value = BigInt(text.replace("+", "")) * scale;
    if (value < min || value > max) return overflow(text, wanted);
    (column as Int64Column).tryAppendBigInt(value);
    return undefined;
  };
}

function epochReader(type: DataType, unit: EpochUnit): ValueReader {
  // 10^16 microseconds are 317 years, well within the years 1 to 9999.
  const wanted = `${type} (an integer of ${unit} since 1970)`;
  return longReader(wanted, MICROS_PER_UNIT[unit], MIN_TIMESTAMP_MICROS, MAX_TIMESTAMP_MICROS);
}

function floatReader(type: "float" | "double"): ValueReader {
  return (bytes, start, end, column) => {
    if (scanner.scan(bytes, start, end) === end && scanner.digits <= 15) {
      (column as NumberColumn).appendNumber(scanner.double());
      return undefined;
    }
    const text = textOf(bytes, start, end);
    const special = SPECIAL_FLOATS[text];
    if (special === undefined && !FLOAT_TEXT.test(text)) return mismatch(text, type);
    const value = special ?? (type === "float" ? Math.fround(Number(text)) : Number(text));
    if (special === undefined && !Number.isFinite(value)) return overflow(text, type);
    (column as NumberColumn).appendNumber(value);
    return undefined;
  };
}

function decimalReader(type: DecimalType): ValueReader {
  const limit = 10n ** BigInt(type.precision);
  return (bytes, start, end, column) => {
    if (type.precision <= 18 && scanner.scan(bytes, start, end) === end) {
      const zeros = type.scale - scanner.fractionDigits;
      if (zeros >= 0 && scanner.digits + zeros <= type.precision) {
        scanner.appendInteger(column as Int64Column, zeros);
        return undefined;
      }
    }
    const text = textOf(bytes, start, end);
    const decimal = text.length > MAX_NUMBER_LENGTH ? undefined : Decimal.tryParse(text);
    if (decimal === undefined) return mismatch(text, type);
    const rescaled = decimal.rescaled(type.scale);
    if (rescaled === undefined) {
      const decimals = type.scale === 1 ? "1 decimal" : `${type.scale} decimals`;
      return `: more than ${decimals}${mismatch(text, type)}`;
    }
    if (rescaled.unscaled >= limit || rescaled.unscaled <= -limit) return overflow(text, type);
    column.append(rescaled);
    return undefined;
  };
}

function readDate(
  bytes: Uint8Array,
  start: number,
  end: number,
  column: Column,
): string | undefined {
  const scanned = end - start === 10 ? scanDate(bytes, start) : NaN;
  if (!Number.isNaN(scanned)) {
    (column as NumberColumn).appendNumber(scanned);
    return undefined;
  }
  const text = textOf(bytes, start, end);
  const days = parseDateDays(text);
  if (days === undefined) return mismatch(text, "date (YYYY-MM-DD)");
  (column as NumberColumn).appendNumber(days);
  return undefined;
}

function timestampReader(type: "timestamp" | "timestamp_ntz"): ValueReader {
  const hasZone = type === "timestamp";
  const wanted = `${type} (ISO 8601 text${hasZone ? "" : " without a zone"})`;
  return (bytes, start, end, column) => {
    const isUtc = hasZone && bytes[end - 1] === LETTER_Z;
    const scanned = scanDateTime(bytes, start, isUtc ? end - 1 : end);
    if (!Number.isNaN(scanned)) {
      (column as Int64Column).appendSafeInteger(scanned);
      return undefined;
    }
    const text = textOf(bytes, start, end);
    const micros = parseTimestampMicros(text, hasZone ? "utc" : "forbidden");
    if (micros === undefined) return mismatch(text, wanted);
    (column as Int64Column).tryAppendBigInt(micros);
    return undefined;
  };
}

function readBinary(
  bytes: Uint8Array,
  start: number,
  end: number,
  column: Column,
): string | undefined {
  const text = textOf(bytes, start, end);
  try {
    const value = Uint8Array.fromBase64(text);
    (column as BytesColumn).appendBytes(value, 0, value.length);
    return undefined;
  } catch {
    return mismatch(text, "binary (base64 text)");
  }
}

function isWhole(): boolean {
  return scanner.fractionDigits === 0;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return utf8.decode(bytes.subarray(start, end));
}

function mismatch(text: string, wanted: DataType | string): string {
  return `: found ${describeValue(text)}, wanted ${nameOf(wanted)}`;
}

function overflow(text: string, wanted: DataType | string): string {
  return `: overflow${mismatch(text, wanted)}`;
}

function nameOf(wanted: DataType | string): string {
  return typeof wanted === "string" ? wanted : typeName(wanted);
}
