import {
  type BooleanColumn,
  type BytesColumn,
  type Column,
  type DataType,
  type Int64Column,
  MAX_DATE_DAYS,
  MIN_DATE_DAYS,
  type NumberColumn,
} from "../../core/mod.ts";
import { type JsonValue, Mismatch, NumberScanner, parseJson, scanDateTime } from "../json/mod.ts";
import { type ConnectType, describeConnectType } from "./connect_type.ts";
import { type Convert, isInteger, type TimeUnit } from "./convert.ts";
import { converterOf, isIntegerSource } from "./converter.ts";
import { epochUnitOf, isTimestampText } from "./convert_time.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_T = 0x74;
const LETTER_Z = 0x5a;

/** Reads values of one kind into columns of one type. */
export interface ValueReader {
  /**
   * Adds the value in `bytes[start, end)`, which is JSON and not null, or says why it cannot.
   */
  read(bytes: Uint8Array, start: number, end: number, column: Column): Mismatch | undefined;
}

/**
 * The reader for values of a Connect type; of a source that is not known, by what is wanted. Common
 * values go from their bytes into the column at once; all others, and those with which something is
 * wrong, by way of the converter.
 *
 * @param unit Of times that are numbers of which no schema says what they are.
 */
export function valueReader(
  source: ConnectType | undefined,
  wanted: DataType,
  unit: TimeUnit | undefined,
): ValueReader {
  const general = new ConvertingReader(source, converterOf(source, wanted, unit));
  const isOneOf = (...types: string[]) =>
    source === undefined || source.name === undefined && types.includes(source.type);
  const isNumber = source === undefined || isIntegerSource(source);
  if (typeof wanted === "object") {
    return wanted.type === "decimal" && wanted.precision <= 18 &&
        isOneOf("string", "int8", "int16", "int32", "int64", "float", "double")
      ? new DecimalReader(wanted.precision, wanted.scale, general)
      : general;
  }
  switch (wanted) {
    case "string":
      return source === undefined || source.type === "string" ? new TextReader(general) : general;
    case "boolean":
      return isOneOf("boolean") ? new BooleanReader(general) : general;
    case "double":
      return isOneOf("float", "double") ? new DoubleReader(general) : general;
    case "long":
      return isNumber ? new LongReader(general) : general;
    case "date":
      return source === undefined || source.name === "io.debezium.time.Date"
        ? new NumberReader(MIN_DATE_DAYS, MAX_DATE_DAYS, general)
        : general;
    case "timestamp":
    case "timestamp_ntz":
      return new TimestampReader(epochUnitOf(source, unit), isTimestampText(source), general);
    default:
      return isInteger(wanted) && isNumber
        ? new NumberReader(-LEAST[wanted]!, LEAST[wanted]! - 1, general)
        : general;
  }
}

/** The least value of each type, without its sign. */
const LEAST: Readonly<Record<string, number>> = { byte: 128, short: 32768, integer: 2147483648 };

const numbers = new NumberScanner();
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The slow way, which knows every type and says what is wrong. */
class ConvertingReader implements ValueReader {
  readonly #source: ConnectType | undefined;
  readonly #convert: Convert;

  constructor(source: ConnectType | undefined, convert: Convert) {
    this.#source = source;
    this.#convert = convert;
  }

  read(bytes: Uint8Array, start: number, end: number, column: Column): Mismatch | undefined {
    const value: JsonValue = parseJson(utf8.decode(bytes.subarray(start, end)));
    const converted = this.#convert(value);
    if (converted instanceof Mismatch) return this.#described(converted);
    column.append(converted);
    return undefined;
  }

  #described(mismatch: Mismatch): Mismatch {
    if (this.#source === undefined) return mismatch;
    const type = describeConnectType(this.#source);
    return new Mismatch(`${mismatch.problem}; its type is ${type}`, mismatch.path);
  }
}

/** Text without escapes. */
class TextReader implements ValueReader {
  constructor(readonly general: ValueReader) {}

  read(bytes: Uint8Array, start: number, end: number, column: Column): Mismatch | undefined {
    if (bytes[start] !== QUOTE) return this.general.read(bytes, start, end, column);
    for (let i = start + 1; i < end - 1; i++) {
      if (bytes[i] === BACKSLASH) return this.general.read(bytes, start, end, column);
    }
    (column as BytesColumn).appendBytes(bytes, start + 1, end - 1);
    return undefined;
  }
}

class BooleanReader implements ValueReader {
  constructor(readonly general: ValueReader) {}

