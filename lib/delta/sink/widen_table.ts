import { failpoint, type StructField, typeName } from "../../core/mod.ts";
import { type ChangedTable, changedTable } from "../commands/define/changed_table.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { addableColumns, type WantedTable } from "../protocol/check_schema.ts";
import { fieldsOf, parseFields } from "../protocol/schema_json.ts";
import type { TableState } from "../table_state.ts";
import { runOperation } from "../transactions/run_operation.ts";

/**
 * Adds the nullable columns to a table that it lacks for the rows, behind its own, and gives the table
 * as it is then. They come in a commit without rows: after a crash behind it the table has them
 * already. Where another commit comes first the table is looked at anew, and if that was a twin's, has
 * them by then.
 *
 * @param refuse Is called with the table as it would be; throws if the rows do not fit it even so.
 * @param onNotice Is told of each column that was added.
 * @throws {SluiceError} `BAD_SCHEMA` for a name that no column can have; `CONCURRENT_WRITES` or
 * `COMMIT_UNKNOWN`, which are retryable; `UNSUPPORTED_FEATURE`; and what `refuse` throws.
 */
export async function widenTable(
  state: TableState,
  wanted: WantedTable,
  refuse: (table: ChangedTable) => void,
  onNotice: (message: string) => void,
): Promise<Snapshot> {
  if (addableColumns(wanted, state.snapshot.schema).length === 0) return state.snapshot;
  const columns = await runOperation<readonly StructField[]>(state, (snapshot) => {
    const columns = addableColumns(wanted, snapshot.schema);
    if (columns.length === 0) return Promise.resolve({ nothingToDo: [] });
    const { schemaString } = snapshot.metadata;
    const added = fieldsOf(columns);
    const fields = [...parseFields(schemaString, snapshot.location), ...added];
    const table = changedTable(snapshot, { fields });
    refuse(table);
    return Promise.resolve({
      transaction: {
        operation: "ADD COLUMNS",
        operationParameters: { columns: JSON.stringify(added.map((column) => ({ column }))) },
        actions: table.actions,
        reads: { kind: "nothing" },
      },
      result: () => columns,
      discard: () => Promise.resolve(),
    });
  });
  await failpoint("delta:widened");
  for (const { name, type } of columns) {
    onNotice(`added column "${name}" ${typeName(type)} to table ${state.path}`);
  }
  return state.snapshot;
}
