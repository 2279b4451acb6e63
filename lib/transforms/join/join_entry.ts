/**
 * The rows of one key in the state, of both sides, one record behind the other: how long its row is, what
 * is known of it, when it is over, and the row.
 */
const FLAGS_AT = 4;
const EXPIRY_AT = 5;
const ROW_AT = 13;

/** What is known of a row. */
export const IS_RIGHT = 1;
/** It has matched, or need not: where rows without a partner come out, it is none. */
export const HAS_PARTNER = 2;
/** No row: others of the key are in entries of their own, all of them over when this is. */
export const IS_POINTER = 4;

/** When a row is over that never is. */
export const NEVER = 2n ** 63n - 1n;

const EMPTY = new Uint8Array();

/** Goes through the records of an entry, in the order in which they were written: `next`, then look. */
export class JoinRecords {
  /** The entry. */
  readonly entry: Uint8Array;
  /** Where the record starts in the entry. */
  start = 0;
  /** Where it ends (exclusive). */
  end = 0;
  readonly #view: DataView;

  /** Starts before the first record. */
  constructor(entry: Uint8Array) {
    this.entry = entry;
    this.#view = new DataView(entry.buffer, entry.byteOffset, entry.byteLength);
  }

  /** Goes to the next record; false if there is none. */
  next(): boolean {
    this.start = this.end;
    if (this.start === this.entry.length) return false;
    this.end = this.start + ROW_AT + this.#view.getUint32(this.start);
    return true;
  }

  /** What is known of the row. */
  get flags(): number {
    return this.entry[this.start + FLAGS_AT]!;
  }

  /** When the row is over, in microseconds since 1970; `NEVER` for one that is kept for ever. */
  get expiryMicros(): bigint {
    return this.#view.getBigInt64(this.start + EXPIRY_AT);
  }

  /** The row, not copied. */
  get row(): Uint8Array {
    return this.entry.subarray(this.start + ROW_AT, this.end);
  }
}

/** Notes in the entry that the row of a record, which starts there, has matched. */
export function setPartner(entry: Uint8Array, start: number): void {
  entry[start + FLAGS_AT]! |= HAS_PARTNER;
}

/** True if the row of a record, which starts there, has matched. */
export function hasPartner(entry: Uint8Array, start: number): boolean {
  return (entry[start + FLAGS_AT]! & HAS_PARTNER) !== 0;
}

/** Makes an entry. Can be used again once the entry was taken. */
export class JoinEntryWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #numRecords = 0;
  #firstAlone: bigint | undefined;
  #lastOver: bigint | undefined;

  /** How many records there are. */
  get numRecords(): number {
    return this.#numRecords;
  }

  /**
   * When the entry has to be looked at: when the first of its rows is over that would come out without a
   * partner, else when all are over; in microseconds since 1970, `undefined` if never.
   */
  get timeMicros(): bigint | undefined {
    const time = this.#firstAlone ?? this.#lastOver;
    return time === NEVER ? undefined : time;
  }

  /** When all rows are over. */
  get lastOver(): bigint {
    return this.#lastOver!;
  }

  /** Adds a row. */
  add(flags: number, expiryMicros: bigint, row: Uint8Array = EMPTY): void {
    const at = this.#length;
    this.#reserve(at + ROW_AT + row.length);
    this.#view.setUint32(at, row.length);
    this.#bytes[at + FLAGS_AT] = flags;
    this.#view.setBigInt64(at + EXPIRY_AT, expiryMicros);
    this.#bytes.set(row, at + ROW_AT);
    this.#added(at + ROW_AT + row.length, flags, expiryMicros);
  }

  /** Adds a record of another entry as it is. */
  copy({ entry, start, end, flags, expiryMicros }: JoinRecords): void {
    const at = this.#length;
    this.#reserve(at + end - start);
    this.#bytes.set(entry.subarray(start, end), at);
    this.#added(at + end - start, flags, expiryMicros);
  }

  /** The entry in bytes of its own, which the writer then forgets. */
  take(): Uint8Array {
    const entry = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    this.#numRecords = 0;
    this.#firstAlone = undefined;
    this.#lastOver = undefined;
    return entry;
  }

  #added(end: number, flags: number, expiryMicros: bigint): void {
    this.#length = end;
    this.#numRecords++;
    if (this.#lastOver === undefined || expiryMicros > this.#lastOver) {
      this.#lastOver = expiryMicros;
    }
    if ((flags & (HAS_PARTNER | IS_POINTER)) !== 0) return;
    if (this.#firstAlone === undefined || expiryMicros < this.#firstAlone) {
      this.#firstAlone = expiryMicros;
    }
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(length, this.#bytes.length * 2));
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
