import { badOption, refuseUnknownOptions } from "../../../core/mod.ts";
import { bindPredicate, type Predicate } from "../../../sql/mod.ts";
import { readDataFile } from "../../files/read_data_file.ts";
import type { TableLayout } from "../../files/table_layout.ts";
import type { AddFile } from "../../protocol/actions.ts";
import { refuseRemoval } from "../../protocol/table_features.ts";
import { candidateFiles } from "../../scan/candidate_files.ts";
import type { TableState } from "../../table_state.ts";
import { type Planned, runOperation } from "../../transactions/run_operation.ts";
import { assign, type Assignments, bindAssignments, columnsRead } from "./assignments.ts";
import { readsOf } from "../file_actions.ts";
import { textMetrics } from "../operation_metrics.ts";
import { type ChangeCounts, RowChanges, writeChanges } from "./row_changes.ts";
import { allRows } from "./row_sets.ts";

/** Which rows to update, and how. */
export interface UpdateOptions {
  /** SQL by column: what the column is to be, worked out from the row as it was. */
  readonly set: Readonly<Record<string, string>>;
  /** A condition in SQL; absent: all rows. */
  readonly where?: string;
}

/** What an update did; the counts have Spark's names. */
export interface UpdateResult extends ChangeCounts {
  /** The version that it made; `undefined` if no row was to be updated. */
  readonly version: number | undefined;
  /** Rows for which the condition was true. */
  readonly numUpdatedRows: number;
}

const ATTEMPTED = "update rows of a Delta table";

/**
 * Sets columns of the rows for which a condition is true. A row whose partition column is set moves
 * to that partition; generated columns follow the columns they are made of. One file is in memory at
 * a time.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { appendRows } from "../write/append.ts";
 * import { createTable } from "../define/create_table.ts";
 * import { updateRows } from "./update_rows.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, { schema: s.struct({ id: s.long(), n: s.integer() }) });
 * await appendRows(table, [{ id: 1n, n: 1 }]);
 * const result = await updateRows(table, { set: { n: "n + 1" }, where: "id = 1" });
 * deepEqual([result.version, result.numUpdatedRows], [2, 1]);
 * await Deno.remove(path, { recursive: true });
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`; `BAD_OPTION` if nothing is set; `UNKNOWN_COLUMN`;
 * `BAD_EXPRESSION`; `BAD_VALUE` if a column cannot hold its new value; `CONSTRAINT_VIOLATED`;
 * `APPEND_ONLY`; `CONCURRENT_WRITES`, and what reading and writing files throws. Nothing is left of
 * it then.
 */
export async function updateRows(
  state: TableState,
  options: UpdateOptions,
): Promise<UpdateResult> {
  refuseUnknownOptions(ATTEMPTED, options, ["set", "where"]);
  const { set, where } = options;
  if (Object.keys(set).length === 0) throw badOption(ATTEMPTED, "set", "no column", "one or more");
  return await runOperation(state, (snapshot) => {
    const layout = state.layout();
    refuseRemoval(layout.metadata, ATTEMPTED, layout.path);
    const predicate = where === undefined ? undefined : bindPredicate(where, layout.schema);
    const assignments = bindAssignments(ATTEMPTED, layout.schema, set, layout.schema);
    return planUpdate(layout, snapshot.files(), predicate, assignments);
  });
}

async function planUpdate(
  layout: TableLayout,
  files: Iterable<AddFile>,
  predicate: Predicate | undefined,
  assignments: Assignments,
): Promise<Planned<UpdateResult>> {
  const candidates = candidateFiles(layout, files, predicate);
  const changes = new RowChanges(layout, true);
  return await writeChanges(changes, async () => {
    let numUpdatedRows = 0;
    for (const { file } of candidates) {
      const columns = predicate?.columns.map(({ path }) => path[0]!) ?? [];
      const { batch, ...rows } = await readDataFile(layout, file, { columns });
      const updated = predicate?.select(batch) ?? allRows(rows.numRows);
      if (updated.length === 0) continue;
      numUpdatedRows += updated.length;
      await changes.change({
        file,
        rows,
        deleted: new Int32Array(),
        updates: [{
          rows: updated,
          columns: columnsRead(assignments, layout, ""),
          replace: (old) => assign(old, assignments, old, layout),
        }],
      });
    }
    const actions = await changes.finish();
    const result = (version: number | undefined) => ({
      version,
      numUpdatedRows,
      ...changes.counts,
    });
    if (actions.length === 0) return { nothingToDo: result(undefined) };
    return {
      transaction: {
        operation: "UPDATE",
        operationParameters: {
          predicate: JSON.stringify(predicate === undefined ? [] : [predicate.text]),
        },
        operationMetrics: textMetrics({ numUpdatedRows, ...changes.counts }),
        actions,
        reads: readsOf(layout, candidates, predicate),
      },
      result,
      discard: () => changes.discard(),
    };
  });
}
