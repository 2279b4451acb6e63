import { refuseUnknownOptions } from "../../../core/mod.ts";
import type { TableState } from "../../table_state.ts";
import type { RowSource } from "./row_source.ts";
import { mergedColumns, type WriteOptions, type WriteResult, writeRows } from "./write_rows.ts";

/**
 * Adds rows to a table. Their columns are matched by name, whatever the case; one that they do not
 * have gets its default, is generated, or is null. Values become those of the column where nothing of
 * them gets lost, as Spark has it for an `INSERT`. No rows are no commit, unless there is a `txn`.
 *
 * @throws {SluiceError} `SCHEMA_MISMATCH`; `BAD_VALUE`, naming row and column; `CONSTRAINT_VIOLATED`;
 * `SOURCE_CONSUMED`, `CONCURRENT_WRITES` or `COMMIT_UNKNOWN`, which are retryable: with a `txn` the
 * same call writes nothing twice.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { appendRows } from "./append.ts";
 * import { createTable } from "../define/create_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, { schema: s.struct({ id: s.long() }) });
 * const txn = { appId: "nightly", version: 7 };
 * equal((await appendRows(table, [{ id: 1n }, { id: 2n }], { txn })).numOutputRows, 2);
 * equal((await appendRows(table, [{ id: 1n }, { id: 2n }], { txn })).skipped, true);
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export async function appendRows(
  state: TableState,
  rows: RowSource,
  options: WriteOptions = {},
): Promise<WriteResult> {
  const attempted = `append to Delta table ${state.path}`;
  refuseUnknownOptions(attempted, options, ["txn", "mergeSchema", "userMetadata"]);
  return await writeRows(state, rows, {
    name: "Append",
    parameters: {},
    needsRows: true,
    change: (snapshot, schema) => mergedColumns(attempted, snapshot, schema, options),
    replace: () => ({ actions: [], reads: { kind: "nothing" } }),
  }, options);
}
