import type { StateTable } from "../../state/mod.ts";
import {
  HAS_PARTNER,
  hasPartner,
  IS_POINTER,
  IS_RIGHT,
  JoinEntryWriter,
  JoinRecords,
  setPartner,
} from "./join_entry.ts";
import type { JoinSide } from "./join_side.ts";

/** So many rows of a key lie together, where they are read and written at once. */
const MAX_ROWS_OF_HEAD = 32;
/** So many of the others lie in one entry, which is written again when one of them matches. */
const MAX_ROWS_OF_CHUNK = 256;

/** An entry that was read, and may have been changed since. */
interface ReadEntry {
  readonly key: Uint8Array;
  value: Uint8Array;
  isChanged: boolean;
}

/** Where a row of the state was read. */
interface Place {
  readonly entry: ReadEntry;
  /** Where its record starts. */
  readonly start: number;
}

/** The rows of one key: those of the batch, and what the state has of it. */
export interface KeyRows {
  /** The key in bytes. */
  readonly key: Uint8Array;
  /** The fresh rows of either side. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** The entry of the key itself. */
  head?: ReadEntry;
  /** Entries with more rows of it; absent if there are none. */
  chunks?: ReadEntry[];
}

/** Rows of both sides that come out without a partner, by their index in their side. */
export interface AloneRows {
  readonly left: number[];
  readonly right: number[];
}

/**
 * The rows that a join remembers, while a batch is run. The rows of a key, of both sides, are one entry
 * as long as they are few, so that a key costs one read and one write; if they are many, all but the
 * newest are in entries of their own behind it, so that these are not written again with every batch.
 */
export class JoinState {
  readonly #table: StateTable;
  readonly #left: JoinSide;
  readonly #right: JoinSide;
  readonly #batchId: number;
  readonly #watermarkMicros: bigint;
  readonly #writer = new JoinEntryWriter();
  /** Where the rows were read that are behind the fresh ones of a side, if they may come out alone. */
  readonly #leftPlaces: Place[] = [];
  readonly #rightPlaces: Place[] = [];

  /** Takes up the table for a batch. */
  constructor(
    table: StateTable,
    left: JoinSide,
    right: JoinSide,
    { batchId, watermarkMicros }: { readonly batchId: number; readonly watermarkMicros: bigint },
  ) {
    this.#table = table;
    this.#left = left;
    this.#right = right;
    this.#batchId = batchId;
    this.#watermarkMicros = watermarkMicros;
  }

