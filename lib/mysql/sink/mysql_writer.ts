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
import { MysqlConnection } from "../connection.ts";
import { deadLetterRows } from "./dead_letters.ts";
import { isServerError, mysqlError } from "../mysql_error.ts";
import { prepareTables } from "./prepare_tables.ts";
import { ProgressRow } from "./progress.ts";
import { replaceRows } from "./replace_rows.ts";
import {
  progressTableName,
  refuseDroppedTable,
  type SinkTables,
  wantedTables,
} from "./sink_tables.ts";
import { quoteTable, tableText } from "../table.ts";
import { StorableValues } from "./storable_values.ts";
import { readTableColumns, type TableColumn } from "./table_columns.ts";
import type { TableWriter } from "./table_writer.ts";
import { upsertRows } from "./upsert_rows.ts";
import { insertRows } from "../values/insert_rows.ts";

/** What a writer needs to know of the sink's options. */
export interface WriterOptions extends SinkTables {
  readonly url: string;
  /** The sink's name, part of the key of its progress. */
  readonly sinkName: string;
  /** For a query in update mode. */
  readonly upsert: UpsertOptions;
}

/** Writes the batches of one run of one query, each in one transaction with its progress. */
export class MysqlWriter implements SinkWriter {
  readonly #options: WriterOptions;
  readonly #context: SinkContext;
  readonly #progress: ProgressRow;
  readonly #epoch: bigint;
  readonly #tableWriter: TableWriter;
  readonly #storable: StorableValues;
  /** The table, however its name was spelt. */
  readonly targetId: string;
  /** `undefined` after a failure: whatever state the connection was in, the next one is clean. */
  #connection: MysqlConnection | undefined;
  #transactionOpen = false;
  /** The batch whose COMMIT this run sent last; its answer may have been lost. */
  #sentBatchId: number | undefined;

  private constructor(
    options: WriterOptions,
    context: SinkContext,
    progress: ProgressRow,
    epoch: bigint,
    tableWriter: TableWriter,
    storable: StorableValues,
    targetId: string,
    connection: MysqlConnection,
  ) {
    this.#options = options;
    this.#context = context;
    this.#progress = progress;
    this.#epoch = epoch;
    this.#tableWriter = tableWriter;
    this.#storable = storable;
    this.targetId = targetId;
    this.#connection = connection;
  }

  /** Connects, creates, checks or widens the tables and fences earlier runs of the query. */
  static async open(options: WriterOptions, context: SinkContext): Promise<MysqlWriter> {
    const attempted = `open MySQL table "${tableText(options.table)}"`;
    const rules = upsertRules(attempted, options.upsert, context);
    const progressTable = progressTableName(options);
    const progress = new ProgressRow(progressTable, context.queryId, options.sinkName);
    const connection = await MysqlConnection.open(options.url);
    try {
      await refuseDroppedTable(connection, options, progress);
      const tables = wantedTables(options, context, rules, connection.keyCollation);
      await prepareTables(connection, tables, context.onNotice ?? (() => {}));
      await failpoint("mysql:prepared");
      const epoch = await progress.takeEpoch(connection);
      await failpoint("mysql:fenced");
      const columns = await readTableColumns(connection, options.table);
      const writer = tableWriter(options, context, rules, columns);
      const storable = new StorableValues(columns, rules?.key ?? []);
      const id = await tableId(connection, options.table);
      return new MysqlWriter(options, context, progress, epoch, writer, storable, id, connection);
    } catch (error) {
      connection.destroy();
      throw describedError(error, attempted, connection);
    }
  }

