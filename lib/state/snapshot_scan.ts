import { SluiceError } from "../core/mod.ts";
import { mapKey } from "./map_key.ts";
import type { StateEntry } from "./state_table.ts";

/** Entries of a table in some order, of which a scan takes a page at a time. */
export interface ScanOrder {
  /** The first entries behind `last` (from the start if there is none), at most `limit`. */
  page(last: StateEntry | undefined, limit: number): StateEntry[];
  /** True for the entries that the scan is about. */
  includes(entry: StateEntry): boolean;
  /** Negative, zero or positive as `a` comes before, with or behind `b`. */
  compare(a: StateEntry, b: StateEntry): number;
}

/** Most scans find a few entries: their first page is the last. */
const FIRST_PAGE_ROWS = 64;
const MAX_PAGE_ROWS = 4096;
/** What a page of entries should be at most, by the size of those before. */
const PAGE_BYTES = 256 * 1024;

/**
 * The entries of a table as they were when the scan was made, read page by page. The table tells it
 * of every write (`willWrite`), and it remembers how the entries that it has yet to read were
 * before: as a rule none, since who scans and writes mostly writes what was read just now.
 */
export class SnapshotScan implements IterableIterator<StateEntry> {
  readonly #order: ScanOrder;
  readonly #onEnd: (scan: SnapshotScan) => void;
  /** Entries that were written since, by key, as they were; `undefined`: nothing is left to read of it. */
  readonly #before = new Map<string, StateEntry | undefined>();
  #page: readonly StateEntry[] = [];
  #next = 0;
  #last: StateEntry | undefined;
  #isRead = false;
  #isCut = false;

  /** Reads the first page. `onEnd` is called once the table need not tell of its writes any more. */
  constructor(order: ScanOrder, onEnd: (scan: SnapshotScan) => void) {
    this.#order = order;
    this.#onEnd = onEnd;
    this.#readPage();
  }

  /** True when all pages were read: the table's writes do not matter any more. */
  get isRead(): boolean {
    return this.#isRead;
  }

  /** To be called before an entry is written or removed, with what it is and what it will be. */
  willWrite(old: StateEntry | undefined, written: StateEntry | undefined): void {
    const wasAhead = old !== undefined && this.#isAhead(old);
    if (!wasAhead && !(written !== undefined && this.#isAhead(written))) return;
    const key = mapKey((old ?? written)!.key);
    if (!this.#before.has(key)) this.#before.set(key, wasAhead ? old : undefined);
  }

  /** Makes the scan end with an error: what it has yet to read was rolled back. */
  cut(): void {
    this.#isCut = true;
    this.#end();
  }

  /** The next entry. */
  next(): IteratorResult<StateEntry> {
    while (this.#next === this.#page.length) {
      if (this.#isCut) throw cutError();
      if (this.#isRead) return { done: true, value: undefined };
      this.#readPage();
    }
    return { done: false, value: this.#page[this.#next++]! };
  }

  /** Ends the scan early, as a loop does that is left. */
  return(): IteratorResult<StateEntry> {
    this.#page = [];
    this.#next = 0;
    this.#end();
    return { done: true, value: undefined };
  }

  /** The scan itself: it can be gone through once. */
  [Symbol.iterator](): this {
    return this;
  }

  #readPage(): void {
    const limit = this.#pageRows();
    const found = this.#order.page(this.#last, limit);
    const isLastPage = found.length < limit;
    if (found.length > 0) this.#last = found.at(-1)!;
    this.#page = this.#asBefore(found, isLastPage);
    this.#next = 0;
    if (isLastPage) this.#end();
  }

  /** The entries of a page as they were: without what was written since, with what was there instead. */
  #asBefore(found: StateEntry[], isLastPage: boolean): StateEntry[] {
    if (this.#before.size === 0) return found;
    const entries = found.filter((entry) => !this.#before.has(mapKey(entry.key)));
    for (const [key, old] of this.#before) {
      if (old === undefined || !(isLastPage || this.#order.compare(old, this.#last!) <= 0)) {
        continue;
      }
      entries.push(old);
      this.#before.set(key, undefined);
    }
    return entries.sort((a, b) => this.#order.compare(a, b));
  }

  #pageRows(): number {
    if (this.#page.length === 0) return FIRST_PAGE_ROWS;
    let bytes = 0;
    for (const { key, value } of this.#page) bytes += key.length + value.length;
    const fitting = Math.floor(PAGE_BYTES * this.#page.length / Math.max(bytes, 1));
    return Math.min(Math.max(fitting, 1), MAX_PAGE_ROWS);
  }

  #isAhead(entry: StateEntry): boolean {
    return !this.#isRead && this.#order.includes(entry) &&
      (this.#last === undefined || this.#order.compare(entry, this.#last) > 0);
  }

  #end(): void {
    this.#isRead = true;
    this.#before.clear();
    this.#onEnd(this);
  }
}

function cutError(): SluiceError {
  return new SluiceError("STATE_ROLLED_BACK", {
    attempted: "read on in a table of state",
    found: "the batch was rolled back since",
    wanted: "an iterator that is made and read in one batch",
  });
}
