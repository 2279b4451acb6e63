import {
  formatOffsets,
  type MicroBatch,
  type Offsets,
  parseOffsets,
  schema as s,
  SluiceError,
} from "../../core/mod.ts";
import type { PostgresConnection } from "../connection.ts";
import { quoteTable, type TableName } from "../table.ts";

/** The name of the table that says how far each query is. */
export const PROGRESS_TABLE = "sluice_progress";

/** What a progress table is compared with; `offsets` stands for `jsonb`, as all nested types do. */
export const ProgressSchema = s.struct({
  query_id: s.string(),
  sink: s.string(),
  batch_id: s.long().nullable(),
  offsets: s.map(s.string(), s.map(s.string(), s.long())).nullable(),
  epoch: s.long(),
  committed_at: s.timestamp().nullable(),
});

/** A query's row in the progress table, as far as a commit depends on it. */
export interface Progress {
  /** The newest batch committed; `undefined` before the first. */
  readonly batchId: number | undefined;
  /** The end offsets (exclusive) of that batch. */
  readonly offsets: Offsets | undefined;
  /** Which run may commit: the one that took this number when it opened. */
  readonly epoch: bigint;
}

/** Statements on the progress of one sink of one query. */
export class ProgressRow {
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

/**
 * Decides whether a batch is still to be written, given what the database holds.
 *
 * @throws {SluiceError} `FENCED` if another run took over, `CHECKPOINT_MISMATCH` or `PROGRESS_GAP`
 * if checkpoint and database do not belong together.
 */
export function judgeBatch(
  progress: Progress | undefined,
  batch: MicroBatch,
  epoch: bigint,
  attempted: string,
  where: string,
): "new" | "present" {
  if (progress === undefined || progress.epoch !== epoch) {
    throw new SluiceError("FENCED", {
      attempted,
      where,
      found: progress === undefined
        ? `no progress row in ${PROGRESS_TABLE}`
        : `epoch ${progress.epoch} in ${PROGRESS_TABLE}`,
      wanted: `epoch ${epoch}, which this run took when it started`,
      hint: progress === undefined
        ? "someone deleted the row; start the query again only if its table was emptied too"
        : "another run of the same query took over; this one must end, and nothing of the batch was written",
    });
  }
  const { batchId, offsets } = progress;
  if (batchId === undefined) return "new";
  if (batch.batchId > batchId + 1) {
    throw new SluiceError("PROGRESS_GAP", {
      attempted,
      where,
      found: `batch ${batchId} as the newest one in the database`,
      wanted: `batch ${batch.batchId - 1}`,
      hint: "the checkpoint is newer than the database; was the database restored from a backup? " +
        "restore the checkpoint of the same time, or the batches between are lost",
    });
  }
  if (batch.batchId === batchId + 1) return "new";
  const fits = offsets !== undefined &&
    (batch.batchId === batchId
      ? formatOffsets(offsets) === formatOffsets(batch.endOffsets)
      : endsWithin(batch.endOffsets, offsets));
  if (!fits) {
    throw new SluiceError("CHECKPOINT_MISMATCH", {
      attempted,
      where,
      found: `batch ${batchId} in the database, ending at ${
        offsets === undefined ? "unknown offsets" : formatOffsets(offsets)
      }`,
      wanted: `batch ${batch.batchId} ending at ${formatOffsets(batch.endOffsets)}`,
      hint: "the checkpoint was planned anew after this batch had been written; " +
        "restore the newer checkpoint, or start a new query on an empty table",
    });
  }
  return "present";
}

function endsWithin(end: Offsets, limit: Offsets): boolean {
  return Object.entries(end).every(([topic, partitions]) =>
    Object.entries(partitions).every(([partition, offset]) =>
      offset <= (limit[topic]?.[Number(partition)] ?? 0n)
    )
  );
}