  async lastBatchId(): Promise<number> {
    const attempted = `read the progress of MySQL table "${tableText(this.#options.table)}"`;
    return await this.#run(attempted, async (connection) => {
      return (await this.#progress.read(connection))?.batchId ?? -1;
    });
  }

  reject(batch: Batch, startRow: number): Rejection[] {
    return this.#storable.unstorableRows(batch, startRow);
  }

  async stage(microBatch: MicroBatch): Promise<StagedBatch> {
    const batch = this.#storable.withoutAbsentKeys(microBatch);
    const attempted = this.#attempt("stage", batch);
    if (this.#transactionOpen) {
      throw new SluiceError("STAGE_ORDER", {
        attempted,
        found: "another batch staged but neither committed nor aborted",
        wanted: "one batch after the other",
      });
    }
    this.#storable.refuseUnstorable(batch.batch, attempted);
    return await this.#run(attempted, async (connection) => {
      await this.#tableWriter.prepare(connection);
      this.#transactionOpen = true;
      await connection.query("start transaction");
      const progress = await this.#progress.read(connection);
      if (judgeBatch(progress, batch, this.#epoch, attempted, connection.where) === "present") {
        await connection.query("rollback");
        this.#transactionOpen = false;
        return nothingStaged(this.#presentOutcome(batch));
      }
      await this.#tableWriter.stage(connection, batch);
      await this.#insertDeadLetters(connection, batch);
      await failpoint("mysql:staged");
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

  async #insertDeadLetters(
    connection: MysqlConnection,
    { batchId, deadLetters }: MicroBatch,
  ): Promise<void> {
    const { deadLetterTable, sinkName } = this.#options;
    if (deadLetterTable === undefined || deadLetters.length === 0) return;
    await insertRows(
      connection,
      quoteTable(deadLetterTable),
      deadLetterRows(deadLetters, this.#context.queryId, sinkName, batchId),
    );
  }

  async #commit(batch: MicroBatch, connection: MysqlConnection): Promise<CommitOutcome> {
    const attempted = this.#attempt("commit", batch);
    // On the connection that holds the rows or not at all: elsewhere the progress would move on
    // without them.
    return await this.#runOn(connection, attempted, async () => {
      await this.#tableWriter.apply(connection, batch);
      await failpoint("mysql:applied");
      if (!await this.#progress.advance(connection, batch, this.#epoch)) {
        const progress = await this.#progress.read(connection);
        judgeBatch(progress, batch, this.#epoch, attempted, connection.where);
        await connection.query("rollback");
        this.#transactionOpen = false;
        return this.#presentOutcome(batch);
      }
      await failpoint("mysql:committing");
      this.#sentBatchId = batch.batchId;
      // The commit point. A crash before it leaves nothing of the batch; a crash after it leaves
      // all of it, and its progress row tells the next try so.
      await connection.query("commit");
      this.#transactionOpen = false;
      await failpoint("mysql:committed");
      return { status: "committed", numOutputRows: countRows(batch) };
    });
  }

  async #abort(connection: MysqlConnection): Promise<void> {
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
    work: (connection: MysqlConnection) => Promise<T>,
  ): Promise<T> {
    if (this.#connection?.lost === true) this.#dropConnection();
    const connection = this.#connection ??= await MysqlConnection.open(this.#options.url);
    return await this.#runOn(connection, attempted, work);
  }

  async #runOn<T>(
    connection: MysqlConnection,
    attempted: string,
    work: (connection: MysqlConnection) => Promise<T>,
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
    return `${verb} batch ${batchId} to MySQL table "${tableText(this.#options.table)}"`;
  }
}

/** How rows get into the table in the query's mode. */
function tableWriter(
  { table }: WriterOptions,
  { schema, outputMode }: SinkContext,
  rules: UpsertRules | undefined,
  columns: readonly TableColumn[],
): TableWriter {
  if (rules !== undefined) return upsertRows(table, rules, columns);
  return outputMode === "complete" ? replaceRows(table, schema, columns) : appendRows(table);
}

/** Rows that a batch writes or takes away. */
function countRows({ batch, deletes }: MicroBatch): number {
  return batch.numRows + (deletes?.numRows ?? 0);
}

function describedError(
  error: unknown,
  attempted: string,
  connection: MysqlConnection,
): unknown {
  return isServerError(error) ? mysqlError(error, attempted, connection.where) : error;
}
