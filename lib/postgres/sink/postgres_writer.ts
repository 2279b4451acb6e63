import {
  type Batch,
  type CommitOutcome,
  failpoint,
  judgeBatch,
  type MicroBatch,
  nothingStaged,
  type Rejection,
  type SinkContext,
  type SinkWriter,
  SluiceError,
  type StagedBatch,
  type UpsertOptions,
  type UpsertRules,
  upsertRules,
} from "../../core/mod.ts";
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
export class PostgresWriter implements SinkWriter {
  readonly #options: WriterOptions;
  readonly #context: SinkContext;
  readonly #progress: ProgressRow;
  readonly #epoch: bigint;
  readonly #tableWriter: TableWriter;
  /** The table, however its name was spelt. */
  readonly targetId: string;
  /** `undefined` after a failure: whatever state the connection was in, the next one is clean. */
  #connection: PostgresConnection | undefined;
  #transactionOpen = false;
  /** The batch whose COMMIT this run sent last; its answer may have been lost. */
  #sentBatchId: number | undefined;

  private constructor(
    options: WriterOptions,
    context: SinkContext,
    progress: ProgressRow,
    epoch: bigint,
    tableWriter: TableWriter,
    targetId: string,
    connection: PostgresConnection,
  ) {
    this.#options = options;
    this.#context = context;
    this.#progress = progress;
    this.#epoch = epoch;
    this.#tableWriter = tableWriter;
    this.targetId = targetId;
    this.#connection = connection;
  }

  /** Connects, creates, checks or widens the tables and fences earlier runs of the query. */
  static async open(options: WriterOptions, context: SinkContext): Promise<PostgresWriter> {
    const attempted = `open Postgres table ${quoteTable(options.table)}`;
    const rules = upsertRules(attempted, options.upsert, context);
    const tables = wantedTables(options, context, rules);
    const progressTable = progressTableName(options);
    const progress = new ProgressRow(progressTable, context.queryId, options.sinkName);
    const connection = await connect(options, context);
    try {
      await refuseDroppedTable(connection, options, progress);
      await prepareTables(connection, tables, context.onNotice ?? (() => {}));
      await failpoint("postgres:prepared");
      const epoch = await progress.takeEpoch(connection);
      await failpoint("postgres:fenced");
      const writer = tableWriter(options, context, rules);
      const id = await tableId(connection, options.table);
      return new PostgresWriter(options, context, progress, epoch, writer, id, connection);
    } catch (error) {
      connection.destroy();
      throw describedError(error, attempted, connection);
    }
  }

