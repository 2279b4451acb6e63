import type { Schema } from "../../core/mod.ts";
import { encodeCopyBinary } from "../copy/copy_binary.ts";
import { copySql, quoteTable, type TableName } from "../table.ts";
import type { TableWriter } from "./table_writer.ts";

/** Adds rows to a table. They go there at once, since rows that are only added lock nothing. */
export function appendRows(table: TableName, schema: Schema): TableWriter {
  const sql = copySql(quoteTable(table), schema);
  return {
    async stage(connection, { batch }) {
      if (batch.numRows > 0) await connection.copyIn(sql, encodeCopyBinary(batch));
    },
    apply: () => Promise.resolve(),
  };
}
