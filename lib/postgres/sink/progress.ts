import { formatOffsets, type MicroBatch, parseOffsets } from "../../core/mod.ts";
import type { BatchProgress, Progress } from "../../database/mod.ts";
import type { PostgresConnection } from "../connection.ts";
import { quoteTable, type TableName } from "../table.ts";

/** Statements on the progress of one sink of one query. */
export class ProgressRow implements BatchProgress<PostgresConnection> {
  readonly #table: string;
  readonly #key: readonly [queryId: string, sink: string];

  /** Names the row; touches nothing. */
  constructor(table: TableName, queryId: string, sink: string) {
    this.#table = quoteTable(table);
    this.#key = [queryId, sink];
  }

  /** Makes this run the only one that may commit; returns its epoch. */
  async takeEpoch(connection: PostgresConnection): Promise<bigint> {
    const { rows } = await connection.query(
      `insert into ${this.#table} as progress (query_id, sink, epoch)
values ($1::text, $2::text, 1)
on conflict (query_id, sink) do update set epoch = progress.epoch + 1
returning epoch::text as epoch`,
      this.#key,
    );
    return BigInt(String(rows[0]!.epoch));
  }

  /** Reads the row; `undefined` if someone deleted it. */
  async read(connection: PostgresConnection): Promise<Progress | undefined> {
    const { rows } = await connection.query(
      `select batch_id::text as batch_id, offsets::text as offsets, epoch::text as epoch
from ${this.#table} where query_id = $1::text and sink = $2::text`,
      this.#key,
    );
    const row = rows[0];
    if (row === undefined) return undefined;
    return {
      batchId: row.batch_id === null ? undefined : Number(row.batch_id),
      offsets: parseOffsets(String(row.offsets)),
      epoch: BigInt(String(row.epoch)),
    };
  }

  /**
   * Moves the row on to a batch, if the epoch still holds and the batch is newer; returns whether
   * it did. Must be the last statement of the batch's transaction: it locks the row, and a run that
   * stalls with the lock keeps the next one from opening.
   */
  async advance(
    connection: PostgresConnection,
    batch: MicroBatch,
    epoch: bigint,
  ): Promise<boolean> {
    const { count } = await connection.query(
      `update ${this.#table}
set batch_id = $3::text::bigint, offsets = $4::text::jsonb, committed_at = now()
where query_id = $1::text and sink = $2::text and epoch = $5::text::bigint
  and (batch_id is null or batch_id < $3::text::bigint)`,
      [...this.#key, String(batch.batchId), formatOffsets(batch.endOffsets), String(epoch)],
    );
    return count === 1;
  }
}

/** The `create table if not exists` of the progress table. */
export function createProgressTableSql(table: TableName): string {
  return `create table if not exists ${quoteTable(table)} (
  query_id text not null,
  sink text not null,
  batch_id bigint,
  offsets jsonb,
  epoch bigint not null,
  committed_at timestamptz,
  primary key (query_id, sink)
)`;
}
