import {
  Batch,
  type DataType,
  refuseUnknownOptions,
  Schema,
  type StructField,
} from "../../core/mod.ts";
import { bindPredicate, judgeBounds, type Predicate } from "../../sql/mod.ts";
import { constantColumn } from "../files/constant_column.ts";
import { readDeletionVector } from "../files/deletion_vector.ts";
import { fileBounds, recordCount } from "../files/file_bounds.ts";
import { readDataFile, wantedFields } from "../files/read_data_file.ts";
import type { TableLayout } from "../files/table_layout.ts";
import type { AddFile, DeletionVector } from "../protocol/actions.ts";
import { type ChangeRange, type ChangeSource, readChangeRange } from "./change_range.ts";
import { type ChangedFile, changedFiles, type ChangeType } from "./changed_files.ts";
import { project } from "./project.ts";
import { readAhead } from "./read_ahead.ts";

/** Which changes of a table to read. */
export interface ChangeOptions {
  /** The first version, or a time: then it is the first version that is not older. */
  readonly from: number | Date;
  /** The last version, or a time: then it is the last version that is not younger; absent: the newest. */
  readonly to?: number | Date;
  /** Names of the table's columns; absent: all. Those of the change itself are always there. */
  readonly columns?: readonly string[];
  /** A condition in SQL on the table's columns and those of the change; absent: all changes. */
  readonly where?: string;
}

const MICROS_PER_MILLI = 1000n;
const CHANGE_TYPE = fieldOf("_change_type", "string");
const COMMIT_VERSION = fieldOf("_commit_version", "long");
const COMMIT_TIMESTAMP = fieldOf("_commit_timestamp", "timestamp");
/** What a change has behind the table's columns. */
export const CHANGE_FIELDS: readonly StructField[] = [
  CHANGE_TYPE,
  COMMIT_VERSION,
  COMMIT_TIMESTAMP,
];

/**
 * Reads what changed in a table from one version to another, both included, in the order of the
 * versions: its rows with `_change_type` (`insert`, `delete`, `update_preimage` or
 * `update_postimage`), `_commit_version` and `_commit_timestamp` behind their columns. The columns
 * are those of the last version. See Delta's "change data files".
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { appendRows } from "../commands/write/append.ts";
 * import { createTable } from "../commands/define/create_table.ts";
 * import { readChanges } from "./change_feed.ts";
 *
 * const path = await Deno.makeTempDir();
 * const properties = { "delta.enableChangeDataFeed": "true" };
 * const table = await createTable(path, { schema: s.struct({ id: s.long() }), properties });
 * await appendRows(table, [{ id: 7n }]);
 *
 * const [batch] = await Array.fromAsync(readChanges(table, { from: 1 }));
 * const { _commit_timestamp, ...change } = batch!.row(0);
 * deepEqual(change, { id: 7n, _change_type: "insert", _commit_version: 1n });
 * await Deno.remove(path, { recursive: true });
 * ```
 *
 * @throws {SluiceError} `CHANGES_NOT_RECORDED` naming a version at which the table did not keep its
 * changes; `VERSION_NOT_FOUND` if a version is not there any more; and what `scan` throws.
 */
export async function* readChanges(
  source: ChangeSource,
  options: ChangeOptions,
): AsyncGenerator<Batch> {
  const known = ["from", "to", "columns", "where"];
  refuseUnknownOptions("read the changes of a Delta table", options, known);
  const range = await readChangeRange(source, options.from, options.to);
  const { layout } = range;
  const wanted = options.columns?.length === 0
    ? []
    : wantedFields(layout.schema, options.columns).map(({ name }) => name);
  const schema = new Schema([...layout.schema.fields, ...CHANGE_FIELDS]);
  const predicate = options.where === undefined ? undefined : bindPredicate(options.where, schema);
  const files = candidates(range, predicate);
  const read = (file: ChangedFile) => readChangedFile(layout, file, predicate, wanted);
  for await (const batch of readAhead(files, read)) if (batch !== undefined) yield batch;
}

