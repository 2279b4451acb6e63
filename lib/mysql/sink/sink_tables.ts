import { type SinkContext, SluiceError, type UpsertRules } from "../../core/mod.ts";
import { DeadLetterSchema, PROGRESS_TABLE, ProgressSchema } from "../../database/mod.ts";
import { tableExists } from "./check_table.ts";
import type { MysqlConnection } from "../connection.ts";
import { createDeadLetterTableSql } from "./create_dead_letter_table.ts";
import { indexColumns, isPlainKey, keyHashDefinition } from "./key_hash.ts";
import type { WantedTable } from "./prepare_tables.ts";
import { createProgressTableSql, type ProgressRow } from "./progress.ts";
import {
  columnDefinitions,
  createTableSql,
  quoteName,
  type TableName,
  tableText,
} from "../table.ts";

/** The tables that a sink was told of. */
export interface SinkTables {
  /** For the rows. */
  readonly table: TableName;
  /** For records that could not become rows; `undefined`: none are kept. */
  readonly deadLetterTable: TableName | undefined;
}

/** The table that says how far each query is: beside the sink's own. */
export function progressTableName({ table }: SinkTables): TableName {
  return { database: table.database, table: PROGRESS_TABLE };
}

/** The tables that a sink writes to, with what they must be like. */
export function wantedTables(
  options: SinkTables,
  context: SinkContext,
  rules: UpsertRules | undefined,
  keyCollation: string,
): WantedTable[] {
  const progressTable = progressTableName(options);
  const { table, deadLetterTable } = options;
  const definitions = rules === undefined
    ? columnDefinitions(context.schema, keyCollation)
    : keyedDefinitions(rules, keyCollation);
  return [
    {
      name: table,
      schema: rules?.schema ?? context.schema,
      createSql: createTableSql(table, definitions),
      addsColumns: true,
      ...(rules === undefined ? {} : { key: rules.key }),
    },
    {
      name: progressTable,
      schema: ProgressSchema,
      createSql: createProgressTableSql(progressTable, keyCollation),
      key: ProgressSchema.fields.filter(({ name }) => name === "query_id" || name === "sink"),
    },
    ...(deadLetterTable === undefined ? [] : [{
      name: deadLetterTable,
      schema: DeadLetterSchema,
      createSql: createDeadLetterTableSql(deadLetterTable),
    }]),
  ];
}

/** Columns with their key: the primary one, or a unique one of the column that stands for it. */
function keyedDefinitions({ schema, key }: UpsertRules, keyCollation: string): string[] {
  const isPlain = isPlainKey(key);
  const columns = indexColumns(key).map(quoteName).join(", ");
  return [
    ...columnDefinitions(schema, keyCollation, isPlain ? key : []),
    ...(isPlain ? [] : [keyHashDefinition(key)]),
    `${isPlain ? "primary" : "unique"} key (${columns})`,
  ];
}

/**
 * A table that was dropped under a query must not come back empty, as if nothing were missing.
 *
 * @throws {SluiceError} `TABLE_MISSING`.
 */
export async function refuseDroppedTable(
  connection: MysqlConnection,
  options: SinkTables,
  progress: ProgressRow,
): Promise<void> {
  if (await tableExists(connection, options.table)) return;
  if (!await tableExists(connection, progressTableName(options))) return;
  const held = (await progress.read(connection))?.batchId;
  if (held === undefined) return;
  throw new SluiceError("TABLE_MISSING", {
    attempted: `go on with MySQL table "${tableText(options.table)}"`,
    where: connection.where,
    found: "no such table",
    wanted: `the table with batches up to ${held} of this query`,
    hint:
      "it was dropped, or renamed: bring it back, or load a new table with a query from an empty " +
      "checkpointLocation",
  });
}
