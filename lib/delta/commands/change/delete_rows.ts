import { refuseUnknownOptions } from "../../../core/mod.ts";
import { bindPredicate, type Predicate } from "../../../sql/mod.ts";
import { readDataFile } from "../../files/read_data_file.ts";
import type { TableLayout } from "../../files/table_layout.ts";
import type { AddFile } from "../../protocol/actions.ts";
import { refuseRemoval } from "../../protocol/table_features.ts";
import { candidateFiles, type FileCandidate } from "../../scan/candidate_files.ts";
import type { TableState } from "../../table_state.ts";
import { type Planned, runOperation } from "../../transactions/run_operation.ts";
import { countRecords, readsOf } from "../file_actions.ts";
import { textMetrics } from "../operation_metrics.ts";
import { type ChangeCounts, RowChanges, writeChanges } from "./row_changes.ts";

/** Which rows to delete. */
export interface DeleteOptions {
  /** A condition in SQL; absent: all rows. */
  readonly where?: string;
}

/** What a delete did; the counts have Spark's names. */
export interface DeleteResult extends ChangeCounts {
  /** The version that it made; `undefined` if no row was to be deleted. */
  readonly version: number | undefined;
  /** Absent if whole files went whose rows nobody had counted. */
  readonly numDeletedRows?: number;
}

const ATTEMPTED = "delete rows of a Delta table";

/**
 * Deletes the rows for which a condition is true. Files that go as a whole are not opened, if their
 * statistics or the values of their partition tell so; of others only the columns of the condition
 * are read first, and the rest where rows are to go. One file is in memory at a time.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { TableState } from "../../table_state.ts";
 * import { appendRows } from "../write/append.ts";
 * import { createTable } from "../define/create_table.ts";
 * import { deleteRows } from "./delete_rows.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, { schema: s.struct({ id: s.long() }) });
 * await appendRows(table, [{ id: 1n }, { id: 2n }]);
 * const result = await deleteRows(table, { where: "id = 1" });
 * equal(result.version, 2);
 * equal(result.numDeletedRows, 1);
 * await Deno.remove(path, { recursive: true });
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`; `BAD_EXPRESSION`; `APPEND_ONLY`; `CONCURRENT_WRITES`, and
 * what reading and writing files throws. Nothing is left of it then.
 */
export async function deleteRows(
  state: TableState,
  options: DeleteOptions = {},
): Promise<DeleteResult> {
  refuseUnknownOptions(ATTEMPTED, options, ["where"]);
  const { where } = options;
  return await runOperation(state, (snapshot) => {
    const layout = state.layout();
    refuseRemoval(layout.metadata, ATTEMPTED, layout.path);
    const predicate = where === undefined ? undefined : bindPredicate(where, layout.schema);
    return planDelete(layout, snapshot.files(), predicate);
  });
}

async function planDelete(
  layout: TableLayout,
  files: Iterable<AddFile>,
  predicate: Predicate | undefined,
): Promise<Planned<DeleteResult>> {
  const candidates = candidateFiles(layout, files, predicate);
  // Rows of whole files that go are seen by the feed, unless it is told of other rows.
  const changes = new RowChanges(layout, candidates.some(({ match }) => match === "some"));
  return await writeChanges(changes, async () => {
    let numDeletedRows: number | undefined = 0;
    for (const candidate of candidates) {
      const count = await deleteFrom(layout, candidate, predicate, changes);
      if (count === undefined || numDeletedRows === undefined) numDeletedRows = undefined;
      else numDeletedRows += count;
    }
    const actions = await changes.finish();
    const deleted = numDeletedRows === undefined ? {} : { numDeletedRows };
    const result = (version: number | undefined) => ({ version, ...changes.counts, ...deleted });
    if (actions.length === 0) return { nothingToDo: result(undefined) };
    return {
      transaction: {
        operation: "DELETE",
        operationParameters: { predicate: JSON.stringify([predicate?.text ?? "true"]) },
        operationMetrics: textMetrics({ ...changes.counts, ...deleted }),
        actions,
        reads: readsOf(layout, candidates, predicate),
      },
      result,
      discard: () => changes.discard(),
    };
  });
}

/** Deletes rows of one file; how many, if that is known. */
export async function deleteFrom(
  layout: TableLayout,
  { file, match }: FileCandidate,
  predicate: Predicate | undefined,
  changes: RowChanges,
): Promise<number | undefined> {
  if (predicate === undefined || match === "all") {
    await changes.removeFile(file);
    return countRecords(file);
  }
  const columns = predicate.columns.map(({ path }) => path[0]!);
  const { batch, ...rows } = await readDataFile(layout, file, { columns });
  const deleted = predicate.select(batch);
  if (deleted.length > 0) await changes.change({ file, rows, deleted, updates: [] });
  return deleted.length;
}
