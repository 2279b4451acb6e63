import {
  Batch,
  countOffsets,
  type DeadLetter,
  deadLetter,
  type Decoder,
  failpoint,
  type Offsets,
  type RecordBlock,
  type Rejection,
  type SinkWriter,
  type Source,
} from "../core/mod.ts";

/** A range of records, read and decoded. */
export interface DecodedRange {
  readonly startOffsets: Offsets;
  /** Exclusive: where the reading ended, which a byte bound may have made earlier than asked. */
  readonly endOffsets: Offsets;
  readonly batch: Batch;
  readonly deadLetters: readonly DeadLetter[];
  /** Records read: rows and dead letters together. */
  readonly numInputRows: number;
}

/** A row for each record at most: more room than this is made as it is needed. */
const MAX_RESERVED_ROWS = 1 << 18;

/**
 * Reads `[start, end)` and makes each record a row or a dead letter. With `maxBytes` it may end
 * early. Nothing is visible to anyone yet, and nothing is planned: a crash here costs only time.
 */
export async function readBatch(
  source: Source,
  decoder: Decoder,
  writers: readonly SinkWriter[],
  start: Offsets,
  end: Offsets,
  signal: AbortSignal,
  maxBytes?: number,
): Promise<DecodedRange> {
  const capacity = Math.min(Number(countOffsets(start, end)), MAX_RESERVED_ROWS);
  const batch = new Batch(decoder.schema, capacity);
  const deadLetters: DeadLetter[] = [];
  const rejectedRows = new Set<number>();
  const reader = source.read(start, end, {
    signal,
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
  let numInputRows = 0;
  for await (const block of reader) {
    const startRow = batch.numRows;
    const rejected = await decoder.decode(block, batch);
    for (const { index, error } of rejected) deadLetters.push(deadLetter(block, index, error));
    for (const writer of writers) {
      for (const { index: row, error } of writer.reject?.(batch, startRow) ?? []) {
        if (rejectedRows.has(row)) continue;
        rejectedRows.add(row);
        deadLetters.push(deadLetter(block, recordOfRow(block, rejected, row - startRow), error));
      }
    }
    numInputRows += block.count;
    await failpoint("reading");
  }
  return {
    startOffsets: start,
    endOffsets: reader.endOffsets(),
    batch: rejectedRows.size === 0 ? batch : without(batch, rejectedRows),
    deadLetters,
    numInputRows,
  };
}

/** The index of the record that the nth row of a block was made from. */
function recordOfRow(block: RecordBlock, rejected: readonly Rejection[], row: number): number {
  const bad = new Set(rejected.map((rejection) => rejection.index));
  for (let index = 0, rows = -1; index < block.count; index++) {
    if (!bad.has(index)) rows++;
    if (rows === row) return index;
  }
  throw new RangeError(`row ${row} is not of a block of ${block.count} records`);
}

function without(batch: Batch, rejectedRows: ReadonlySet<number>): Batch {
  const kept = new Int32Array(batch.numRows - rejectedRows.size);
  for (let row = 0, next = 0; row < batch.numRows; row++) {
    if (!rejectedRows.has(row)) kept[next++] = row;
  }
  return batch.take(kept);
}
