import type { Schema, StructField } from "../../core/mod.ts";
import { addColumns, addedColumnNotice } from "./add_columns.ts";
import { checkKey } from "./check_key.ts";
import { checkEncoding, checkTable, tableExists } from "./check_table.ts";
import type { PostgresConnection } from "../connection.ts";
import type { TableName } from "../table.ts";

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

/** "sluice" in ASCII: held by whoever creates or changes tables, as two at once would collide. */
const CREATE_LOCK = "126943972777829";

/**
 * Compares the tables that are there with their schemas, then creates the others and adds the columns
 * that are missing, all or nothing of it.
 *
 * @param onNotice Is told of each column that was added.
 * @throws {SluiceError} `SCHEMA_MISMATCH`, `POSTGRES_ENCODING`, or what the server says against it.
 * The connection must then be destroyed.
 */
export async function prepareTables(
  connection: PostgresConnection,
  tables: readonly WantedTable[],
  onNotice: (message: string) => void,
): Promise<void> {
  await checkEncoding(connection);
  let isReady = true;
  for (const table of tables) {
    const lacks = await tableExists(connection, table.name)
      ? await check(connection, table)
      : undefined;
    isReady &&= lacks?.length === 0;
  }
  if (isReady) return;
  const notices: string[] = [];
  await connection.query("begin");
  await connection.query("select pg_advisory_xact_lock($1::text::bigint)", [CREATE_LOCK]);
  for (const table of tables) {
    // Another run may have been faster, with another schema.
    if (!await tableExists(connection, table.name)) await connection.query(table.createSql);
    const columns = await check(connection, table);
    if (columns.length === 0) continue;
    await addColumns(connection, table.name, columns);
    // Someone who knows nothing of the lock may have added them too, with other types.
    await check(connection, table);
    notices.push(...columns.map((column) => addedColumnNotice(table.name, column)));
  }
  await connection.query("commit");
  notices.forEach(onNotice);
}

/** Refuses a table that does not fit; gives the columns that it lacks and that are to be added. */
async function check(
  connection: PostgresConnection,
  { name, schema, key = [], addsColumns = false }: WantedTable,
): Promise<readonly StructField[]> {
  const addable = schema.fields.filter((field) =>
    addsColumns && field.nullable && !key.some((column) => column.name === field.name)
  );
  const missing = await checkTable(connection, name, schema, addable);
  if (key.length > 0) await checkKey(connection, name, key);
  return missing;
}
