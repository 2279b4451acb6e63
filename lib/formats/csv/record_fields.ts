import type { CsvBytes } from "./csv_dialect.ts";
import { closingQuote, isEscaped } from "./split_csv.ts";

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The fields of the record that was read last, as ranges of its bytes. */
export class RecordFields {
  /** How many there are. */
  count = 0;
  /** Where each field starts, without its quote. */
  starts: Int32Array = new Int32Array(32);
  /** Where each field ends (exclusive), without its quote. */
  ends: Int32Array = new Int32Array(32);
  /** 1 where a field stands in quotes. */
  quoted: Uint8Array = new Uint8Array(32);
  readonly #dialect: CsvBytes;
  #scratch = new Uint8Array(256);

  /** For records of one dialect. */
  constructor(dialect: CsvBytes) {
    this.#dialect = dialect;
  }

  /**
   * Finds the fields of the record `bytes[start, end)`; a line break at its end is no part of it.
   * Returns what is wrong with it, if something is.
   */
  read(bytes: Uint8Array, start: number, end: number): string | undefined {
    const { sep, quote, escape } = this.#dialect;
    if (end > start && bytes[end - 1] === NEWLINE) end--;
    if (end > start && bytes[end - 1] === CARRIAGE_RETURN) end--;
    this.count = 0;
    for (let i = start;; i++) {
      const isQuoted = i < end && bytes[i] === quote;
      const from = isQuoted ? i + 1 : i;
      if (isQuoted) {
        i = closingQuote(bytes, from, end, quote, escape);
        if (i < 0) return `field ${this.count + 1}: the quote that opens it is never closed`;
        this.#add(from, i++, 1);
        if (i < end && bytes[i] !== sep) {
          return `field ${this.count}: text behind the quote that closes it`;
        }
      } else {
        while (i < end && bytes[i] !== sep) i++;
        this.#add(from, i, 0);
      }
      if (i >= end) return undefined;
    }
  }

  /** True if a field has escapes in it, so that its bytes are not its value. */
  isEscaped(bytes: Uint8Array, field: number): boolean {
    if (this.quoted[field] === 0) return false;
    const { escape } = this.#dialect;
    const end = this.ends[field]!;
    for (let i = this.starts[field]!; i < end; i++) if (bytes[i] === escape) return true;
    return false;
  }

  /** The value of a field with escapes; good until the next call. */
  unescaped(bytes: Uint8Array, field: number): Uint8Array {
    const { quote, escape } = this.#dialect;
    const end = this.ends[field]!;
    const start = this.starts[field]!;
    if (this.#scratch.length < end - start) this.#scratch = new Uint8Array((end - start) * 2);
    const scratch = this.#scratch;
    let length = 0;
    for (let i = start; i < end; i++) {
      const isEscape = bytes[i] === escape && i + 1 < end &&
        isEscaped(bytes[i + 1]!, quote, escape);
      if (isEscape) i++;
      scratch[length++] = bytes[i]!;
    }
    return scratch.subarray(0, length);
  }

  #add(start: number, end: number, quoted: number): void {
    const field = this.count++;
    if (field === this.starts.length) this.#grow();
    this.starts[field] = start;
    this.ends[field] = end;
    this.quoted[field] = quoted;
  }

  #grow(): void {
    const length = this.starts.length * 2;
    const larger = <T extends Int32Array | Uint8Array>(array: T, copy: T): T => {
      copy.set(array);
      return copy;
    };
    this.starts = larger(this.starts, new Int32Array(length));
    this.ends = larger(this.ends, new Int32Array(length));
    this.quoted = larger(this.quoted, new Uint8Array(length));
  }
}
