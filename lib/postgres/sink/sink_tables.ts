import { type SinkContext, SluiceError, type UpsertRules } from "../../core/mod.ts";
import { DeadLetterSchema, PROGRESS_TABLE, ProgressSchema } from "../../database/mod.ts";
import { tableExists } from "./check_table.ts";
import type { PostgresConnection } from "../connection.ts";
import { createDeadLetterTableSql } from "./dead_letters.ts";
import type { WantedTable } from "./prepare_tables.ts";
import { createProgressTableSql, type ProgressRow } from "./progress.ts";
import { createTableSql, quoteTable, type TableName } from "../table.ts";

/** The tables that a sink was told of. */
export interface SinkTables {
  /** For the rows. */
  readonly table: TableName;
  /** For records that could not become rows; `undefined`: none are kept. */
  readonly deadLetterTable: TableName | undefined;
}

/** The table that says how far each query is: beside the sink's own. */
export function progressTableName({ table }: SinkTables): TableName {
  return { schema: table.schema, table: PROGRESS_TABLE };
}

/** The tables that a sink writes to, with what they must be like. */
export function wantedTables(
  options: SinkTables,
  context: SinkContext,
  rules: UpsertRules | undefined,
): WantedTable[] {
  const progressTable = progressTableName(options);
  const { table, deadLetterTable } = options;
  const { schema, key } = rules ?? { schema: context.schema, key: undefined };
  return [
    {
      name: table,
      schema,
      createSql: createTableSql(table, schema, key),
      addsColumns: true,
      ...(key === undefined ? {} : { key }),
    },
    {
      name: progressTable,
      schema: ProgressSchema,
      createSql: createProgressTableSql(progressTable),
    },
    ...(deadLetterTable === undefined ? [] : [{
      name: deadLetterTable,
      schema: DeadLetterSchema,
      createSql: createDeadLetterTableSql(deadLetterTable),
    }]),
  ];
}

/**
 * A table that was dropped under a query must not come back empty, as if nothing were missing.
 *
 * @throws {SluiceError} `TABLE_MISSING`.
 */
export async function refuseDroppedTable(
  connection: PostgresConnection,
  options: SinkTables,
  progress: ProgressRow,
): Promise<void> {
  if (await tableExists(connection, options.table)) return;
  if (!await tableExists(connection, progressTableName(options))) return;
  const held = (await progress.read(connection))?.batchId;
  if (held === undefined) return;
  throw new SluiceError("TABLE_MISSING", {
    attempted: `go on with Postgres table ${quoteTable(options.table)}`,
    where: connection.where,
    found: "no such table",
    wanted: `the table with batches up to ${held} of this query`,
    hint:
      "it was dropped, or renamed: bring it back, or load a new table with a query from an empty " +
      "checkpointLocation",
  });
}
