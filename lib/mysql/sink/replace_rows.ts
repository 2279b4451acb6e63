import type { Schema } from "../../core/mod.ts";
import { createStaging, STAGED_ROWS, stagedColumns } from "./staging.ts";
import type { TableColumn } from "./table_columns.ts";
import type { TableWriter } from "./table_writer.ts";
import { nameList, quoteTable, type TableName } from "../table.ts";
import { insertRows } from "../values/insert_rows.ts";

/**
 * Puts rows in the place of all that a table has. Readers see the rows of before until the commit,
 * and never an empty table, as they would with `truncate`.
 */
export function replaceRows(
  table: TableName,
  { fields }: Schema,
  tableColumns: readonly TableColumn[],
): TableWriter {
  const columns = nameList(fields);
  const definitions = stagedColumns(fields, tableColumns);
  return {
    prepare: (connection) => createStaging(connection, STAGED_ROWS, definitions),
    stage: (connection, { batch }) => insertRows(connection, STAGED_ROWS, batch),
    async apply(connection) {
      await connection.query(`delete from ${quoteTable(table)}`);
      await connection.query(
        `insert into ${quoteTable(table)} (${columns}) select ${columns} from ${STAGED_ROWS}`,
      );
    },
  };
}
