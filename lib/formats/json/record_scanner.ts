import type {
  BooleanColumn,
  BytesColumn,
  Column,
  Int64Column,
  NumberColumn,
  StructField,
} from "../../core/mod.ts";
import { convertValue, Mismatch } from "./convert_value.ts";
import { skipString, skipUtf8, skipValue, skipWhitespace } from "./json_syntax.ts";
import { parseJson } from "./parse_json.ts";
import {
  BOOLEAN,
  DATE,
  DECIMAL,
  EPOCH,
  FLOAT,
  INTEGER,
  LONG,
  ScannedField,
  STRING,
  TIMESTAMP,
  TIMESTAMP_NTZ,
} from "./scanned_field.ts";
import { NumberScanner } from "./scan_number.ts";
import { scanDate, scanDateTime } from "./scan_time.ts";

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LETTER_E = 0x65;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const LETTER_Z = 0x5a;

const TRUE = new TextEncoder().encode("true");
const FALSE = new TextEncoder().encode("false");
const NULL = new TextEncoder().encode("null");

/**
 * The fast way from a JSON object's bytes into columns. It knows only what is common: fields in the
 * order of the record before, names without escapes, numbers of up to 18 digits. Where it cannot go
 * on it says so, and the record is read again in the slow way, which alone decides what is wrong.
 */
export class RecordScanner {
  private readonly fields: readonly ScannedField[];
  private readonly number = new NumberScanner();
  private readonly decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** By field: the number of the record that had it last. */
  private readonly seenIn: Float64Array;
  private record = 0;
  /** Stands before the first field. */
  private readonly head: ScannedField;

  /** Prepares for the fields of a schema. */
  constructor(fields: readonly StructField[]) {
    this.fields = fields.map((field, i) => new ScannedField(field, i));
    this.fields.forEach((field, i) => field.next = this.fields[i + 1] ?? field);
    this.head = new ScannedField(fields[0]!, 0);
    this.head.next = this.fields[0]!;
    this.seenIn = new Float64Array(fields.length);
  }

  /**
   * Adds the object in `bytes[start, end)` to the columns as one row. False if it could not; some
   * columns may then be a row longer than others.
   */
  scan(bytes: Uint8Array, start: number, end: number, columns: readonly Column[]): boolean {
    const record = ++this.record;
    const seenIn = this.seenIn;
    let seen = 0;
    let field = this.head;
    let pos = skipWhitespace(bytes, start, end);
    if (pos >= end || bytes[pos] !== OPEN_BRACE) return false;
    pos = skipWhitespace(bytes, pos + 1, end);
    if (pos < end && bytes[pos] === CLOSE_BRACE) {
      pos++;
    } else {
      for (;;) {
        let found: ScannedField | undefined = field.next;
        const valueStart = matchBytes(bytes, pos, end, found.key);
        if (valueStart >= 0) {
          pos = valueStart;
        } else {
          const nameEnd = skipString(bytes, pos, end);
          if (nameEnd < 0) return false;
          found = this.find(bytes, pos, nameEnd);
          if (found === undefined && bytes.subarray(pos, nameEnd).includes(BACKSLASH)) return false;
          pos = skipWhitespace(bytes, nameEnd, end);
          if (bytes[pos++] !== COLON) return false;
        }
        if (bytes[pos]! <= SPACE) pos = skipWhitespace(bytes, pos, end);
        if (found === undefined) {
          pos = skipValue(bytes, pos, end, 1);
        } else {
          field.next = found;
          field = found;
          if (seenIn[field.index] === record) return false;
          seenIn[field.index] = record;
          seen++;
          pos = this.scanValue(bytes, pos, end, field, columns[field.index]!);
        }
        if (pos < 0 || pos >= end) return false;
        if (bytes[pos]! <= SPACE) pos = skipWhitespace(bytes, pos, end);
        const byte = bytes[pos++];
        if (byte === CLOSE_BRACE) break;
        if (byte !== COMMA) return false;
        if (bytes[pos]! <= SPACE) pos = skipWhitespace(bytes, pos, end);
      }
    }
    // The next record's bytes follow: a look past the end may have found something there.
    if (skipWhitespace(bytes, pos, end) !== end) return false;
    return seen === this.fields.length || this.fillMissing(columns);
  }