/** The files with changes that are looked for; judged as in `candidateFiles`. */
function* candidates(
  { layout, commits }: ChangeRange,
  predicate: Predicate | undefined,
): Generator<ChangedFile> {
  for (const commit of commits) {
    const version = BigInt(commit.version);
    for (const changed of changedFiles(commit)) {
      const ofFile = fileBounds(layout, changed.file);
      const boundsOf = (path: readonly string[]) =>
        path[0] === COMMIT_VERSION.name
          ? { min: version, max: version, nullCount: 0, numRows: 1 }
          : ofFile(path);
      if (predicate === undefined || judgeBounds(predicate, boundsOf) !== "none") yield changed;
    }
  }
}

/** The changes in a file that are looked for; `undefined` if there are none. */
export async function readChangedFile(
  layout: TableLayout,
  changed: ChangedFile,
  predicate: Predicate | undefined,
  wanted: readonly string[],
): Promise<Batch | undefined> {
  const tested = predicate?.columns.map(({ path }) => path[0]!) ?? [];
  const columns = layout.schema.fields.map(({ name }) => name)
    .filter((name) => wanted.includes(name) || tested.includes(name));
  const rows = changed.change === undefined
    ? await readChangeFile(layout, changed.file, columns)
    : await readRowsOf(layout, changed, changed.change, columns);
  if (rows === undefined) return undefined;
  const { version, timestampMs } = changed.commit;
  const all = withColumn(
    withColumn(rows, COMMIT_VERSION, BigInt(version)),
    COMMIT_TIMESTAMP,
    BigInt(timestampMs) * MICROS_PER_MILLI,
  );
  const found = predicate === undefined ? all : all.take(predicate.select(all));
  const names = [...wanted, ...CHANGE_FIELDS.map(({ name }) => name)];
  return found.numRows === 0 ? undefined : project(found, names);
}

/** A file of `_change_data` has the kind of each change in a column of its own. */
async function readChangeFile(
  layout: TableLayout,
  file: AddFile,
  columns: readonly string[],
): Promise<Batch> {
  const withChangeType: TableLayout = {
    ...layout,
    schema: new Schema([...layout.schema.fields, CHANGE_TYPE]),
  };
  const { batch } = await readDataFile(withChangeType, file, {
    columns: [...columns, CHANGE_TYPE.name],
  });
  return batch;
}

/** The rows that came or went with a data file, or with its deletion vector. */
async function readRowsOf(
  layout: TableLayout,
  { file, deletedSince }: ChangedFile,
  change: ChangeType,
  columns: readonly string[],
): Promise<Batch | undefined> {
  if (deletedSince === undefined) {
    const { batch } = await readDataFile(layout, file, { columns });
    return withColumn(batch, CHANGE_TYPE, change);
  }
  const rows = await rowsOnlyIn(layout.path, file, deletedSince.vector);
  if (rows.length === 0) return undefined;
  const { batch } = await readDataFile(layout, file, { columns, includeDeleted: true });
  return withColumn(batch.take(rows), CHANGE_TYPE, change);
}

/** The rows that the deletion vector of a file lists and another one does not. */
async function rowsOnlyIn(
  tablePath: string,
  file: AddFile,
  other: DeletionVector | undefined,
): Promise<Int32Array> {
  const numRows = recordCount(file);
  const read = async (vector: DeletionVector | undefined) =>
    vector === undefined ? [] : await readDeletionVector(tablePath, vector, numRows);
  const rows = await read(file.deletionVector);
  const others = new Set(await read(other));
  return Int32Array.from(rows.filter((row) => !others.has(row)));
}

/** A batch with one more column, which has the same value in every row. */
function withColumn(batch: Batch, field: StructField, value: unknown): Batch {
  const column = constantColumn(field.type, value, batch.numRows);
  return new Batch(new Schema([...batch.schema.fields, field]), 0, [...batch.columns, column]);
}

function fieldOf(name: string, type: DataType): StructField {
  return { name, type, nullable: true, sourceName: name };
}
