import { formatOffsets, type MicroBatch, parseOffsets } from "../../core/mod.ts";
import type { BatchProgress, Progress } from "../../database/mod.ts";
import type { MysqlConnection } from "../connection.ts";
import { createTableSql, mysqlType, quoteTable, type TableName } from "../table.ts";
import { textLiteral } from "../values/literals.ts";

/** Statements on the progress of one sink of one query. */
export class ProgressRow implements BatchProgress<MysqlConnection> {
  readonly #table: string;
  readonly #queryId: string;
  readonly #sink: string;

  /** Names the row; touches nothing. */
  constructor(table: TableName, queryId: string, sink: string) {
    this.#table = quoteTable(table);
    this.#queryId = textLiteral(queryId);
    this.#sink = textLiteral(sink);
  }

  /** Makes this run the only one that may commit; returns its epoch. */
  async takeEpoch(connection: MysqlConnection): Promise<bigint> {
    // The lock of the row keeps others from taking an epoch before this one is read.
    await connection.query("start transaction");
    await connection.query(
      `insert into ${this.#table} (query_id, sink, epoch)
values (${this.#queryId}, ${this.#sink}, 1)
on duplicate key update epoch = epoch + 1`,
    );
    const { rows } = await connection.query(`select epoch from ${this.#table} ${this.#where}`);
    await connection.query("commit");
    return BigInt(rows[0]!.epoch!);
  }

  /** Reads the row; `undefined` if someone deleted it. */
  async read(connection: MysqlConnection): Promise<Progress | undefined> {
    const { rows } = await connection.query(
      `select batch_id, offsets, epoch from ${this.#table} ${this.#where}`,
    );
    const row = rows[0];
    if (row === undefined) return undefined;
    return {
      batchId: row.batch_id === null ? undefined : Number(row.batch_id),
      offsets: parseOffsets(String(row.offsets)),
      epoch: BigInt(row.epoch!),
    };
  }

  /**
   * Moves the row on to a batch, if the epoch still holds and the batch is newer; returns whether
   * it did. Must be the last statement of the batch's transaction: it locks the row, and a run that
   * stalls with the lock keeps the next one from opening.
   */
  async advance(
    connection: MysqlConnection,
    { batchId, endOffsets }: MicroBatch,
    epoch: bigint,
  ): Promise<boolean> {
    const { count } = await connection.query(
      `update ${this.#table}
set batch_id = ${batchId}, offsets = ${textLiteral(formatOffsets(endOffsets))},
  committed_at = now(6)
${this.#where} and epoch = ${epoch} and (batch_id is null or batch_id < ${batchId})`,
    );
    return count === 1;
  }

  get #where(): string {
    return `where query_id = ${this.#queryId} and sink = ${this.#sink}`;
  }
}

/** The `create table if not exists` of the progress table. */
export function createProgressTableSql(table: TableName, keyCollation: string): string {
  const text = mysqlType("string", keyCollation, true);
  return createTableSql(table, [
    `query_id ${text} not null`,
    `sink ${text} not null`,
    "batch_id bigint",
    "offsets json",
    "epoch bigint not null",
    "committed_at datetime(6)",
    "primary key (query_id, sink)",
  ]);
}