  async lastBatchId(): Promise<number> {
    const attempted = `read the progress of Postgres table ${quoteTable(this.#options.table)}`;
    return await this.#run(attempted, async (connection) => {
      return (await this.#progress.read(connection))?.batchId ?? -1;
    });
  }

  reject(batch: Batch, startRow: number): Rejection[] {
    return unstorableRows(batch, startRow);
  }

  async stage(batch: MicroBatch): Promise<StagedBatch> {
    const attempted = this.#attempt("stage", batch);
    if (this.#transactionOpen) {
      throw new SluiceError("STAGE_ORDER", {
        attempted,
        found: "another batch staged but neither committed nor aborted",
        wanted: "one batch after the other",
      });
    }
    return await this.#run(attempted, async (connection) => {
      this.#transactionOpen = true;
      await connection.query("begin isolation level read committed");
      const progress = await this.#progress.read(connection);
      if (judgeBatch(progress, batch, this.#epoch, attempted, connection.where) === "present") {
        await connection.query("rollback");
        this.#transactionOpen = false;
        return nothingStaged(this.#presentOutcome(batch));
      }
      await this.#tableWriter.stage(connection, batch);
      await this.#copyDeadLetters(connection, batch);
      await failpoint("postgres:copied");
      return {
        commit: () => this.#commit(batch, connection),
        abort: () => this.#abort(connection),
      };
    });
  }

  async close(): Promise<void> {
    if (this.#transactionOpen) this.#dropConnection();
    await this.#connection?.close();
    this.#connection = undefined;
  }

  async #copyDeadLetters(
    connection: PostgresConnection,
    { batchId, deadLetters }: MicroBatch,
  ): Promise<void> {
    const { deadLetterTable, sinkName } = this.#options;
    if (deadLetterTable === undefined || deadLetters.length === 0) return;
    await connection.copyIn(
      copyDeadLettersSql(deadLetterTable),
      encodeDeadLetters(deadLetters, this.#context.queryId, sinkName, batchId),
    );
  }

  async #commit(batch: MicroBatch, connection: PostgresConnection): Promise<CommitOutcome> {
    const attempted = this.#attempt("commit", batch);
    // On the connection that holds the rows or not at all: elsewhere the progress would move on
    // without them.
    return await this.#runOn(connection, attempted, async () => {
      await this.#tableWriter.apply(connection, batch);
      await failpoint("postgres:applied");
      if (!await this.#progress.advance(connection, batch, this.#epoch)) {
        const progress = await this.#progress.read(connection);
        judgeBatch(progress, batch, this.#epoch, attempted, connection.where);
        await connection.query("rollback");
        this.#transactionOpen = false;
        return this.#presentOutcome(batch);
      }
      await failpoint("postgres:committing");
      this.#sentBatchId = batch.batchId;
      // The commit point. A crash before it leaves nothing of the batch; a crash after it leaves
      // all of it, and its progress row tells the next try so.
      const { command } = await connection.query("commit");
      if (command !== "COMMIT") {
        throw new SluiceError("POSTGRES_REFUSED", {
          attempted,
          where: connection.where,
          found: command,
          wanted: "COMMIT",
        });
      }
      this.#transactionOpen = false;
      await failpoint("postgres:committed");
      return { status: "committed", numOutputRows: countRows(batch) };
    });
  }

  async #abort(connection: PostgresConnection): Promise<void> {
    try {
      await connection.query("rollback");
      this.#transactionOpen = false;
    } catch {
      this.#dropConnection(); // which rolls back too
    }
  }

  /** The outcome of a batch that the database holds, from an earlier try or an earlier run. */
  #presentOutcome(batch: MicroBatch): CommitOutcome {
    return this.#sentBatchId === batch.batchId
      ? { status: "committed", numOutputRows: countRows(batch) }
      : { status: "alreadyCommitted" };
  }

  /** Works on the writer's connection, or on a new one if that was lost. */
  async #run<T>(
    attempted: string,
    work: (connection: PostgresConnection) => Promise<T>,
  ): Promise<T> {
    if (this.#connection?.lost === true) this.#dropConnection();
    const connection = this.#connection ??= await connect(this.#options, this.#context);
    return await this.#runOn(connection, attempted, work);
  }

  async #runOn<T>(
    connection: PostgresConnection,
    attempted: string,
    work: (connection: PostgresConnection) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(connection);
    } catch (error) {
      this.#dropConnection();
      throw describedError(error, attempted, connection);
    }
  }

  #dropConnection(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
    this.#transactionOpen = false;
  }

  #attempt(verb: string, { batchId }: MicroBatch): string {
    return `${verb} batch ${batchId} to Postgres table ${quoteTable(this.#options.table)}`;
  }
}

function connect({ url }: WriterOptions, { queryName }: SinkContext): Promise<PostgresConnection> {
  return PostgresConnection.open(url, `sluice ${queryName}`);
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

/** Rows that a batch writes or takes away. */
function countRows({ batch, deletes }: MicroBatch): number {
  return batch.numRows + (deletes?.numRows ?? 0);
}

function describedError(
  error: unknown,
  attempted: string,
  connection: PostgresConnection,
): unknown {
  return isServerError(error) ? postgresError(error, attempted, connection.where) : error;
}
