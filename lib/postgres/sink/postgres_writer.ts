import {
  type Batch,
  failpoint,
  type MicroBatch,
  type Rejection,
  type SinkContext,
  type SinkWriter,
  SluiceError,
  type UpsertOptions,
  type UpsertRules,
  upsertRules,
} from "../../core/mod.ts";
import { type BatchTarget, BatchWriter } from "../../database/mod.ts";
import { appendRows } from "./append_rows.ts";
import { tableId } from "./check_table.ts";
import { PostgresConnection } from "../connection.ts";
import { copyDeadLettersSql, encodeDeadLetters } from "./dead_letters.ts";
import { isServerError, postgresError } from "../postgres_error.ts";
import { prepareTables } from "./prepare_tables.ts";
import { ProgressRow } from "./progress.ts";
import { replaceRows } from "./replace_rows.ts";
import {
  progressTableName,
  refuseDroppedTable,
  type SinkTables,
  wantedTables,
} from "./sink_tables.ts";
import { quoteTable } from "../table.ts";
import type { TableWriter } from "./table_writer.ts";
import { unstorableRows } from "../copy/unstorable_rows.ts";
import { upsertRows } from "./upsert_rows.ts";

/** What a writer needs to know of the sink's options. */
export interface WriterOptions extends SinkTables {
  readonly url: string;
  /** The sink's name, part of the key of its progress. */
  readonly sinkName: string;
  /** For a query in update mode. */
  readonly upsert: UpsertOptions;
}

/** Writes the batches of one run of one query, each in one transaction with its progress. */
export class PostgresWriter extends BatchWriter<PostgresConnection> implements SinkWriter {
  /** The table, however its name was spelt. */
  readonly targetId: string;

  private constructor(
    target: BatchTarget<PostgresConnection>,
    connection: PostgresConnection,
    targetId: string,
  ) {
    super(target, connection);
    this.targetId = targetId;
  }

  /** Connects, creates, checks or widens the tables and fences earlier runs of the query. */
  static async open(options: WriterOptions, context: SinkContext): Promise<PostgresWriter> {
    const title = `Postgres table ${quoteTable(options.table)}`;
    const attempted = `open ${title}`;
    const rules = upsertRules(attempted, options.upsert, context);
    const tables = wantedTables(options, context, rules);
    const progressTable = progressTableName(options);
    const progress = new ProgressRow(progressTable, context.queryId, options.sinkName);
    const connect = () => PostgresConnection.open(options.url, `sluice ${context.queryName}`);
    const connection = await connect();
    try {
      await refuseDroppedTable(connection, options, progress);
      await prepareTables(connection, tables, context.onNotice ?? (() => {}));
      await failpoint("postgres:prepared");
      const epoch = await progress.takeEpoch(connection);
      await failpoint("postgres:fenced");
      const writer = tableWriter(options, context, rules);
      const target: BatchTarget<PostgresConnection> = {
        kind: "postgres",
        title,
        progress,
        epoch,
        connect,
        begin,
        async stage(connection, batch) {
          await writer.stage(connection, batch);
          await copyDeadLetters(connection, batch, options, context.queryId);
          await failpoint("postgres:copied");
        },
        apply: (connection, batch) => writer.apply(connection, batch),
        commit,
        describe,
      };
      return new PostgresWriter(target, connection, await tableId(connection, options.table));
    } catch (error) {
      connection.destroy();
      throw describe(error, attempted, connection);
    }
  }

  reject(batch: Batch, startRow: number): Rejection[] {
    return unstorableRows(batch, startRow);
  }
}

async function begin(connection: PostgresConnection): Promise<void> {
  await connection.query("begin isolation level read committed");
}

async function commit(connection: PostgresConnection, attempted: string): Promise<void> {
  const { command } = await connection.query("commit");
  if (command === "COMMIT") return;
  throw new SluiceError("POSTGRES_REFUSED", {
    attempted,
    where: connection.where,
    found: command,
    wanted: "COMMIT",
  });
}

async function copyDeadLetters(
  connection: PostgresConnection,
  { batchId, deadLetters }: MicroBatch,
  { deadLetterTable, sinkName }: WriterOptions,
  queryId: string,
): Promise<void> {
  if (deadLetterTable === undefined || deadLetters.length === 0) return;
  await connection.copyIn(
    copyDeadLettersSql(deadLetterTable),
    encodeDeadLetters({ queryId, sinkName, batchId, deadLetters }),
  );
}

/** How rows get into the table in the query's mode. */
function tableWriter(
  { table }: WriterOptions,
  { schema, outputMode }: SinkContext,
  rules: UpsertRules | undefined,
): TableWriter {
  if (rules !== undefined) return upsertRows(table, rules, schema);
  return outputMode === "complete" ? replaceRows(table, schema) : appendRows(table, schema);
}

function describe(error: unknown, attempted: string, connection: PostgresConnection): unknown {
  return isServerError(error) ? postgresError(error, attempted, connection.where) : error;
}
