import { type Schema, type StructField, typeName } from "../../core/mod.ts";
import { checkKey } from "./check_key.ts";
import { checkTable, tableExists } from "./check_table.ts";
import type { MysqlConnection } from "../connection.ts";
import { serverErrorNumber } from "../mysql_error.ts";
import { columnDefinition, quoteTable, type TableName, tableText } from "../table.ts";

/** A table that must be there before the first batch. */
export interface WantedTable {
  readonly name: TableName;
  /** What rows it must be able to hold. */
  readonly schema: Schema;
  /** A `create table if not exists`. */
  readonly createSql: string;
  /** The columns that it must have a unique index on; absent: none. */
  readonly key?: readonly StructField[];
  /** True if nullable columns that it lacks are added to it, but for those of the key. */
  readonly addsColumns?: boolean;
}

const DUPLICATE_COLUMN = 1060;

/**
 * Compares the tables that are there with their schemas, adds the columns that they lack, and creates
 * the others. Must not be called in a transaction, which it would end.
 *
 * @param onNotice Is told of each column that was added.
 * @throws {SluiceError} `SCHEMA_MISMATCH`, or what the server says against it.
 */
export async function prepareTables(
  connection: MysqlConnection,
  tables: readonly WantedTable[],
  onNotice: (message: string) => void,
): Promise<void> {
  const missing: WantedTable[] = [];
  for (const table of tables) {
    if (await tableExists(connection, table.name)) await prepare(connection, table, onNotice);
    else missing.push(table);
  }
  for (const { createSql } of missing) await connection.query(createSql);
  // Another run may have been faster, with another schema.
  for (const table of missing) await prepare(connection, table, onNotice);
}

async function prepare(
  connection: MysqlConnection,
  { name, schema, key = [], addsColumns = false }: WantedTable,
  onNotice: (message: string) => void,
): Promise<void> {
  const addable = schema.fields.filter((field) =>
    addsColumns && field.nullable && !key.some((column) => column.name === field.name)
  );
  const missing = await checkTable(connection, name, schema, addable);
  if (key.length > 0) await checkKey(connection, name, key, schema.fields);
  for (const field of missing) await addColumn(connection, name, field, onNotice);
  if (missing.length > 0) await checkTable(connection, name, schema, []);
}

// One by one: of several in a statement, one that another run has added would keep back the others.
async function addColumn(
  connection: MysqlConnection,
  table: TableName,
  field: StructField,
  onNotice: (message: string) => void,
): Promise<void> {
  const definition = columnDefinition(field, connection.keyCollation);
  try {
    await connection.query(`alter table ${quoteTable(table)} add column ${definition}`);
  } catch (error) {
    // Another run was faster; whether its column fits is seen at once.
    if (serverErrorNumber(error) === DUPLICATE_COLUMN) return;
    throw error;
  }
  onNotice(`added column "${field.name}" ${typeName(field.type)} to table ${tableText(table)}`);
}
