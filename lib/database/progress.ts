import {
  formatOffsets,
  type MicroBatch,
  type Offsets,
  type Schema,
  schema as s,
  SluiceError,
} from "../core/mod.ts";

/** The name of the table that says how far each query is, in a database that takes their rows. */
export const PROGRESS_TABLE = "sluice_progress";

/** What a progress table is compared with; `offsets` stands for JSON, as all nested types do. */
export const ProgressSchema: Schema = s.struct({
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