  /** Reads the rows of a key that its fresh rows may match: they are added to their sides. */
  load(rows: KeyRows): void {
    const value = this.#table.get(rows.key);
    if (value === undefined) return;
    rows.head = { key: rows.key, value, isChanged: false };
    if (!this.#read(rows.head, rows)) return;
    rows.chunks = [];
    for (const { key, value } of this.#table.withPrefix(rows.key)) {
      if (key.length === rows.key.length) continue;
      const chunk = { key, value, isChanged: false };
      rows.chunks.push(chunk);
      this.#read(chunk, rows);
    }
  }

  /** Notes that rows have matched. */
  setMatched(leftRows: Int32Array, rightRows: Int32Array): void {
    if (this.#left.isOuter) setAllMatched(this.#left, leftRows, this.#leftPlaces);
    if (this.#right.isOuter) setAllMatched(this.#right, rightRows, this.#rightPlaces);
  }

  /** Writes the rows of a key that may match rows yet to come; adds to `alone` those that never will. */
  store(rows: KeyRows, alone: AloneRows): void {
    const { key, head, chunks } = rows;
    for (const chunk of chunks ?? []) if (chunk.isChanged) this.#rewrite(chunk, alone);
    const numBefore = head === undefined ? 0 : this.#keep(head.value, alone);
    const numOld = this.#writer.numRecords;
    this.#addFresh(this.#left, rows.left, 0, alone.left);
    this.#addFresh(this.#right, rows.right, IS_RIGHT, alone.right);
    const isChanged = head?.isChanged === true || numOld < numBefore ||
      this.#writer.numRecords > numOld;
    if (!isChanged) this.#writer.take();
    else if (this.#writer.numRecords > MAX_ROWS_OF_HEAD) this.#spill(key);
    else this.#put(key);
  }

  /** Forgets all rows that are over; adds to `alone` those without a partner. */
  removeOver(alone: AloneRows): void {
    if (this.#left.isOuter || this.#right.isOuter) {
      const rest: [key: Uint8Array, value: Uint8Array, timeMicros: bigint | undefined][] = [];
      for (const { key, value } of this.#table.upTo(this.#watermarkMicros)) {
        this.#keep(value, alone);
        const { timeMicros } = this.#writer;
        const records = this.#writer.take();
        if (records.length > 0) rest.push([key, records, timeMicros]);
      }
      for (const entry of rest) this.#table.put(...entry);
    }
    this.#table.removeUpTo(this.#watermarkMicros);
  }

  /** Adds the rows of an entry to their sides; returns whether there are more elsewhere. */
  #read(entry: ReadEntry, fresh: KeyRows): boolean {
    let hasMore = false;
    const records = new JoinRecords(entry.value);
    while (records.next()) {
      const { flags } = records;
      if ((flags & IS_POINTER) !== 0) {
        hasMore = true;
      } else if ((flags & IS_RIGHT) !== 0) {
        if (fresh.left.length > 0) add(this.#right, this.#rightPlaces, entry, records);
      } else if (fresh.right.length > 0) {
        add(this.#left, this.#leftPlaces, entry, records);
      }
    }
    return hasMore;
  }

  /** Copies the records that are not over; returns how many there were. */
  #keep(entry: Uint8Array, alone: AloneRows): number {
    let numRecords = 0;
    const records = new JoinRecords(entry);
    while (records.next()) {
      numRecords++;
      const { flags } = records;
      if (records.expiryMicros > this.#watermarkMicros) this.#writer.copy(records);
      else if ((flags & (HAS_PARTNER | IS_POINTER)) !== 0) continue;
      else if ((flags & IS_RIGHT) !== 0) alone.right.push(this.#right.add(records.row));
      else alone.left.push(this.#left.add(records.row));
    }
    return numRecords;
  }

  #addFresh(side: JoinSide, rows: Int32Array, flag: number, alone: number[]): void {
    for (const row of rows) {
      const expiryMicros = side.expiryOf(row);
      // Where no row comes out without a partner, none is missing one.
      const flags = !side.isOuter || side.isMatched(row) ? flag | HAS_PARTNER : flag;
      if (expiryMicros !== undefined && expiryMicros > this.#watermarkMicros) {
        this.#writer.add(flags, expiryMicros, side.encode(row));
      } else if ((flags & HAS_PARTNER) === 0) {
        alone.push(row);
      }
    }
  }

  /** Writes what the writer has; an entry without records is removed. */
  #put(key: Uint8Array): void {
    const time = this.#writer.timeMicros;
    const value = this.#writer.take();
    if (value.length === 0) this.#table.remove(key);
    else this.#table.put(key, value, time);
  }

  #rewrite({ key, value }: ReadEntry, alone: AloneRows): void {
    this.#keep(value, alone);
    this.#put(key);
  }

  /** Moves the rows of a key into entries behind it, and leaves a pointer to them. */
  #spill(key: Uint8Array): void {
    const lastOver = this.#writer.lastOver;
    const records = new JoinRecords(this.#writer.take());
    let chunkId = 0;
    while (records.next()) {
      if ((records.flags & IS_POINTER) !== 0) continue;
      this.#writer.copy(records);
      if (this.#writer.numRecords < MAX_ROWS_OF_CHUNK) continue;
      this.#put(chunkKey(key, this.#batchId, chunkId++));
    }
    if (this.#writer.numRecords > 0) this.#put(chunkKey(key, this.#batchId, chunkId));
    this.#writer.add(IS_POINTER, lastOver);
    this.#put(key);
  }
}

function add(side: JoinSide, places: Place[], entry: ReadEntry, records: JoinRecords): void {
  side.add(records.row);
  if (side.isOuter) places.push({ entry, start: records.start });
}

function setAllMatched(
  side: JoinSide,
  rows: Int32Array,
  places: readonly Place[],
): void {
  for (const row of rows) {
    const stored = row - side.fresh.numRows;
    if (stored < 0) {
      side.setMatched(row);
      continue;
    }
    const { entry, start } = places[stored]!;
    if (hasPartner(entry.value, start)) continue;
    // The bytes that were read are the table's.
    if (!entry.isChanged) entry.value = entry.value.slice();
    entry.isChanged = true;
    setPartner(entry.value, start);
  }
}

/** Behind the key come the batch and a number within it. */
function chunkKey(key: Uint8Array, batchId: number, chunkId: number): Uint8Array {
  const bytes = new Uint8Array(key.length + 8);
  bytes.set(key);
  const view = new DataView(bytes.buffer);
  view.setUint32(key.length, batchId);
  view.setUint32(key.length + 4, chunkId);
  return bytes;
}
