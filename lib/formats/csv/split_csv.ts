import type { CsvBytes } from "./csv_dialect.ts";

/** Consecutive records of a run of bytes. */
export interface CsvRecords {
  /** How many there are. */
  readonly count: number;
  /** Where each record starts; the array may be longer. */
  readonly starts: Int32Array;
  /** Where each record ends (exclusive), without its line break. */
  readonly ends: Int32Array;
  /** Where the next record starts. */
  readonly next: number;
  /** Bytes of the records together, with their line breaks. */
  readonly byteLength: number;
}

/** Finds the records from `start` on; see `splitCsv`. */
export type CsvSplitter = (
  bytes: Uint8Array,
  start: number,
  atEndOfFile: boolean,
  maxRecords: number,
  maxBytes: number,
) => CsvRecords;

/** A record with a quoted field is no longer than this. */
export const MAX_QUOTED_RECORD_BYTES: number = 16 * 2 ** 20;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** Where a record ends: not in these bytes. */
const FURTHER_ON = -1;
/** Where a record ends: nowhere, as a quoted field in it does not end. */
const UNCLOSED = -2;

/**
 * Splits the bytes of a CSV file into records: at line breaks, but not at those in quoted fields.
 * Empty lines are no records. At most `maxRecords` are found, and none after those that reach
 * `maxBytes`; what follows the last line break is a record only at the end of the file.
 *
 * A quote that is never closed would make one record of all that follows it. A record with a field
 * that is not closed at the end of the file, or within `MAX_QUOTED_RECORD_BYTES`, therefore ends
 * with its first line; nobody can read it, but the records behind it can be.
 */
export function splitCsv(dialect: CsvBytes): CsvSplitter {
  const { quote } = dialect;
  return (bytes, start, atEndOfFile, maxRecords, maxBytes) => {
    const starts = new Int32Array(maxRecords);
    const ends = new Int32Array(maxRecords);
    let count = 0;
    let byteLength = 0;
    let next = start;
    let nextQuote = indexFrom(bytes, quote, start);
    while (count < maxRecords && byteLength < maxBytes && next < bytes.length) {
      if (nextQuote < next) nextQuote = indexFrom(bytes, quote, next);
      let newline = bytes.indexOf(NEWLINE, next);
      if (nextQuote < (newline < 0 ? bytes.length : newline)) {
        const end = quotedRecordEnd(bytes, next, atEndOfFile, dialect);
        if (end === FURTHER_ON) break;
        if (end !== UNCLOSED) newline = end < bytes.length ? end : -1;
      }
      if (newline < 0 && !atEndOfFile) break;
      let end = newline < 0 ? bytes.length : newline;
      const after = newline < 0 ? end : end + 1;
      if (end > next && bytes[end - 1] === CARRIAGE_RETURN) end--;
      if (end > next) {
        starts[count] = next;
        ends[count++] = end;
      }
      byteLength += after - next;
      next = after;
    }
    return { count, starts, ends, next, byteLength };
  };
}

/** The line break that ends a record with quotes in it, or the end of the file. */
function quotedRecordEnd(
  bytes: Uint8Array,
  start: number,
  atEndOfFile: boolean,
  { sep, quote, escape }: CsvBytes,
): number {
  const limit = start + MAX_QUOTED_RECORD_BYTES;
  const known = Math.min(bytes.length, limit);
  const unknown = atEndOfFile || known === limit ? UNCLOSED : FURTHER_ON;
  for (let i = start;; i++) {
    if (bytes[i] === quote) {
      i = closingQuote(bytes, i + 1, known, quote, escape) + 1;
      if (i === 0 || i >= limit) return unknown;
    }
    while (i < bytes.length && bytes[i] !== sep && bytes[i] !== NEWLINE) i++;
    if (i >= bytes.length) return atEndOfFile ? bytes.length : FURTHER_ON;
    if (bytes[i] === NEWLINE) return i;
  }
}

/** Where in `bytes[start, end)` the quote stands that ends a field; -1 if it is not there. */
export function closingQuote(
  bytes: Uint8Array,
  start: number,
  end: number,
  quote: number,
  escape: number,
): number {
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte === escape && i + 1 < end && isEscaped(bytes[i + 1]!, quote, escape)) i++;
    else if (byte === quote) return i;
  }
  return -1;
}

/** True if an escape before this byte makes it part of the field. */
export function isEscaped(byte: number, quote: number, escape: number): boolean {
  return byte === quote || byte === escape;
}

function indexFrom(bytes: Uint8Array, byte: number, start: number): number {
  const index = byte < 0 ? -1 : bytes.indexOf(byte, start);
  return index < 0 ? bytes.length : index;
}
