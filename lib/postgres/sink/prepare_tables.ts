import type { Schema, StructField } from "../../core/mod.ts";
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
}

/** "sluice" in ASCII: held by whoever creates tables, as two at once would collide. */
const CREATE_LOCK = "126943972777829";

/**
 * Compares the tables that are there with their schemas, then creates the others.
 *
 * @throws {SluiceError} `SCHEMA_MISMATCH`, `POSTGRES_ENCODING`, or what the server says against it.
 */
export async function prepareTables(
  connection: PostgresConnection,
  tables: readonly WantedTable[],
): Promise<void> {
  await checkEncoding(connection);
  const missing: WantedTable[] = [];
  for (const table of tables) {
    if (await tableExists(connection, table.name)) {
      await check(connection, table);
    } else missing.push(table);
  }
  if (missing.length === 0) return;
  await connection.query("begin");
  await connection.query("select pg_advisory_xact_lock($1::text::bigint)", [CREATE_LOCK]);
  for (const { createSql } of missing) await connection.query(createSql);
  await connection.query("commit");
  // Another run may have been faster, with another schema.
  for (const table of missing) await check(connection, table);
}

async function check(
  connection: PostgresConnection,
  { name, schema, key }: WantedTable,
): Promise<void> {
  await checkTable(connection, name, schema);
  if (key !== undefined) await checkKey(connection, name, key);
}
