import { type Schema, SluiceError, type UpsertRules } from "../../core/mod.ts";
import type { PostgresConnection } from "../connection.ts";
import { encodeCopyBinary } from "../copy/copy_binary.ts";
import { nullPatterns } from "./null_patterns.ts";
import { createStagingSql, STAGED_DELETES, STAGED_ROWS } from "./staging.ts";
import { copySql, quoteTable, type TableName } from "../table.ts";
import type { TableWriter } from "./table_writer.ts";
import { UpsertSql } from "./upsert_sql.ts";

/**
 * Writes rows by key: each in the place of the one that has its key. Rows whose keys are gone are
 * deleted, or stay with a mark.
 */
export function upsertRows(
  table: TableName,
  rules: UpsertRules,
  schema: Schema,
): TableWriter {
  const sql = new UpsertSql(table, rules, schema);
  const isMarking = rules.deletedColumn !== undefined;
  return {
    async stage(connection, { batch, deletes }) {
      for (const [name, rows] of [[STAGED_ROWS, batch], [STAGED_DELETES, deletes]] as const) {
        await connection.query(createStagingSql(name, schema));
        if (rows === undefined || rows.numRows === 0) continue;
        await connection.copyIn(copySql(name, schema), encodeCopyBinary(rows));
      }
      await refuseDuplicates(connection, table, sql);
    },
    async apply(connection, { batch, deletes }) {
      const numDeletes = deletes?.numRows ?? 0;
      if (!isMarking && deletes !== undefined) {
        for (const nullKeys of nullPatterns(deletes, rules.key)) {
          await connection.query(sql.deleteRows(nullKeys));
        }
      }
      if (batch.numRows + (isMarking ? numDeletes : 0) > 0) await connection.query(sql.upsert);
    },
  };
}

async function refuseDuplicates(
  connection: PostgresConnection,
  table: TableName,
  sql: UpsertSql,
): Promise<void> {
  const { rows: [twin] } = await connection.query(sql.duplicateKeys);
  if (twin === undefined) return;
  const values = Object.entries(twin).map(([name, value]) => `${name} = ${value ?? "null"}`);
  throw new SluiceError("DUPLICATE_KEY", {
    attempted: `write to Postgres table ${quoteTable(table)} by key`,
    where: values.join(", "),
    found: "two rows of one batch with this key",
    wanted: "each key once",
    hint: "name in the option key all columns that tell the rows of the result apart",
  });
}
