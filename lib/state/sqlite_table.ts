import type { StatementResultingChanges, StatementSync } from "node:sqlite";
import { SluiceError } from "../core/mod.ts";
import { compareBytes, endOfPrefix, nextBytes } from "./compare_bytes.ts";
import { type ScanOrder, SnapshotScan } from "./snapshot_scan.ts";
import type { StateDatabase } from "./state_database.ts";
import type { StateEntry, StateTable } from "./state_table.ts";

const NO_BYTES = new Uint8Array(0);
const MIN_MICROS = -(2n ** 63n);
const MAX_MICROS = 2n ** 63n - 1n;

type StoredRow = [key: Uint8Array, value: Uint8Array, timeMicros: bigint | null];

/** Which table it is, for errors and for the list of tables. */
export interface TableName {
  /** The number of its table in the database. */
  readonly id: number;
  /** The operator whose it is. */
  readonly operator: string;
  /** What the operator calls it. */
  readonly name: string;
}

/** A table of state as a table of SQLite, with the number of its rows kept beside it. */
export class SqliteTable implements StateTable {
  /** Which table it is. */
  readonly tableName: TableName;
  /** How many entries were written since the last `begin`. */
  numRowsUpdated = 0;
  /** How many entries were removed since the last `begin`. */
  numRowsRemoved = 0;
  readonly #database: StateDatabase;
  readonly #sql: Statements;
  readonly #scans = new Set<SnapshotScan>();
  readonly #endScan = (scan: SnapshotScan) => this.#scans.delete(scan);
  readonly #reading: string;
  readonly #writing: string;
  #numRows: number;
  #committedRows: number;

  /** Takes up a table that is there and has this many rows. */
  constructor(database: StateDatabase, tableName: TableName, numRows: number) {
    this.tableName = tableName;
    this.#database = database;
    this.#reading = `read table "${tableName.name}" of operator "${tableName.operator}"`;
    this.#writing = `write to table "${tableName.name}" of operator "${tableName.operator}"`;
    this.#sql = new Statements(database, tableName.id);
    this.#numRows = numRows;
    this.#committedRows = numRows;
  }

  /** The SQL that makes a table. The index on time has only the entries that have one. */
  static ddl(id: number): string {
    return `CREATE TABLE state_${id} (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL,
        time INTEGER) STRICT, WITHOUT ROWID;
      CREATE INDEX state_${id}_time ON state_${id} (time) WHERE time IS NOT NULL;`;
  }

  /** How many entries there are. */
  get numRows(): number {
    return this.#numRows;
  }

  /** True if the number of rows is not the committed one. */
  get hasNewCount(): boolean {
    return this.#numRows !== this.#committedRows;
  }

