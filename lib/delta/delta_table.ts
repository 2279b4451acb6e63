import type { Table } from "apache-arrow";
import { Batch, createColumn, Schema, SluiceError } from "../core/mod.ts";
import { decodeParquet, toArrow } from "../parquet/mod.ts";
import type {
  AddFile,
  CommitInfo,
  Metadata,
  Protocol,
  SetTransaction,
} from "./protocol/actions.ts";
import { type ColumnMapping, columnMapping } from "./protocol/column_mapping.ts";
import { readDeletionVector } from "./files/deletion_vector.ts";
import { withStorageErrors } from "./protocol/delta_error.ts";
import { localLogStore } from "./log/local_log_store.ts";
import { parseLogName } from "./log/log_files.ts";
import type { LogStore } from "./log/log_store.ts";
import { dataFilePath, parsePartitionValue } from "./files/partition_values.ts";
import { loadSnapshot, readCommit, type Snapshot } from "./log/snapshot.ts";
import { tablePathOf } from "./protocol/table_path.ts";
import { type TimeTravel, versionAt } from "./log/time_travel.ts";

/** One entry of a table's history. */
export interface HistoryEntry extends CommitInfo {
  /** The version that it made. */
  readonly version: number;
}

/**
 * A Delta table at one version, to look into.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "assert";
 * import { Batch, schema as s } from "../core/mod.ts";
 * import { delta } from "./sink/delta_sink.ts";
 * import { DeltaTable } from "./delta_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * equal(await DeltaTable.exists(path), false);
 *
 * const schema = s.struct({ symbol: s.string(), trade_id: s.long() });
 * const batch = new Batch(schema);
 * batch.append({ symbol: "BTCUSDT", trade_id: 1n });
 * const writer = await delta({ path }).open({ queryId: "q", queryName: "trades", schema });
 * const microBatch = { batchId: 0, batch, deadLetters: [], startOffsets: {}, endOffsets: {} };
 * await (await writer.stage(microBatch)).commit();
 * await writer.close();
 *
 * const table = await DeltaTable.open(path);
 * equal(table.version, 0);
 * equal(table.files().length, 1);
 * equal(table.txn("q")?.version, 0);
 * deepEqual(await Array.fromAsync(table.rows()), [{ symbol: "BTCUSDT", trade_id: 1n }]);
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export class DeltaTable {
  /** The table's folder. */
  readonly path: string;
  readonly #store: LogStore;
  readonly #snapshot: Snapshot;
  #mapping: ColumnMapping | undefined;

  private constructor(path: string, store: LogStore, snapshot: Snapshot) {
    this.path = path;
    this.#store = store;
    this.#snapshot = snapshot;
  }

  /**
   * Opens a table at its newest version, or at the one given by number or time.
   *
   * @throws {SluiceError} `TABLE_NOT_FOUND`, `VERSION_NOT_FOUND`, `CORRUPT_LOG` or
   * `UNSUPPORTED_FEATURE`.
   */
  static async open(path: string, at?: number | TimeTravel): Promise<DeltaTable> {
    const tablePath = tablePathOf(path);
    const store = localLogStore(tablePath);
    const snapshot = await withStorageErrors(
      "open a Delta table",
      tablePath,
      () => openAt(store, at),
    );
    if (snapshot === undefined) {
      throw new SluiceError("TABLE_NOT_FOUND", {
        attempted: "open a Delta table",
        where: tablePath,
        found: "no _delta_log with a commit",
      });
    }
    return new DeltaTable(tablePath, store, snapshot);
  }

  /** True if there is a table in this folder. */
  static async exists(path: string): Promise<boolean> {
    const names = await localLogStore(tablePathOf(path)).list();
    return names.some((name) => parseLogName(name) !== undefined);
  }

  /** The version that was opened. */
  get version(): number {
    return this.#snapshot.version;
  }

  /** What a client must understand. */
  get protocol(): Protocol {
    return this.#snapshot.protocol;
  }

  /** The table's id, partition columns and properties. */
  get metadata(): Metadata {
    return this.#snapshot.metadata;
  }

  /** The table's columns. */
  schema(): Schema {
    return this.#snapshot.schema;
  }

  /** The table's data files. */
  files(): AddFile[] {
    return [...this.#snapshot.files()];
  }

  /** How far an application has come; `undefined` if it never wrote here. */
  txn(appId: string): SetTransaction | undefined {
    return this.#snapshot.txn(appId);
  }

  /** What made each version that the log still has as a commit, newest first. */
  async history(): Promise<HistoryEntry[]> {
    const entries: HistoryEntry[] = [];
    for (let version = this.version; version >= 0; version--) {
      const commit = await readCommit(this.#store, version);
      if (commit === undefined) break;
      const commitInfo = commit.actions.find((action) => action.commitInfo !== undefined)
        ?.commitInfo;
      entries.push({ ...commitInfo, version });
    }
    return entries;
  }

  /** The table's rows, a batch for each data file. */
  async *toBatches(): AsyncGenerator<Batch> {
    for (const file of this.#snapshot.files()) yield await this.#readFile(file);
  }

  /** The table's rows, in no order that means anything. */
  async *rows(): AsyncGenerator<Record<string, unknown>> {
    for await (const batch of this.toBatches()) yield* batch.rows();
  }

  /** The whole table as an Arrow table, in memory; a record batch for each data file. */
  async toArrow(): Promise<Table> {
    const batches = await Array.fromAsync(this.toBatches());
    return await toArrow(batches.length === 0 ? [new Batch(this.schema())] : batches);
  }

  async #readFile(file: AddFile): Promise<Batch> {
    const schema = this.schema();
    const { partitionColumns } = this.metadata;
    const stored = schema.fields.filter((field) => !partitionColumns.includes(field.name));
    const path = dataFilePath(this.path, file.path);
    const bytes = await withStorageErrors("read a data file", path, () => Deno.readFile(path));
    this.#mapping ??= columnMapping(this.metadata, schema, this.#store.location);
    const { match, physicalName } = this.#mapping;
    const batch = without(
      await decodeParquet(bytes, new Schema(stored), match),
      file.deletionVector === undefined
        ? []
        : await readDeletionVector(this.path, file.deletionVector),
      path,
    );
    const columns = schema.fields.map((field) => {
      const index = stored.indexOf(field);
      if (index >= 0) return batch.columns[index]!;
      const column = createColumn(field.type, batch.numRows);
      const value = parsePartitionValue(field.type, file.partitionValues[physicalName(field)]);
      for (let row = 0; row < batch.numRows; row++) column.append(value);
      return column;
    });
    return new Batch(schema, 0, columns);
  }
}

async function openAt(store: LogStore, at?: number | TimeTravel): Promise<Snapshot | undefined> {
  if (typeof at !== "object") return await loadSnapshot(store, at);
  if ("version" in at) return await loadSnapshot(store, at.version);
  const newest = await loadSnapshot(store);
  if (newest === undefined) return undefined;
  const version = await versionAt(store, newest.metadata, at.timestamp, async (name) => {
    const { mtime } = await Deno.stat(`${store.location}/${name}`);
    return mtime!.getTime();
  });
  return await loadSnapshot(store, version);
}

/** The rows of a file without the deleted ones. */
function without(batch: Batch, deleted: readonly number[], where: string): Batch {
  if (deleted.length === 0) return batch;
  const { numRows } = batch;
  const isDeleted = new Uint8Array(numRows);
  for (const row of deleted) {
    if (row >= numRows || isDeleted[row] === 1) {
      throw new SluiceError("CORRUPT_DELETION_VECTOR", {
        attempted: "leave out deleted rows",
        where,
        found: `row ${row} deleted`,
        wanted: `each of ${numRows} rows at most once`,
      });
    }
    isDeleted[row] = 1;
  }
  const kept = new Int32Array(numRows - deleted.length);
  for (let row = 0, i = 0; row < numRows; row++) if (isDeleted[row] === 0) kept[i++] = row;
  return new Batch(batch.schema, 0, batch.columns.map((column) => column.take(kept)));
}