  read(bytes: Uint8Array, start: number, end: number, column: Column): Mismatch | undefined {
    // A boolean is the only value that begins so.
    const isTrue = bytes[start] === LETTER_T;
    if (!isTrue && bytes[start] !== 0x66) return this.general.read(bytes, start, end, column);
    (column as BooleanColumn).appendBoolean(isTrue);
    return undefined;
  }
}

/** Integers of 64 bits with up to 18 digits. */
class LongReader implements ValueReader {
  constructor(readonly general: ValueReader) {}

  read(bytes: Uint8Array, start: number, end: number, column: Column): Mismatch | undefined {
    if (numbers.scan(bytes, start, end) !== end || numbers.fractionDigits > 0) {
      return this.general.read(bytes, start, end, column);
    }
    numbers.appendInteger(column as Int64Column, 0);
    return undefined;
  }
}

/** Integers between two bounds: byte, short, integer, days. */
class NumberReader implements ValueReader {
  constructor(readonly min: number, readonly max: number, readonly general: ValueReader) {}

  read(bytes: Uint8Array, start: number, end: number, column: Column): Mismatch | undefined {
    if (
      numbers.scan(bytes, start, end) !== end || numbers.fractionDigits > 0 || numbers.digits > 10
    ) {
      return this.general.read(bytes, start, end, column);
    }
    const value = numbers.integer();
    if (value < this.min || value > this.max) return this.general.read(bytes, start, end, column);
    (column as NumberColumn).appendNumber(value);
    return undefined;
  }
}

class DoubleReader implements ValueReader {
  constructor(readonly general: ValueReader) {}

  read(bytes: Uint8Array, start: number, end: number, column: Column): Mismatch | undefined {
    if (numbers.scan(bytes, start, end) !== end || numbers.digits > 15) {
      return this.general.read(bytes, start, end, column);
    }
    (column as NumberColumn).appendNumber(numbers.double());
    return undefined;
  }
}

/** Decimals in digits, up to 18 of them, with or without quotes. */
class DecimalReader implements ValueReader {
  constructor(
    readonly precision: number,
    readonly scale: number,
    readonly general: ValueReader,
  ) {}

  read(bytes: Uint8Array, start: number, end: number, column: Column): Mismatch | undefined {
    const quotes = bytes[start] === QUOTE ? 1 : 0;
    const after = numbers.scan(bytes, start + quotes, end - quotes);
    const zeros = this.scale - numbers.fractionDigits;
    if (after !== end - quotes || zeros < 0 || numbers.digits + zeros > this.precision) {
      return this.general.read(bytes, start, end, column);
    }
    numbers.appendInteger(column as Int64Column, zeros);
    return undefined;
  }
}

/** Times in numbers, and in ISO 8601 text in UTC. */
class TimestampReader implements ValueReader {
  /** How many zeros make microseconds of the unit; -1: numbers are no times. */
  readonly #zeros: number;

  constructor(
    unit: TimeUnit | undefined,
    readonly isText: boolean,
    readonly general: ValueReader,
  ) {
    this.#zeros = unit === "us" ? 0 : unit === "ms" ? 3 : unit === "s" ? 6 : -1;
  }

  read(bytes: Uint8Array, start: number, end: number, column: Column): Mismatch | undefined {
    if (bytes[start] === QUOTE) {
      const isPlain = this.isText && bytes[end - 2] === LETTER_Z;
      const micros = isPlain ? scanDateTime(bytes, start + 1, end - 2) : NaN;
      if (!Number.isNaN(micros)) {
        (column as Int64Column).appendSafeInteger(micros);
        return undefined;
      }
    } else if (
      this.#zeros >= 0 && numbers.scan(bytes, start, end) === end &&
      // 10^16 microseconds are 317 years, well within the years 1 to 9999.
      numbers.fractionDigits === 0 && numbers.digits + this.#zeros <= 16
    ) {
      numbers.appendInteger(column as Int64Column, this.#zeros);
      return undefined;
    }
    return this.general.read(bytes, start, end, column);
  }
}
