import {
  type Batch,
  type Schema,
  SluiceError,
  UnavailablePatterns,
  type UpsertRules,
} from "../../core/mod.ts";
import type { PostgresConnection } from "../connection.ts";
import { encodeCopyBinary } from "../copy/copy_binary.ts";
import { nullPatterns } from "./null_patterns.ts";
import { createStagingSql, STAGED_DELETES, STAGED_ROWS } from "./staging.ts";
import { copySql, quoteTable, type TableName } from "../table.ts";
import type { TableWriter } from "./table_writer.ts";
import { UpsertSql } from "./upsert_sql.ts";

/**
 * Writes rows by key: each in the place of the one that has its key. Rows whose keys are gone are
 * deleted, or stay with a mark. Columns whose values did not come with a row stay as they are.
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
      const { patterns, batches } = numbered(rules, [batch, deletes]);
      const stagedSchema = patterns?.numberedSchema(schema) ?? schema;
      for (const [i, name] of [STAGED_ROWS, STAGED_DELETES].entries()) {
        await connection.query(createStagingSql(name, stagedSchema));
        const rows = batches[i];
        if (rows === undefined || rows.numRows === 0) continue;
        await connection.copyIn(copySql(name, stagedSchema), encodeCopyBinary(rows));
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
      if (batch.numRows + (isMarking ? numDeletes : 0) === 0) return;
      const { patterns } = numbered(rules, [batch, isMarking ? deletes : undefined]);
      for (const [number, unavailable] of patterns?.sets.entries() ?? [[0, []]]) {
        await connection.query(sql.upsert(number, unavailable));
      }
    },
  };
}

/** Rows with numbers for the sets of columns whose values did not come, if rows may lack any. */
function numbered(
  { unavailable }: UpsertRules,
  batches: readonly (Batch | undefined)[],
): { readonly patterns?: UnavailablePatterns; readonly batches: readonly (Batch | undefined)[] } {
  if (unavailable === undefined) return { batches };
  const patterns = new UnavailablePatterns(unavailable);
  return { patterns, batches: batches.map((batch) => batch && patterns.numbered(batch)) };
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
