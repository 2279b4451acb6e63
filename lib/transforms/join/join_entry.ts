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

/** One record of an entry. */
export interface JoinRecord {
  /** Where it starts in the entry, and the end (exclusive). */
  readonly start: number;
  readonly end: number;
  readonly flags: number;
  /** In microseconds since 1970; `NEVER` for a row that is kept for ever. */
  readonly expiryMicros: bigint;
}

/** The records of an entry, in the order in which they were written. */
export function* readRecords(entry: Uint8Array): Generator<JoinRecord> {
  const view = new DataView(entry.buffer, entry.byteOffset, entry.byteLength);
  for (let start = 0; start < entry.length;) {
    const end = start + ROW_AT + view.getUint32(start);
    const flags = entry[start + FLAGS_AT]!;
    yield { start, end, flags, expiryMicros: view.getBigInt64(start + EXPIRY_AT) };
    start = end;
  }
}

/** The row of a record, not copied. */
export function rowBytes(entry: Uint8Array, { start, end }: JoinRecord): Uint8Array {
  return entry.subarray(start + ROW_AT, end);
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
  copy(entry: Uint8Array, { start, end, flags, expiryMicros }: JoinRecord): void {
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
