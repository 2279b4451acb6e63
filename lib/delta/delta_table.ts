import type { Table } from "apache-arrow";
import { Batch, type Schema } from "../core/mod.ts";
import { toArrow } from "../parquet/mod.ts";
import {
  addColumns,
  changeColumn,
  type ColumnChange,
  dropColumns,
  type NewColumn,
  renameColumn,
} from "./commands/define/alter_columns.ts";
import {
  addConstraint,
  dropConstraint,
  type DropConstraintOptions,
} from "./commands/define/alter_constraints.ts";
import {
  setProperties,
  unsetProperties,
  type UnsetPropertiesOptions,
} from "./commands/define/alter_properties.ts";
import type { AlterResult } from "./commands/define/alter_table.ts";
import { appendRows } from "./commands/write/append.ts";
import { type CheckpointResult, checkpointTable } from "./commands/maintain/checkpoint_table.ts";
import { createTable, type CreateTableOptions } from "./commands/define/create_table.ts";
import {
  type DeleteOptions,
  type DeleteResult,
  deleteRows,
} from "./commands/change/delete_rows.ts";
import { merge, type MergeBuilder } from "./commands/merge/merge.ts";
import type { MergeOptions } from "./commands/merge/merge_rows.ts";
import {
  type OptimizeOptions,
  type OptimizeResult,
  optimizeTable,
} from "./commands/maintain/optimize_table.ts";
import { type OverwriteOptions, overwriteRows } from "./commands/write/overwrite.ts";
import {
  type RestoreOptions,
  type RestoreResult,
  restoreTable,
} from "./commands/maintain/restore_table.ts";
import type { RowSource } from "./commands/write/row_source.ts";
import {
  type UpdateOptions,
  type UpdateResult,
  updateRows,
} from "./commands/change/update_rows.ts";
import {
  type VacuumOptions,
  type VacuumResult,
  vacuumTable,
} from "./commands/maintain/vacuum_table.ts";
import type { WriteOptions, WriteResult } from "./commands/write/write_rows.ts";
import { parseLogName } from "./log/log_files.ts";
import { localLogStore } from "./log/local_log_store.ts";
import { type HistoryEntry, type HistoryOptions, tableHistory } from "./log/table_history.ts";
import type { TimeTravel } from "./log/time_travel.ts";
import type { AddFile, Metadata, Protocol, SetTransaction } from "./protocol/actions.ts";
import { tablePathOf } from "./protocol/table_path.ts";
import { type ChangeOptions, readChanges } from "./scan/change_feed.ts";
import { project } from "./scan/project.ts";
import { scan, type ScanOptions } from "./scan/scan.ts";
import { type TableDetail, tableDetail } from "./scan/table_detail.ts";
import { TableState } from "./table_state.ts";

