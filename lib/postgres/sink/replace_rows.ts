import type { Schema } from "../../core/mod.ts";
import { encodeCopyBinary } from "../copy/copy_binary.ts";
import { copySql, nameList, quoteTable, type TableName } from "../table.ts";
import { createStagingSql, STAGED_ROWS } from "./staging.ts";
import type { TableWriter } from "./table_writer.ts";

/**
 * Puts rows in the place of all that a table has. Readers see the rows of before until the commit,
 * and never an empty table, as they would with `truncate`.
 */
export function replaceRows(table: TableName, schema: Schema): TableWriter {
  const columns = nameList(schema.fields);
  return {
    async stage(connection, { batch }) {
      await connection.query(createStagingSql(STAGED_ROWS, schema));
      if (batch.numRows === 0) return;
      await connection.copyIn(copySql(STAGED_ROWS, schema), encodeCopyBinary(batch));
    },
    async apply(connection) {
      await connection.query(`delete from ${quoteTable(table)}`);
      await connection.query(
        `insert into ${quoteTable(table)} (${columns}) select ${columns} from ${STAGED_ROWS}`,
      );
    },
  };
}
