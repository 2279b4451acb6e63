import {
  type Batch,
  type CommitOutcome,
  failpoint,
  type MicroBatch,
  nothingStaged,
  type Rejection,
  type SinkContext,
  type SinkWriter,
  SluiceError,
  type StagedBatch,
} from "../core/mod.ts";
import { tableExists } from "./check_table.ts";
import { PostgresConnection } from "./connection.ts";
import { encodeCopyBinary } from "./copy_binary.ts";
import {
  copyDeadLettersSql,
  createDeadLetterTableSql,
  DeadLetterSchema,
  encodeDeadLetters,
} from "./dead_letters.ts";
import { isServerError, postgresError } from "./postgres_error.ts";
import { prepareTables, type WantedTable } from "./prepare_tables.ts";
import {
  createProgressTableSql,
  judgeBatch,
  PROGRESS_TABLE,
  ProgressRow,
  ProgressSchema,
} from "./progress.ts";
import { createTableSql, quoteName, quoteTable, type TableName } from "./table.ts";
import { unstorableRows } from "./unstorable_rows.ts";

/** What a writer needs to know of the sink's options. */
export interface WriterOptions {
  readonly url: string;
  /** The sink's name, part of the key of its progress. */
  readonly sinkName: string;
  readonly table: TableName;
  readonly deadLetterTable: TableName | undefined;
}

/** Writes the batches of one run of one query, each in one transaction with its progress. */
export class PostgresWriter implements SinkWriter {
  readonly #options: WriterOptions;
  readonly #context: SinkContext;
  readonly #progress: ProgressRow;
  readonly #epoch: bigint;
  readonly #copySql: string;
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
    connection: PostgresConnection,
  ) {
    this.#options = options;
    this.#context = context;
    this.#progress = progress;
    this.#epoch = epoch;
    this.#connection = connection;
    const columns = context.schema.fields.map(({ name }) => quoteName(name)).join(", ");
    this.#copySql = `copy ${quoteTable(options.table)} (${columns}) from stdin (format binary)`;
  }

  /** Connects, creates or checks the tables and fences earlier runs of the query. */
  static async open(options: WriterOptions, context: SinkContext): Promise<PostgresWriter> {
    const tables = wantedTables(options, context);
    const progressTable = progressTableName(options);
    const progress = new ProgressRow(progressTable, context.queryId, options.sinkName);
    const connection = await connect(options, context);
    try {
      await refuseDroppedTable(connection, options, progress);
      await prepareTables(connection, tables);
      const epoch = await progress.takeEpoch(connection);
      return new PostgresWriter(options, context, progress, epoch, connection);
    } catch (error) {
      connection.destroy();
      throw describedError(error, `open Postgres table ${quoteTable(options.table)}`, connection);
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
      await this.#copy(connection, batch);
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

  async #copy(connection: PostgresConnection, { batch, batchId, deadLetters }: MicroBatch) {
    if (batch.numRows > 0) await connection.copyIn(this.#copySql, encodeCopyBinary(batch));
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
      return { status: "committed", numOutputRows: batch.batch.numRows };
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
  #presentOutcome({ batchId, batch }: MicroBatch): CommitOutcome {
    return this.#sentBatchId === batchId
      ? { status: "committed", numOutputRows: batch.numRows }
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

function progressTableName({ table }: WriterOptions): TableName {
  return { schema: table.schema, table: PROGRESS_TABLE };
}

function wantedTables(options: WriterOptions, { schema }: SinkContext): WantedTable[] {
  const progressTable = progressTableName(options);
  const { deadLetterTable } = options;
  return [
    { name: options.table, schema, createSql: createTableSql(options.table, schema) },
    {
      name: progressTable,
      schema: ProgressSchema,
      createSql: createProgressTableSql(progressTable),
    },
    ...(deadLetterTable === undefined ? [] : [{
      name: deadLetterTable,
      schema: DeadLetterSchema,
      createSql: createDeadLetterTableSql(deadLetterTable),
    }]),
  ];
}

/** A table that was dropped under a query must not come back empty, as if nothing were missing. */
async function refuseDroppedTable(
  connection: PostgresConnection,
  options: WriterOptions,
  progress: ProgressRow,
): Promise<void> {
  if (await tableExists(connection, options.table)) return;
  if (!await tableExists(connection, progressTableName(options))) return;
  const held = (await progress.read(connection))?.batchId;
  if (held === undefined) return;
  throw new SluiceError("TABLE_MISSING", {
    attempted: `go on with Postgres table ${quoteTable(options.table)}`,
    where: connection.where,
    found: "no such table",
    wanted: `the table with batches up to ${held} of this query`,
    hint:
      "it was dropped, or renamed: bring it back, or load a new table with a query from an empty " +
      "checkpointLocation",
  });
}

function describedError(
  error: unknown,
  attempted: string,
  connection: PostgresConnection,
): unknown {
  return isServerError(error) ? postgresError(error, attempted, connection.where) : error;
}
