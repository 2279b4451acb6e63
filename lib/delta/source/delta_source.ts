import {
  type BatchLimits,
  type Offsets,
  type RangeReader,
  type ReadOptions,
  type RowSource,
  Schema,
} from "../../core/mod.ts";
import { parseLogName } from "../log/log_files.ts";
import { withStorageErrors } from "../protocol/delta_error.ts";
import { tablePathOf } from "../protocol/table_path.ts";
import { CHANGE_FIELDS } from "../scan/change_feed.ts";
import { chooseStart } from "./choose_start.ts";
import { LOSS_HINT } from "./data_loss.ts";
import { planVersions } from "./plan_versions.ts";
import {
  ATTEMPTED,
  type CheckedOptions,
  type DeltaSourceOptions,
  refuseBadOptions,
} from "./source_options.ts";
import { noteStart, readStart } from "./source_start.ts";
import { SourceTable } from "./source_table.ts";
import { VersionFiles } from "./version_files.ts";
import { offsetOf } from "./version_offset.ts";
import { VersionReader } from "./version_reader.ts";

/** What a row of a table's change feed has behind the table's columns. */
export interface ChangeFeedColumns {
  /** `insert`, `delete`, `update_preimage` or `update_postimage`. */
  _change_type: string;
  /** The version that changed it. */
  _commit_version: bigint;
  /** When that was made, in microseconds since 1970. */
  _commit_timestamp: bigint;
}

/**
 * Reads a Delta table as a stream of rows, as Spark does: the table as it is when the query is
 * first started, oldest files first, and then what each commit adds; or with `startingVersion` or
 * `startingTimestamp` only what is added from then on. OPTIMIZE and other commits that only
 * rearrange rows are passed over. A commit that deletes or updates rows stops the query, unless an
 * option says what is to become of it; with `readChangeFeed` all changes are rows, and those of one
 * commit are planned together.
 *
 * The schema names the columns to read, all or some. The query stops where the table no longer has
 * them as they are; columns that it does not name may come and go. A column may be nullable in the
 * table and not here, as long as it has no null.
 *
 * An offset has the version in front and the index of a row in it in its last ten digits:
 * 410000000007 is the row at index 7 of version 41, and 420000000000 the end of that version. The
 * identity of the topic is the table's id, so that a table made anew under the same path is noticed.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION`, `BAD_PATH`; later `TABLE_NOT_FOUND`,
 * `SCHEMA_MISMATCH`, `BAD_VALUE`, `CHANGES_NOT_RECORDED`, `VERSION_NOT_FOUND` for a start that is
 * not there; `DELTA_SOURCE_IGNORE_DELETE` and `DELTA_SOURCE_TABLE_IGNORE_CHANGES` for commits that
 * take rows away; `DATA_LOSS` for commits and files that were cleaned up before they were read.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { appendRows } from "../commands/write/append.ts";
 * import { createTable } from "../commands/define/create_table.ts";
 * import { deltaSource } from "./delta_source.ts";
 *
 * const path = await Deno.makeTempDir();
 * const schema = s.struct({ id: s.long() });
 * const table = await createTable(path, { schema });
 * await appendRows(table, [{ id: 7n }]);
 *
 * const source = deltaSource({ path, schema });
 * const { signal } = new AbortController();
 * const start = await source.initialOffsets(signal);
 * await appendRows(table, [{ id: 8n }]);
 * const ids: bigint[] = [];
 * const latest = await source.latestOffsets(signal);
 * for await (const { rows } of source.read(start, latest, { signal })) {
 *   for (const { id } of rows!.rows()) ids.push(id as bigint);
 * }
 * deepEqual(ids, [7n, 8n]);
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export function deltaSource<Row>(
  options: DeltaSourceOptions<Row> & { readonly readChangeFeed: true },
): RowSource<Row & ChangeFeedColumns>;
/** The same without the columns of a change. */
export function deltaSource<Row>(options: DeltaSourceOptions<Row>): RowSource<Row>;
/** What both come to. */
export function deltaSource<Row>(options: DeltaSourceOptions<Row>): RowSource<Row> {
  refuseBadOptions(options as DeltaSourceOptions<never>);
  return new DeltaSource(tablePathOf(options.path), options);
}

