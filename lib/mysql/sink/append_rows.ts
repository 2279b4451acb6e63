import type { TableWriter } from "./table_writer.ts";
import { quoteTable, type TableName } from "../table.ts";
import { insertRows } from "../values/insert_rows.ts";

/** Adds rows to a table. They go there at once, since rows that are only added lock nothing. */
export function appendRows(table: TableName): TableWriter {
  return {
    prepare: () => Promise.resolve(),
    stage: (connection, { batch }) => insertRows(connection, quoteTable(table), batch),
    apply: () => Promise.resolve(),
  };
}
