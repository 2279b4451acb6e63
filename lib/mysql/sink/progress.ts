import {
  formatOffsets,
  type MicroBatch,
  type Offsets,
  parseOffsets,
  schema as s,
  SluiceError,
} from "../../core/mod.ts";
import type { MysqlConnection } from "../connection.ts";
import { createTableSql, mysqlType, quoteTable, type TableName } from "../table.ts";
import { textLiteral } from "../values/literals.ts";

/** The name of the table that says how far each query is. */
export const PROGRESS_TABLE = "sluice_progress";

/** What a progress table is compared with; `offsets` stands for `json`, as all nested types do. */
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