class DeltaSource<Row> implements RowSource<Row> {
  readonly schema: Schema<Row>;
  readonly description: string;
  readonly failOnDataLoss = true;
  readonly lossHint: string = LOSS_HINT;
  readonly limits: BatchLimits;
  readonly #path: string;
  readonly #topic: string;
  readonly #tableSchema: Schema;
  readonly #options: CheckedOptions;
  #folder: string | undefined;
  #table: SourceTable | undefined;
  #versions: VersionFiles | undefined;

  constructor(path: string, { schema, ...options }: DeltaSourceOptions<Row>) {
    const { maxBytesPerTrigger, readChangeFeed } = options;
    this.description = `DeltaSource[${path}]`;
    this.limits = maxBytesPerTrigger === undefined ? {} : { maxBytesPerTrigger };
    this.#path = path;
    this.#topic = path.slice(path.lastIndexOf("/") + 1) || "delta";
    this.#tableSchema = schema as unknown as Schema;
    this.#options = options;
    this.schema = readChangeFeed === true ? withChangeColumns(schema) : schema;
  }

  open(folder: string): Promise<void> {
    this.#folder = folder;
    return Promise.resolve();
  }

  async identities(signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    signal.throwIfAborted();
    const { metadata } = await (await this.#open()).refresh();
    return { [this.#topic]: metadata.id };
  }

  async initialOffsets(signal: AbortSignal): Promise<Offsets> {
    signal.throwIfAborted();
    const table = await this.#open();
    await table.refresh();
    const start = await withStorageErrors(
      ATTEMPTED,
      this.#path,
      () => chooseStart(table, this.#options),
    );
    const noted = this.#folder === undefined ? start : await noteStart(this.#folder, start);
    this.#versions = new VersionFiles(table, this.#options, noted);
    return this.#offsets(offsetOf({ version: noted.version, index: 0 }));
  }

  async earliestOffsets(signal: AbortSignal): Promise<Offsets> {
    signal.throwIfAborted();
    const { store } = await this.#open();
    const names = await withStorageErrors(ATTEMPTED, this.#path, () => store.list());
    const first = names.map(parseLogName).find((file) => file?.kind === "commit");
    return this.#offsets(offsetOf({ version: first?.version ?? 0, index: 0 }));
  }

  async latestOffsets(signal: AbortSignal): Promise<Offsets> {
    signal.throwIfAborted();
    const { version } = await (await this.#open()).refresh();
    return this.#offsets(offsetOf({ version: version + 1, index: 0 }));
  }

  async logEndOffsets(): Promise<Offsets> {
    const { snapshot } = await this.#open();
    return this.#offsets(offsetOf({ version: snapshot.version + 1, index: 0 }));
  }

  async planEnd(start: Offsets, latest: Offsets): Promise<Offsets> {
    const from = start[this.#topic]?.[0] ?? 0n;
    const last = latest[this.#topic]?.[0] ?? 0n;
    const end = await planVersions(await this.#files(), from, last, this.#options);
    return this.#offsets(end < last ? end : last);
  }

  read(start: Offsets, end: Offsets, options: ReadOptions): RangeReader {
    const table = {
      topic: this.#topic,
      schema: this.schema as unknown as Schema,
      open: async () => {
        const { snapshot } = await this.#open();
        return { versions: await this.#files(), newestVersion: snapshot.version };
      },
    };
    return new VersionReader(table, start, end, options);
  }

  publishProgress(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #offsets(offset: bigint): Offsets {
    return { [this.#topic]: { 0: offset } };
  }

  async #open(): Promise<SourceTable> {
    return this.#table ??= await SourceTable.open(this.#path, this.#tableSchema);
  }

  /**
   * A query that goes on has to know where it began; who reads without a checkpoint begins here.
   */
  async #files(): Promise<VersionFiles> {
    if (this.#versions !== undefined) return this.#versions;
    const readChangeFeed = this.#options.readChangeFeed === true;
    const start = this.#folder === undefined
      ? { version: 0, isSnapshot: false, readChangeFeed }
      : await readStart(this.#folder, readChangeFeed);
    return this.#versions = new VersionFiles(await this.#open(), this.#options, start);
  }
}

function withChangeColumns<Row>(schema: Schema<Row>): Schema<Row> {
  const changes = CHANGE_FIELDS.map((field) => ({ ...field, nullable: false }));
  return new Schema<Row>([...schema.fields, ...changes]);
}
