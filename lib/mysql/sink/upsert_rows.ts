import {
  Batch,
  Schema,
  SluiceError,
  type StructField,
  UnavailablePatterns,
  type UpsertRules,
} from "../../core/mod.ts";
import type { MysqlConnection } from "../connection.ts";
import { isPlainKey, keyHashDefinition } from "./key_hash.ts";
import { createStaging, STAGED_DELETES, STAGED_ROWS, stagedColumns } from "./staging.ts";
import type { TableColumn } from "./table_columns.ts";
import type { TableWriter } from "./table_writer.ts";
import { quoteName, type TableName, tableText } from "../table.ts";
import { UpsertSql } from "./upsert_sql.ts";
import { insertRows } from "../values/insert_rows.ts";

/**
 * Writes rows by key: each in the place of the one that has its key. Rows whose keys are gone are
 * deleted, or stay with a mark. Columns whose values did not come with a row stay as they are.
 */
export function upsertRows(
  table: TableName,
  rules: UpsertRules,
  tableColumns: readonly TableColumn[],
): TableWriter {
  const sql = new UpsertSql(table, rules);
  const isMarking = rules.deletedColumn !== undefined;
  const rowFields = rules.schema.fields.filter((field) => field !== rules.deletedColumn);
  const deleteFields = isMarking ? rowFields : deletableBy(rules);
  return {
    async prepare(connection) {
      await createStaging(connection, STAGED_ROWS, definitions(rowFields, rules, tableColumns));
      await createStaging(
        connection,
        STAGED_DELETES,
        definitions(deleteFields, rules, tableColumns),
      );
    },
    async stage(connection, { batch, deletes }) {
      const [rows, gone] = numbered(rules, [batch, deletes]).batches;
      await insertRows(connection, STAGED_ROWS, rows!);
      if (gone !== undefined) {
        await insertRows(connection, STAGED_DELETES, selected(gone, deleteFields, rules));
      }
      await refuseDuplicates(connection, table, rules, sql);
    },
    async apply(connection, { batch, deletes }) {
      const numDeletes = deletes?.numRows ?? 0;
      if (!isMarking && numDeletes > 0) await connection.query(sql.deleteRows);
      const { sets } = numbered(rules, [batch, deletes]);
      for (const [number, unavailable] of sets.entries()) {
        if (batch.numRows > 0) await connection.query(sql.upsert(number, unavailable, false));
        if (isMarking && numDeletes > 0) {
          await connection.query(sql.upsert(number, unavailable, true));
        }
      }
    },
  };
}

/** Of a row that is deleted only its key is needed, and how new the change is. */
function deletableBy({ key, orderBy }: UpsertRules): StructField[] {
  return orderBy === undefined ? [...key] : [...key, orderBy];
}

/** The columns of a table for staged rows. */
function definitions(
  fields: readonly StructField[],
  { key, unavailable }: UpsertRules,
  tableColumns: readonly TableColumn[],
): string[] {
  return [
    ...stagedColumns(fields, tableColumns),
    ...(unavailable === undefined ? [] : [`${quoteName(unavailable.name)} int not null`]),
    ...(isPlainKey(key) ? [] : [keyHashDefinition(key)]),
  ];
}

/** The columns of staged deletes. */
function selected(
  batch: Batch,
  fields: readonly StructField[],
  { unavailable }: UpsertRules,
): Batch {
  const names = [...fields, ...(unavailable === undefined ? [] : [unavailable])]
    .map(({ name }) => name);
  const indexes = [...batch.schema.fields.keys()].filter((i) =>
    names.includes(batch.schema.fields[i]!.name)
  );
  return new Batch(
    new Schema(indexes.map((i) => batch.schema.fields[i]!)),
    0,
    indexes.map((i) => batch.columns[i]!),
  );
}

/** Rows with numbers for the sets of columns whose values did not come, if rows may lack any. */
function numbered(
  { unavailable }: UpsertRules,
  batches: readonly (Batch | undefined)[],
): {
  readonly sets: readonly (readonly string[])[];
  readonly batches: readonly (Batch | undefined)[];
} {
  if (unavailable === undefined) return { sets: [[]], batches };
  const patterns = new UnavailablePatterns(unavailable);
  const rows = batches.map((batch) => batch && patterns.numbered(batch));
  return { sets: patterns.sets, batches: rows };
}

async function refuseDuplicates(
  connection: MysqlConnection,
  table: TableName,
  { key }: UpsertRules,
  sql: UpsertSql,
): Promise<void> {
  const { rows: [twin] } = await connection.query(sql.duplicateKeys);
  if (twin === undefined) return;
  const values = key.map(({ name }) => `${name} = ${twin[name] ?? "null"}`);
  throw new SluiceError("DUPLICATE_KEY", {
    attempted: `write to MySQL table "${tableText(table)}" by key`,
    where: values.join(", "),
    found: "two rows of one batch with this key",
    wanted: "each key once",
    hint: "name in the option key all columns that tell the rows of the result apart",
  });
}
