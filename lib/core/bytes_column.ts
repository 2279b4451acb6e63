import { Column, grown } from "./column.ts";
import { SluiceError } from "./errors.ts";
import type { DataType } from "./schema.ts";

const MAX_COLUMN_BYTES = 2 ** 31 - 1;
const encoder = new TextEncoder();
/** Texts up to this many bytes are remembered: most columns of short ones repeat a few. */
const MAX_REMEMBERED_BYTES = 32;
/** A power of two. */
const REMEMBERED_TEXTS = 256;
// A mark at the start of a value is part of the text.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** string (UTF-8) and binary: all values in one run of bytes. */
export class BytesColumn extends Column {
  /** Where each row's bytes start; one more entry than rows, so that row ends at the next start. */
  offsets: Int32Array;
  /** The bytes of all rows, one after the other. */
  data: Uint8Array;
  /** Texts made before, by hash of their bytes, and for each a row that has it. */
  #texts: string[] = [];
  readonly #textRows: number[] = [];

  /** Makes an empty column. */
  constructor(type: DataType, capacity: number) {
    super(type, capacity);
    this.offsets = new Int32Array(capacity + 1);
    this.data = new Uint8Array(capacity * 8);
  }

  /** How many bytes the rows hold together. */
  get dataLength(): number {
    return this.offsets[this.length]!;
  }

  /**
   * Adds the bytes `source[start, end)`; for a string they are known to be UTF-8.
   *
   * @throws {SluiceError} `COLUMN_TOO_LARGE` past 2 GiB in one batch.
   */
  appendBytes(source: Uint8Array, start: number, end: number): void {
    const from = this.offsets[this.length]!;
    const to = from + end - start;
    if (to > this.data.length) this.growData(to);
    const data = this.data;
    // A loop beats `set(subarray())` for the short strings that most columns hold.
    if (end - start <= 32) {
      for (let i = start, j = from; i < end; i++, j++) data[j] = source[i]!;
    } else {
      data.set(source.subarray(start, end), from);
    }
    const row = this.nextRow();
    this.offsets[row + 1] = to;
  }

  /** Adds text. */
  appendText(text: string): void {
    const from = this.offsets[this.length]!;
    const most = from + text.length * 3;
    if (most > this.data.length) this.growData(most);
    const { written } = encoder.encodeInto(text, this.data.subarray(from));
    const row = this.nextRow();
    this.offsets[row + 1] = from + written;
  }

  /** The bytes of a row, not copied. */
  bytesAt(row: number): Uint8Array {
    return this.data.subarray(this.offsets[row]!, this.offsets[row + 1]!);
  }

  /** Bytes held by the arrays. */
  override get byteSize(): number {
    return this.offsets.byteLength + this.data.byteLength;
  }

  /** Adds a row of no bytes, to be marked as null. */
  protected override appendEmpty(): void {
    this.appendBytes(this.data, 0, 0);
  }

  /** Adds well-formed text, or bytes for a binary type. */
  protected override appendValue(value: unknown): void {
    if (this.type === "string" && typeof value === "string" && value.isWellFormed()) {
      this.appendText(value);
    } else if (this.type === "binary" && value instanceof Uint8Array) {
      this.appendBytes(value, 0, value.length);
    } else {
      throw this.badValue(value);
    }
  }

  /** The text of a row, or a copy of its bytes. */
  protected override valueAt(row: number): string | Uint8Array {
    if (this.type !== "string") return this.bytesAt(row).slice();
    const start = this.offsets[row]!;
    const end = this.offsets[row + 1]!;
    if (end - start > MAX_REMEMBERED_BYTES) return decoder.decode(this.bytesAt(row));
    const data = this.data;
    let hash = end - start;
    for (let i = start; i < end; i++) hash = Math.imul(hash, 31) + data[i]!;
    const slot = (hash ^ hash >>> 15) & REMEMBERED_TEXTS - 1;
    const remembered = this.#texts[slot];
    if (remembered !== undefined && this.#isSame(this.#textRows[slot]!, start, end)) {
      return remembered;
    }
    const text = decoder.decode(data.subarray(start, end));
    this.#texts[slot] = text;
    this.#textRows[slot] = row;
    return text;
  }

  /** Forgets the rows from `length` on. */
  override truncate(length: number): void {
    super.truncate(length);
    this.#texts = [];
  }

  /** Makes the arrays hold `capacity` rows. */
  protected override resize(capacity: number): void {
    this.offsets = grown(this.offsets, capacity + 1);
  }

  /** A new column of the given rows without their validity. */
  protected override takeValues(rows: Int32Array): BytesColumn {
    let bytes = 0;
    for (let i = 0; i < rows.length; i++) {
      bytes += this.offsets[rows[i]! + 1]! - this.offsets[rows[i]!]!;
    }
    const taken = new BytesColumn(this.type, rows.length);
    taken.data = new Uint8Array(bytes);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      taken.appendBytes(this.data, this.offsets[row]!, this.offsets[row + 1]!);
    }
    return taken;
  }

  /** True if the bytes of a row are `data[start, end)`. */
  #isSame(row: number, start: number, end: number): boolean {
    const { data, offsets } = this;
    let at = offsets[row]!;
    if (offsets[row + 1]! - at !== end - start) return false;
    for (let i = start; i < end; i++) if (data[i] !== data[at++]) return false;
    return true;
  }

  /** Makes room for `needed` bytes in all. */
  private growData(needed: number): void {
    refuseTooManyBytes(needed);
    const doubled = Math.max(needed, this.data.length * 2, 64);
    this.data = grown(this.data, Math.min(doubled, MAX_COLUMN_BYTES));
  }
}

/** Refuses more bytes than the offsets of a column can count. */
export function refuseTooManyBytes(bytes: number): void {
  if (bytes <= MAX_COLUMN_BYTES) return;
  throw new SluiceError("COLUMN_TOO_LARGE", {
    attempted: "add a value to a string or binary column",
    found: `${bytes} bytes in one batch`,
    wanted: `at most ${MAX_COLUMN_BYTES}`,
    hint: "make batches smaller with maxOffsetsPerTrigger or maxBytesPerTrigger",
  });
}
