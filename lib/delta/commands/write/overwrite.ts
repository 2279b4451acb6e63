import {
  badOption,
  type Batch,
  describeValue,
  refuseUnknownOptions,
  SluiceError,
} from "../../../core/mod.ts";
import { bindPredicate } from "../../../sql/mod.ts";
import { ChangeFileWriter } from "../../files/change_file_writer.ts";
import { parsePartitionValue } from "../../protocol/partition_values.ts";
import { readDataFile } from "../../files/read_data_file.ts";
import type { TableLayout } from "../../files/table_layout.ts";
import type { Snapshot } from "../../log/snapshot.ts";
import type { AddFile, CdcFile, PartitionValues } from "../../protocol/actions.ts";
import { fieldsOf } from "../../protocol/schema_json.ts";
import { candidateFiles } from "../../scan/candidate_files.ts";
import type { TableState } from "../../table_state.ts";
import { deleteFrom } from "../change/delete_rows.ts";
import { readsOf, removeAction } from "../file_actions.ts";
import { RowChanges, writeChanges } from "../change/row_changes.ts";
import type { RowSource } from "./row_source.ts";
import type { Staged } from "./staged_rows.ts";
import {
  mergedColumns,
  type Replacement,
  type WriteOptions,
  type WriteResult,
  writeRows,
} from "./write_rows.ts";

/** What of a table new rows replace; by default all of it. */
export interface OverwriteOptions extends WriteOptions {
  /** A condition in SQL: the rows for which it is true go, and all new rows have to fulfil it. */
  readonly replaceWhere?: string;
  /** `dynamic`: only the partitions go that the new rows are in. */
  readonly partitionOverwrite?: "static" | "dynamic";
  /** True: the table has the columns of the rows from then on, which have to be Batches. */
  readonly overwriteSchema?: boolean;
}

const OPTIONS = [
  "txn",
  "mergeSchema",
  "userMetadata",
  "replaceWhere",
  "partitionOverwrite",
  "overwriteSchema",
];

/**
 * Replaces the rows of a table, or some of them, in one commit; see `appendRows` for how rows become
 * those of the table. No rows are a reason to empty the table, too.
 *
 * @throws {SluiceError} `BAD_OPTION` for options that contradict each other; `BAD_EXPRESSION`;
 * `CONSTRAINT_VIOLATED` naming a row that is not within `replaceWhere`; and what `appendRows` throws.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { appendRows } from "./append.ts";
 * import { createTable } from "../define/create_table.ts";
 * import { overwriteRows } from "./overwrite.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, { schema: s.struct({ id: s.long(), n: s.integer() }) });
 * await appendRows(table, [{ id: 1n, n: 1 }, { id: 2n, n: 1 }]);
 * const result = await overwriteRows(table, [{ id: 2n, n: 5 }], { replaceWhere: "id = 2" });
 * equal(result.numOutputRows, 1);
 * equal(result.numRemovedFiles, 1);
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export async function overwriteRows(
  state: TableState,
  rows: RowSource,
  options: OverwriteOptions = {},
): Promise<WriteResult> {
  const attempted = `overwrite Delta table ${state.path}`;
  refuseUnknownOptions(attempted, options, OPTIONS);
  refuseContradictions(attempted, options);
  const { replaceWhere, partitionOverwrite, overwriteSchema = false } = options;
  const isDynamic = partitionOverwrite === "dynamic";
  return await writeRows(state, rows, {
    name: "Overwrite",
    parameters: {
      ...(replaceWhere === undefined ? {} : { predicate: replaceWhere }),
      ...(isDynamic ? { isDynamicPartitionOverwrite: "true" } : {}),
    },
    needsRows: isDynamic,
    change(snapshot, schema) {
      if (!overwriteSchema) return mergedColumns(attempted, snapshot, schema, options);
      if (schema !== undefined) return { fields: fieldsOf(schema.fields) };
      throw badOption(attempted, "overwriteSchema", "rows without a schema", "Batches");
    },
    ...(replaceWhere === undefined
      ? {}
      : { check: (layout, rows) => refuseOutside(replaceWhere, layout, rows) }),
    replace(snapshot, staged) {
      if (replaceWhere !== undefined) return replaceMatching(snapshot, staged, replaceWhere);
      const isReplaced = isDynamic && staged.layout.partitionColumns.length > 0
        ? inPartitionsOf(staged)
        : () => true;
      return replaceFiles(snapshot, isReplaced);
    },
  }, options);
}

function refuseContradictions(attempted: string, options: OverwriteOptions): void {
  const { replaceWhere, partitionOverwrite, overwriteSchema = false, mergeSchema } = options;
  if (![undefined, "static", "dynamic"].includes(partitionOverwrite)) {
    throw badOption(
      attempted,
      "partitionOverwrite",
      String(partitionOverwrite),
      "static or dynamic",
    );
  }
  const isDynamic = partitionOverwrite === "dynamic";
  if (replaceWhere !== undefined && isDynamic) {
    throw badOption(attempted, "replaceWhere", "partitionOverwrite dynamic", "one of the two");
  }
  if (overwriteSchema && (replaceWhere !== undefined || isDynamic || mergeSchema === true)) {
    throw badOption(
      attempted,
      "overwriteSchema",
      "an option that keeps rows or columns",
      "overwriteSchema without replaceWhere, mergeSchema and a dynamic partitionOverwrite",
    );
  }
}

/** Whole files go. */
function replaceFiles(
  snapshot: Snapshot,
  isReplaced: (file: AddFile) => boolean,
): Replacement {
  const files = Array.from(snapshot.files()).filter(isReplaced);
  const deletionTimestamp = Date.now();
  return {
    actions: files.map((file) => removeAction(file, deletionTimestamp)),
    reads: {
      kind: "files",
      paths: new Set(files.map(({ path }) => path)),
      wouldRead: isReplaced,
    },
  };
}

