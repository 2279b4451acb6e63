import {
  type Batch,
  failpoint,
  type MicroBatch,
  type Rejection,
  type SinkContext,
  type SinkWriter,
  type StagedBatch,
  type UpsertOptions,
  type UpsertRules,
  upsertRules,
} from "../../core/mod.ts";
import { type BatchTarget, BatchWriter, deadLetterRows } from "../../database/mod.ts";
import { appendRows } from "./append_rows.ts";
import { tableId } from "./check_table.ts";
import { MysqlConnection } from "../connection.ts";
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
export class MysqlWriter extends BatchWriter<MysqlConnection> implements SinkWriter {
  /** The table, however its name was spelt. */
  readonly targetId: string;
  readonly #storable: StorableValues;

  private constructor(
    target: BatchTarget<MysqlConnection>,
    connection: MysqlConnection,
    targetId: string,
    storable: StorableValues,
  ) {
    super(target, connection);
    this.targetId = targetId;
    this.#storable = storable;
  }

  /** Connects, creates, checks or widens the tables and fences earlier runs of the query. */
  static async open(options: WriterOptions, context: SinkContext): Promise<MysqlWriter> {
    const title = `MySQL table "${tableText(options.table)}"`;
    const attempted = `open ${title}`;
    const rules = upsertRules(attempted, options.upsert, context);
    const progressTable = progressTableName(options);
    const progress = new ProgressRow(progressTable, context.queryId, options.sinkName);
    const connect = () => MysqlConnection.open(options.url);
    const connection = await connect();
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
      const target: BatchTarget<MysqlConnection> = {
        kind: "mysql",
        title,
        progress,
        epoch,
        connect,
        async begin(connection) {
          await writer.prepare(connection);
          await connection.query("start transaction");
        },
        async stage(connection, batch) {
          await writer.stage(connection, batch);
          await insertDeadLetters(connection, batch, options, context.queryId);
          await failpoint("mysql:staged");
        },
        apply: (connection, batch) => writer.apply(connection, batch),
        commit,
        describe,
      };
      const id = await tableId(connection, options.table);
      return new MysqlWriter(target, connection, id, storable);
    } catch (error) {
      connection.destroy();
      throw describe(error, attempted, connection);
    }
  }

  reject(batch: Batch, startRow: number): Rejection[] {
    return this.#storable.unstorableRows(batch, startRow);
  }

  override async stage(microBatch: MicroBatch): Promise<StagedBatch> {
    const batch = this.#storable.withoutAbsentKeys(microBatch);
    this.#storable.refuseUnstorable(batch.batch, this.attempt("stage", batch));
    return await super.stage(batch);
  }
}

async function commit(connection: MysqlConnection): Promise<void> {
  await connection.query("commit");
}

async function insertDeadLetters(
  connection: MysqlConnection,
  { batchId, deadLetters }: MicroBatch,
  { deadLetterTable, sinkName }: WriterOptions,
  queryId: string,
): Promise<void> {
  if (deadLetterTable === undefined || deadLetters.length === 0) return;
  const rows = deadLetterRows({ queryId, sinkName, batchId, deadLetters }, () => true);
  await insertRows(connection, quoteTable(deadLetterTable), rows);
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

function describe(error: unknown, attempted: string, connection: MysqlConnection): unknown {
  return isServerError(error) ? mysqlError(error, attempted, connection.where) : error;
}
