import type { Offsets } from "../../core/mod.ts";
import { DEAD_LETTER_TABLE, PROGRESS_TABLE } from "../../database/mod.ts";
import { tableExists } from "../sink/check_table.ts";
import { PostgresConnection } from "../connection.ts";
import { postgresError } from "../postgres_error.ts";
import { ProgressRow } from "../sink/progress.ts";
import { parseTableName, quoteTable, type TableName } from "../table.ts";

/** Which query's batches, and where. */
export interface PostgresBatchesOptions {
  /** `postgres://user:password@host:5432/database`. */
  readonly url: string;
  /** The table's name, as the sink was given it. */
  readonly table: string;
  /** The query. */
  readonly queryId: string;
}

/** What a database has of a query's batches. */
export interface PostgresBatches {
  /** The newest batch; -1 if there is none. */
  readonly batchId: number;
  /** Where that batch ended; exclusive. */
  readonly endOffsets: Offsets | undefined;
  /**
   * How many rows of the table each transaction wrote, oldest first. A batch is one transaction;
   * one without rows leaves no trace here, and an update moves a row to a transaction of its own.
   */
  readonly rowsByTransaction: readonly number[];
  /** How many dead letters each batch has; batches without any are not there. */
  readonly deadLetters: ReadonlyMap<number, number>;
  /** How many other queries have written to the table. */
  readonly otherQueries: number;
}

/**
 * Reads what a database has of the batches of a query: its progress, the rows of its table and its
 * dead letters, all as of one moment. Where a table is not there, neither are its rows.
 *
 * @throws {SluiceError} `BAD_NAME`; `POSTGRES_UNAVAILABLE` (retryable), `POSTGRES_LOGIN` and what
 * else the server says.
 */
export async function readPostgresBatches(
  { url, table, queryId }: PostgresBatchesOptions,
): Promise<PostgresBatches> {
  const name = parseTableName(table);
  const sink = `postgres(${table})`;
  const beside = (other: string): TableName => ({ schema: name.schema, table: other });
  const connection = await PostgresConnection.open(url, "sluice audit");
  const attempted = `read the batches in Postgres table ${quoteTable(name)}`;
  try {
    await connection.query("begin isolation level repeatable read read only");
    const progressTable = beside(PROGRESS_TABLE);
    const hasProgress = await tableExists(connection, progressTable);
    const progress = hasProgress
      ? await new ProgressRow(progressTable, queryId, sink).read(connection)
      : undefined;
    return {
      batchId: progress?.batchId ?? -1,
      endOffsets: progress?.offsets,
      rowsByTransaction: await rowsByTransaction(connection, name),
      deadLetters: await deadLetters(connection, beside(DEAD_LETTER_TABLE), queryId, sink),
      otherQueries: hasProgress ? await otherQueries(connection, progressTable, queryId, sink) : 0,
    };
  } catch (error) {
    throw postgresError(error, attempted, connection.where);
  } finally {
    await connection.close();
  }
}

async function rowsByTransaction(
  connection: PostgresConnection,
  table: TableName,
): Promise<number[]> {
  if (!await tableExists(connection, table)) return [];
  const { rows } = await connection.query(
    `select count(*)::text as count from ${
      quoteTable(table)
    } group by xmin order by age(xmin) desc`,
  );
  return rows.map(({ count }) => Number(count));
}

async function deadLetters(
  connection: PostgresConnection,
  table: TableName,
  queryId: string,
  sink: string,
): Promise<Map<number, number>> {
  if (!await tableExists(connection, table)) return new Map();
  const { rows } = await connection.query(
    `select batch_id::text as batch_id, count(*)::text as count from ${quoteTable(table)}
where query_id = $1::text and sink = $2::text group by batch_id`,
    [queryId, sink],
  );
  return new Map(rows.map(({ batch_id, count }) => [Number(batch_id), Number(count)]));
}

async function otherQueries(
  connection: PostgresConnection,
  table: TableName,
  queryId: string,
  sink: string,
): Promise<number> {
  const { rows } = await connection.query(
    `select count(*)::text as count from ${quoteTable(table)}
where query_id <> $1::text and sink = $2::text and batch_id is not null`,
    [queryId, sink],
  );
  return Number(rows[0]?.count);
}