  private scanValue(
    bytes: Uint8Array,
    pos: number,
    end: number,
    field: ScannedField,
    column: Column,
  ): number {
    const number = this.number;
    switch (field.kind) {
      case STRING: {
        if (bytes[pos] !== QUOTE) break;
        const close = plainStringEnd(bytes, pos + 1, end);
        if (close < 0) break;
        (column as BytesColumn).appendBytes(bytes, pos + 1, close);
        return close + 1;
      }
      case BOOLEAN: {
        const after = matchBytes(bytes, pos, end, bytes[pos] === LETTER_T ? TRUE : FALSE);
        if (after < 0) break;
        (column as BooleanColumn).appendBoolean(bytes[pos] === LETTER_T);
        return after;
      }
      case LONG: {
        const after = number.scan(bytes, pos, end);
        if (after < 0 || number.fractionDigits > 0) break;
        number.appendInteger(column as Int64Column, 0);
        return after;
      }
      case EPOCH: {
        const after = number.scan(bytes, pos, end);
        // 10^16 microseconds are 317 years, well within the years 1 to 9999.
        if (after < 0 || number.fractionDigits > 0 || number.digits + field.scale > 16) break;
        number.appendInteger(column as Int64Column, field.scale);
        return after;
      }
      case DECIMAL: {
        const quoted = bytes[pos] === QUOTE;
        let after = number.scan(bytes, quoted ? pos + 1 : pos, end);
        if (after < 0) break;
        if (quoted ? bytes[after++] !== QUOTE : (bytes[after]! | 0x20) === LETTER_E) break;
        const zeros = field.scale - number.fractionDigits;
        if (zeros < 0 || number.digits + zeros > field.precision) break;
        number.appendInteger(column as Int64Column, zeros);
        return after;
      }
      case INTEGER: {
        const after = number.scan(bytes, pos, end);
        if (after < 0 || number.fractionDigits > 0 || number.digits > 10) break;
        const value = number.integer();
        if (value > field.max || value < -field.max - 1) break;
        (column as NumberColumn).appendNumber(value);
        return after;
      }
      case FLOAT: {
        const after = number.scan(bytes, pos, end);
        if (after < 0 || number.digits > 15 || (bytes[after]! | 0x20) === LETTER_E) break;
        (column as NumberColumn).appendNumber(number.double());
        return after;
      }
      case DATE: {
        if (bytes[pos] !== QUOTE || bytes[pos + 11] !== QUOTE) break;
        const days = scanDate(bytes, pos + 1);
        if (Number.isNaN(days)) break;
        (column as NumberColumn).appendNumber(days);
        return pos + 12;
      }
      case TIMESTAMP:
      case TIMESTAMP_NTZ: {
        if (bytes[pos] !== QUOTE) break;
        const close = plainStringEnd(bytes, pos + 1, end);
        if (close < 0) break;
        const hasZone = field.kind === TIMESTAMP;
        if (hasZone && bytes[close - 1] !== LETTER_Z) break;
        const micros = scanDateTime(bytes, pos + 1, hasZone ? close - 1 : close);
        if (Number.isNaN(micros)) break;
        (column as Int64Column).appendSafeInteger(micros);
        return close + 1;
      }
    }
    if (bytes[pos] === LETTER_N && field.field.nullable) {
      const after = matchBytes(bytes, pos, end, NULL);
      if (after >= 0) {
        column.appendNull();
        return after;
      }
    }
    return this.convert(bytes, pos, end, field.field, column);
  }

  /** Adds a value of any type by way of text. */
  private convert(
    bytes: Uint8Array,
    pos: number,
    end: number,
    field: StructField,
    column: Column,
  ): number {
    const after = skipValue(bytes, pos, end, 1);
    if (after < 0) return -1;
    const json = parseJson(this.decoder.decode(bytes.subarray(pos, after)));
    if (json === null) return -1;
    const value = convertValue(json, field.type, field.epochUnit);
    if (value instanceof Mismatch) return -1;
    column.append(value);
    return after;
  }

  private find(bytes: Uint8Array, pos: number, end: number): ScannedField | undefined {
    for (const field of this.fields) {
      const { key } = field;
      if (key.length !== end - pos + 1) continue;
      let i = 0;
      while (pos + i < end && bytes[pos + i] === key[i]) i++;
      if (pos + i === end) return field;
    }
    return undefined;
  }

  private fillMissing(columns: readonly Column[]): boolean {
    for (const { field, index } of this.fields) {
      if (this.seenIn[index] === this.record) continue;
      if (!field.nullable) return false;
      columns[index]!.appendNull();
    }
    return true;
  }
}

/** Where `expected` ends if it stands at `pos`; -1 if it does not. */
function matchBytes(bytes: Uint8Array, pos: number, end: number, expected: Uint8Array): number {
  const after = pos + expected.length;
  if (after > end) return -1;
  for (let i = 0; pos < after; i++, pos++) if (bytes[pos] !== expected[i]) return -1;
  return after;
}

/** Where the quote after text without escapes stands; -1 if there is an escape, or no good text. */
function plainStringEnd(bytes: Uint8Array, pos: number, end: number): number {
  while (pos < end) {
    const byte = bytes[pos]!;
    if (byte === QUOTE) return pos;
    if (byte < 0x20 || byte === BACKSLASH) return -1;
    if (byte < 0x80) {
      pos++;
    } else {
      pos = skipUtf8(bytes, pos, end);
      if (pos < 0) return -1;
    }
  }
  return -1;
}