  /** The value of a key. */
  get(key: Uint8Array): Uint8Array | undefined {
    try {
      return (this.#sql.get.get(key) as unknown as [Uint8Array] | undefined)?.[0];
    } catch (error) {
      throw this.#failedRead(error);
    }
  }

  /** Writes an entry, in the place of the one that has its key. */
  put(key: Uint8Array, value: Uint8Array, timeMicros?: bigint): void {
    if (this.#scans.size > 0) this.#willWrite(key, { key, value, timeMicros });
    const time = storedTime(timeMicros);
    const replacedBefore = this.#database.replacedRows;
    this.#write(() => this.#sql.put.run(key, value, time));
    if (this.#database.replacedRows === replacedBefore) this.#numRows++;
    this.numRowsUpdated++;
  }

  /** Writes an entry unless its key is there; returns whether it was written. */
  putIfAbsent(key: Uint8Array, value: Uint8Array, timeMicros?: bigint): boolean {
    if (this.#scans.size > 0) {
      if (this.get(key) !== undefined) return false;
      this.put(key, value, timeMicros);
      return true;
    }
    const time = storedTime(timeMicros);
    if (this.#write(() => this.#sql.putIfAbsent.run(key, value, time)) === 0) return false;
    this.#numRows++;
    this.numRowsUpdated++;
    return true;
  }

  /** Removes an entry if it is there; returns whether it was. */
  remove(key: Uint8Array): boolean {
    if (this.#scans.size > 0) this.#willWrite(key, undefined);
    if (this.#write(() => this.#sql.remove.run(key)) === 0) return false;
    this.#countRemoved(1);
    return true;
  }

  /** The entries whose keys begin with these bytes, in the order of their keys. */
  withPrefix(prefix: Uint8Array): Iterable<StateEntry> {
    const end = endOfPrefix(prefix);
    return this.#scan({
      page: (last, limit) => {
        const start = last === undefined ? prefix : nextBytes(last.key);
        return end === undefined
          ? this.#read(this.#sql.fromKey, start, limit)
          : this.#read(this.#sql.betweenKeys, start, end, limit);
      },
      includes: ({ key }) =>
        compareBytes(key, prefix) >= 0 && (end === undefined || compareBytes(key, end) < 0),
      compare: (a, b) => compareBytes(a.key, b.key),
    });
  }

  /** The entries with a time of at most this, in the order of their times and then their keys. */
  upTo(timeMicros: bigint): Iterable<StateEntry> {
    return this.#scan({
      page: (last, limit) =>
        this.#read(
          this.#sql.upTo,
          last?.timeMicros ?? MIN_MICROS,
          last === undefined ? NO_BYTES : nextBytes(last.key),
          clampedTime(timeMicros),
          limit,
        ),
      includes: (entry) => entry.timeMicros !== undefined && entry.timeMicros <= timeMicros,
      compare: (a, b) =>
        a.timeMicros === b.timeMicros
          ? compareBytes(a.key, b.key)
          : a.timeMicros! < b.timeMicros!
          ? -1
          : 1,
    });
  }

  /** Removes the entries with a time of at most this; returns how many. */
  removeUpTo(timeMicros: bigint): number {
    if (this.#scans.size > 0) return this.#removeOneByOne(this.upTo(timeMicros));
    const removed = this.#write(() => this.#sql.removeUpTo.run(clampedTime(timeMicros)));
    this.#countRemoved(removed);
    return removed;
  }

  /** The earliest time of all entries; `undefined` if none has one. */
  earliestMicros(): bigint | undefined {
    try {
      return (this.#sql.earliest.get() as unknown as [bigint] | undefined)?.[0];
    } catch (error) {
      throw this.#failedRead(error);
    }
  }

  /** All entries, in the order of their keys. */
  entries(): Iterable<StateEntry> {
    return this.withPrefix(NO_BYTES);
  }

  /** Counts what is written and removed from 0 again. */
  resetCounts(): void {
    this.numRowsUpdated = 0;
    this.numRowsRemoved = 0;
  }

  /** What was written is committed. */
  committed(): void {
    this.#committedRows = this.#numRows;
  }

  /** What was written is gone. */
  rolledBack(): void {
    this.#numRows = this.#committedRows;
    this.resetCounts();
    for (const scan of this.#scans) scan.cut();
  }

  #scan(order: ScanOrder): SnapshotScan {
    const scan = new SnapshotScan(order, this.#endScan);
    if (!scan.isRead) this.#scans.add(scan);
    return scan;
  }

  /** Tells the scans that are being read of a write. */
  #willWrite(key: Uint8Array, written: StateEntry | undefined): void {
    const [old] = this.#read(this.#sql.entry, key);
    for (const scan of this.#scans) scan.willWrite(old, written);
  }

  #removeOneByOne(entries: Iterable<StateEntry>): number {
    let removed = 0;
    for (const { key } of entries) {
      this.remove(key);
      removed++;
    }
    return removed;
  }

  #countRemoved(rows: number): void {
    this.#numRows -= rows;
    this.numRowsRemoved += rows;
  }

  /** Runs a statement that writes; returns how many rows it wrote. */
  #write(run: () => StatementResultingChanges): number {
    return Number(this.#database.write(this.#writing, run).changes);
  }

  #read(statement: StatementSync, ...values: (Uint8Array | bigint | number)[]): StateEntry[] {
    try {
      const rows = statement.all(...values) as unknown as StoredRow[];
      return rows.map(([key, value, time]) => ({ key, value, timeMicros: time ?? undefined }));
    } catch (error) {
      throw this.#failedRead(error);
    }
  }

  #failedRead(error: unknown): unknown {
    return this.#database.failed(this.#reading, error);
  }
}

/** The statements of a table, each prepared once. */
class Statements {
  readonly get: StatementSync;
  readonly entry: StatementSync;
  /** SQLite does not say whether it found the key; `replaced()` is called if it did. */
  readonly put: StatementSync;
  readonly putIfAbsent: StatementSync;
  readonly remove: StatementSync;
  readonly betweenKeys: StatementSync;
  readonly fromKey: StatementSync;
  readonly upTo: StatementSync;
  readonly removeUpTo: StatementSync;
  readonly earliest: StatementSync;

  constructor(database: StateDatabase, id: number) {
    const table = `state_${id}`;
    const entries = `SELECT key, value, time FROM ${table}`;
    // For a bare "LIMIT ?" SQLite plans the statement anew each time that it is run.
    const limit = "LIMIT ? + 0";
    const prepare = (sql: string) => database.prepare(sql);
    this.get = prepare(`SELECT value FROM ${table} WHERE key = ?`);
    this.entry = prepare(`${entries} WHERE key = ?`);
    this.put = prepare(`INSERT INTO ${table} VALUES (?, ?, ?) ON CONFLICT (key) DO
      UPDATE SET value = excluded.value, time = excluded.time WHERE replaced()`);
    this.putIfAbsent = prepare(
      `INSERT INTO ${table} VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING`,
    );
    this.remove = prepare(`DELETE FROM ${table} WHERE key = ?`);
    this.betweenKeys = prepare(`${entries} WHERE key >= ? AND key < ? ORDER BY key ${limit}`);
    this.fromKey = prepare(`${entries} WHERE key >= ? ORDER BY key ${limit}`);
    this.upTo = prepare(`${entries} WHERE (time, key) >= (?, ?) AND time <= ?
      ORDER BY time, key ${limit}`);
    this.removeUpTo = prepare(`DELETE FROM ${table} WHERE time <= ?`);
    this.earliest = prepare(`SELECT time FROM ${table} WHERE time IS NOT NULL
      ORDER BY time LIMIT 1`);
  }
}

function storedTime(timeMicros: bigint | undefined): bigint | null {
  if (timeMicros === undefined) return null;
  if (timeMicros >= MIN_MICROS && timeMicros <= MAX_MICROS) return timeMicros;
  throw new SluiceError("BAD_VALUE", {
    attempted: "write an entry of state",
    found: `a time of ${timeMicros} microseconds`,
    wanted: "64 bits",
  });
}

function clampedTime(timeMicros: bigint): bigint {
  return timeMicros < MIN_MICROS ? MIN_MICROS : timeMicros > MAX_MICROS ? MAX_MICROS : timeMicros;
}