/** True for files in a partition that new rows are in; the same value may be written differently. */
function inPartitionsOf({ layout, files }: Staged): (file: AddFile) => boolean {
  const fields = layout.schema.fields.filter(({ name }) => layout.partitionColumns.includes(name));
  const keyOf = (values: PartitionValues) =>
    JSON.stringify(
      fields.map((field) => {
        const text = values[layout.mapping.physicalName(field)];
        const value = parsePartitionValue(field.type, text);
        return value === null ? null : String(value);
      }),
    );
  const partitions = new Set(files.map(({ partitionValues }) => keyOf(partitionValues)));
  return ({ partitionValues }) => partitions.has(keyOf(partitionValues));
}

/** Rows go; files of which others stay are written anew, or get a deletion vector. */
async function replaceMatching(
  snapshot: Snapshot,
  { layout, files }: Staged,
  condition: string,
): Promise<Replacement> {
  const predicate = bindPredicate(condition, layout.schema);
  const candidates = candidateFiles(layout, snapshot.files(), predicate);
  const isPartial = candidates.some(({ match }) => match === "some");
  const changes = new RowChanges(layout, isPartial);
  return await writeChanges(changes, async () => {
    for (const candidate of candidates) await deleteFrom(layout, candidate, predicate, changes);
    const actions = await changes.finish();
    const feed = actions.some(({ cdc }) => cdc !== undefined)
      ? await writeInserts(layout, files)
      : undefined;
    return {
      actions: [...actions, ...(feed?.files ?? []).map((cdc) => ({ cdc }))],
      reads: readsOf(layout, candidates, predicate),
      async discard() {
        await changes.discard();
        await feed?.discard();
      },
    };
  });
}

/** The new rows for the change data feed, which looks at nothing else where a commit has such files. */
async function writeInserts(
  layout: TableLayout,
  files: readonly AddFile[],
): Promise<{ readonly files: readonly CdcFile[]; readonly discard: () => Promise<void> }> {
  const writer = new ChangeFileWriter(layout);
  try {
    for (const file of files) {
      await writer.write((await readDataFile(layout, file)).batch, "insert");
    }
    return { files: await writer.finish(), discard: () => writer.abort() };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

function refuseOutside(condition: string, layout: TableLayout, rows: Batch): void {
  const inside = bindPredicate(condition, layout.schema).select(rows);
  if (inside.length === rows.numRows) return;
  const first = inside.findIndex((row, i) => row !== i);
  const values = Object.entries(rows.row(first < 0 ? inside.length : first))
    .map(([name, value]) => `${name} = ${describeValue(value)}`);
  throw new SluiceError("CONSTRAINT_VIOLATED", {
    attempted: `overwrite Delta table ${layout.path}`,
    where: "a new row",
    found: values.join(", "),
    wanted: `replaceWhere to be true of it: ${condition}`,
    hint: "widen replaceWhere, or leave the row out",
  });
}