/**
 * A Delta table: what it is at one version, and what can be done to it. What changes the table always
 * builds on its newest version, and leaves this object at the version that it made. The function that
 * a method names has its rules, its errors and an example.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "assert";
 * import { schema as s } from "../core/mod.ts";
 * import { DeltaTable } from "./delta_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await DeltaTable.create(path, {
 *   schema: s.struct({ symbol: s.string(), quantity: s.long() }),
 * });
 * await table.append([{ symbol: "BTCUSDT", quantity: 5n }, { symbol: "ETHUSDT", quantity: 2n }]);
 * await table.merge([{ symbol: "ETHUSDT", quantity: 3n }], { on: "target.symbol = source.symbol" })
 *   .whenMatchedUpdateAll()
 *   .whenNotMatchedInsertAll()
 *   .execute();
 * await table.delete({ where: "symbol = 'BTCUSDT'" });
 *
 * deepEqual(await Array.fromAsync(table.rows()), [{ symbol: "ETHUSDT", quantity: 3n }]);
 * equal(table.version, 3);
 * const before = await table.snapshot(1);
 * deepEqual(await Array.fromAsync(before.rows({ where: "quantity > 2", columns: ["symbol"] })), [
 *   { symbol: "BTCUSDT" },
 * ]);
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export class DeltaTable {
  readonly #state: TableState;

  private constructor(state: TableState) {
    this.#state = state;
  }

  /**
   * Opens a table at its newest version, or at the one given by number or time.
   *
   * @throws {SluiceError} `BAD_PATH`; `TABLE_NOT_FOUND`; `VERSION_NOT_FOUND`; `BAD_OPTION` for a Date
   * that is no time; `CORRUPT_LOG` or `CORRUPT_CHECKPOINT`; `UNSUPPORTED_FEATURE`; `DELTA_STORAGE`.
   *
   * @example
   * ```ts
   * import { equal, rejects } from "assert";
   * import { schema as s } from "../core/mod.ts";
   * import { DeltaTable } from "./delta_table.ts";
   *
   * const path = await Deno.makeTempDir();
   * const table = await DeltaTable.create(path, { schema: s.struct({ id: s.long() }) });
   * await table.append([{ id: 1n }]);
   * equal((await DeltaTable.open(path)).version, 1);
   * equal((await DeltaTable.open(path, 0)).version, 0);
   * const timestamp = new Date("2001-01-01T00:00:00Z"); // the table was not there then
   * await rejects(DeltaTable.open(path, { timestamp }), { code: "VERSION_NOT_FOUND" });
   * await Deno.remove(path, { recursive: true });
   * ```
   */
  static async open(path: string, at?: number | TimeTravel): Promise<DeltaTable> {
    return new DeltaTable(await TableState.open(path, at === undefined ? {} : { at }));
  }

  /**
   * Makes an empty table: {@link createTable}.
   *
   * @throws {SluiceError} `BAD_PATH`, `TABLE_EXISTS`, `BAD_SCHEMA`, `BAD_PARTITION_COLUMNS`,
   * `BAD_PROPERTY`.
   */
  static async create(path: string, options: CreateTableOptions): Promise<DeltaTable> {
    return new DeltaTable(await createTable(path, options));
  }

  /**
   * True if there is a table in this folder.
   *
   * @throws {SluiceError} `BAD_PATH`.
   */
  static async exists(path: string): Promise<boolean> {
    const names = await localLogStore(tablePathOf(path)).list();
    return names.some((name) => parseLogName(name) !== undefined);
  }

  /** The table's folder. */
  get path(): string {
    return this.#state.path;
  }

  /** The version that this object is at. */
  get version(): number {
    return this.#state.snapshot.version;
  }

  /** What a client must understand. */
  get protocol(): Protocol {
    return this.#state.snapshot.protocol;
  }

  /** The table's id, partition columns and properties. */
  get metadata(): Metadata {
    return this.#state.snapshot.metadata;
  }

  /** The table's columns. */
  get schema(): Schema {
    return this.#state.snapshot.schema;
  }

  /** The table's data files. */
  files(): AddFile[] {
    return [...this.#state.snapshot.files()];
  }

  /** How far an application has come; `undefined` if it never wrote here. */
  txn(appId: string): SetTransaction | undefined {
    return this.#state.snapshot.txn(appId);
  }

  /**
   * The table as it was at a version or a time; this object stays where it is.
   *
   * @throws {SluiceError} `VERSION_NOT_FOUND` if the log does not have it, or not any more, and what
   * `open` throws.
   */
  async snapshot(at: number | TimeTravel): Promise<DeltaTable> {
    const { path, store } = this.#state;
    return new DeltaTable(await TableState.open(path, { at, store }));
  }

  /**
   * What made each version that the log still has as a commit, newest first:
   * {@link tableHistory}.
   */
  async history(options: HistoryOptions = {}): Promise<HistoryEntry[]> {
    return await tableHistory(this.#state, options);
  }

  /** What the table is and how large, as Spark's DESCRIBE DETAIL tells it: {@link tableDetail}. */
  async detail(): Promise<TableDetail> {
    return await tableDetail(this.#state);
  }

  /** The table's rows, a batch for each data file that has some: {@link scan}. */
  toBatches(options: ScanOptions = {}): AsyncGenerator<Batch> {
    return scan({ layout: this.#state.layout(), files: this.files() }, options);
  }

  /**
   * The table's rows, in no order that means anything: {@link scan}.
   *
   * @example
   * ```ts
   * import { deepEqual } from "assert";
   * import { schema as s } from "../core/mod.ts";
   * import { DeltaTable } from "./delta_table.ts";
   *
   * const path = await Deno.makeTempDir();
   * const schema = s.struct({ symbol: s.string(), quantity: s.long() });
   * const table = await DeltaTable.create(path, { schema });
   * await table.append([{ symbol: "BTCUSDT", quantity: 5n }, { symbol: "ETHUSDT", quantity: 2n }]);
   * const large = table.rows({ columns: ["symbol"], where: "quantity > 2", limit: 10 });
   * deepEqual(await Array.fromAsync(large), [{ symbol: "BTCUSDT" }]);
   * await Deno.remove(path, { recursive: true });
   * ```
   */
  async *rows(options: ScanOptions = {}): AsyncGenerator<Record<string, unknown>> {
    for await (const batch of this.toBatches(options)) yield* batch.rows();
  }

  /**
   * The table as an Arrow table, in memory; a record batch for each data file: {@link scan}.
   *
   * @example
   * ```ts
   * import { equal } from "assert";
   * import { schema as s } from "../core/mod.ts";
   * import { DeltaTable } from "./delta_table.ts";
   *
   * const path = await Deno.makeTempDir();
   * const table = await DeltaTable.create(path, { schema: s.struct({ id: s.long() }) });
   * await table.append([{ id: 1n }, { id: 2n }]);
   * const arrow = await table.toArrow({ where: "id > 1" });
   * equal(arrow.numRows, 1);
   * equal(arrow.getChild("id")?.get(0), 2n);
   * await Deno.remove(path, { recursive: true });
   * ```
   */
  async toArrow(options: ScanOptions = {}): Promise<Table> {
    const batches = await Array.fromAsync(this.toBatches(options));
    if (batches.length > 0) return await toArrow(batches);
    const columns = options.columns ?? this.schema.fields.map(({ name }) => name);
    return await toArrow([project(new Batch(this.schema), columns)]);
  }

  /**
   * The rows that changed from one version to another, where the table keeps its change data feed,
   * with `_change_type`, `_commit_version` and `_commit_timestamp`: {@link readChanges}.
   */
  changes(options: ChangeOptions): AsyncGenerator<Batch> {
    return readChanges(this.#state, options);
  }

  /** Adds rows, objects or batches: {@link appendRows}. */
  async append(rows: RowSource, options: WriteOptions = {}): Promise<WriteResult> {
    return await appendRows(this.#state, rows, options);
  }

  /**
   * Replaces all rows, those of some partitions, or those for which a condition is true:
   * {@link overwriteRows}.
   */
  async overwrite(rows: RowSource, options: OverwriteOptions = {}): Promise<WriteResult> {
    return await overwriteRows(this.#state, rows, options);
  }

  /** Deletes the rows for which a condition is true, or all: {@link deleteRows}. */
  async delete(options: DeleteOptions = {}): Promise<DeleteResult> {
    return await deleteRows(this.#state, options);
  }

  /** Sets columns of the rows for which a condition is true, or of all: {@link updateRows}. */
  async update(options: UpdateOptions): Promise<UpdateResult> {
    return await updateRows(this.#state, options);
  }

  /**
   * Begins a merge of rows into the table; name what is to become of rows that match and of those
   * that do not, then `execute` it: {@link merge}.
   */
  merge(source: RowSource, options: MergeOptions): MergeBuilder {
    return merge(this.#state, source, options);
  }

  /**
   * Writes the rows into fewer, larger files, and close to each other where `zOrderBy` says so:
   * {@link optimizeTable}.
   */
  async optimize(options: OptimizeOptions = {}): Promise<OptimizeResult> {
    return await optimizeTable(this.#state, options);
  }

  /**
   * Removes files that no version within the retention needs: {@link vacuumTable}. A dry run tells
   * which.
   *
   * @example
   * ```ts
   * import { deepEqual, ok } from "assert";
   * import { schema as s } from "../core/mod.ts";
   * import { DeltaTable } from "./delta_table.ts";
   *
   * const path = await Deno.makeTempDir();
   * const table = await DeltaTable.create(path, { schema: s.struct({ id: s.long() }) });
   * const file = `${path}/part-of-a-crashed-writer.parquet`;
   * await Deno.writeTextFile(file, "half a file");
   * await Deno.utime(file, 0, 0); // last written in 1970
   * const { files } = await table.vacuum({ dryRun: true });
   * deepEqual(files, [{ path: "part-of-a-crashed-writer.parquet", size: 11 }]);
   * ok((await Deno.stat(file)).isFile);
   * await Deno.remove(path, { recursive: true });
   * ```
   */
  async vacuum(options: VacuumOptions = {}): Promise<VacuumResult> {
    return await vacuumTable(this.#state, options);
  }

  /**
   * Makes the table what it was at a version or a time, in a version of its own:
   * {@link restoreTable}.
   */
  async restore(to: TimeTravel, options: RestoreOptions = {}): Promise<RestoreResult> {
    return await restoreTable(this.#state, to, options);
  }

  /**
   * Writes a checkpoint of the newest version, from which tables open faster:
   * {@link checkpointTable}.
   */
  async checkpoint(): Promise<CheckpointResult> {
    return await checkpointTable(this.#state);
  }

  /** Adds columns; in the rows that the table has they are null: {@link addColumns}. */
  async addColumns(columns: readonly NewColumn[]): Promise<AlterResult> {
    return await addColumns(this.#state, columns);
  }

  /** Takes columns away, where the table has column mapping: {@link dropColumns}. */
  async dropColumns(names: readonly string[]): Promise<AlterResult> {
    return await dropColumns(this.#state, names);
  }

  /** Gives a column another name, where the table has column mapping: {@link renameColumn}. */
  async renameColumn(from: string, to: string): Promise<AlterResult> {
    return await renameColumn(this.#state, from, to);
  }

  /** Changes a column's type, comment, or whether it may be null: {@link changeColumn}. */
  async changeColumn(name: string, change: ColumnChange): Promise<AlterResult> {
    return await changeColumn(this.#state, name, change);
  }

  /** Sets properties, and with them features of the table: {@link setProperties}. */
  async setProperties(properties: Readonly<Record<string, string>>): Promise<AlterResult> {
    return await setProperties(this.#state, properties);
  }

  /** Takes properties away: {@link unsetProperties}. */
  async unsetProperties(
    names: readonly string[],
    options: UnsetPropertiesOptions = {},
  ): Promise<AlterResult> {
    return await unsetProperties(this.#state, names, options);
  }

  /**
   * Adds a condition that every row has to fulfil, those that the table has too:
   * {@link addConstraint}.
   */
  async addConstraint(name: string, expression: string): Promise<AlterResult> {
    return await addConstraint(this.#state, name, expression);
  }

  /** Takes a condition away: {@link dropConstraint}. */
  async dropConstraint(name: string, options: DropConstraintOptions = {}): Promise<AlterResult> {
    return await dropConstraint(this.#state, name, options);
  }
}
