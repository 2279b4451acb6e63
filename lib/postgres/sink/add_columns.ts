import { type StructField, typeName } from "../../core/mod.ts";
import type { PostgresConnection } from "../connection.ts";
import { isServerError, postgresError } from "../postgres_error.ts";
import { columnDefinitions, nameList, quoteTable, type TableName } from "../table.ts";

/**
 * While `alter table` waits for a transaction that uses the table, everybody else waits behind it:
 * better to give up and try again later.
 */
const LOCK_TIMEOUT = "3s";

/**
 * Adds nullable columns to a table, in the transaction that is open. In the rows that are there they
 * are null; those are not written anew, however many they are.
 *
 * @throws {SluiceError} `POSTGRES_CONFLICT` (retryable) if others use the table all the time;
 * `POSTGRES_PERMISSION` if it belongs to somebody else.
 */
export async function addColumns(
  connection: PostgresConnection,
  table: TableName,
  columns: readonly StructField[],
): Promise<void> {
  const name = quoteTable(table);
  const additions = columnDefinitions({ fields: columns })
    .map((definition) => `add column if not exists ${definition}`);
  try {
    await connection.query(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
    await connection.query(`alter table ${name} ${additions.join(", ")}`);
  } catch (error) {
    if (!isServerError(error)) throw error;
    const attempted = `add columns ${nameList(columns)} to Postgres table ${name}`;
    throw postgresError(error, attempted, connection.where);
  }
}

/** What a person is told of a column that was added. */
export function addedColumnNotice({ schema, table }: TableName, column: StructField): string {
  const name = schema === undefined ? table : `${schema}.${table}`;
  return `added column "${column.name}" ${typeName(column.type)} to table ${name}`;
}
