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

/** What a dead letter takes in memory beside its key and value, in bytes, by a cautious guess. */
const DEAD_LETTER_BYTES = 600;

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
  let deadLetterBytes = 0;
  const keep = (letter: DeadLetter) => {
    deadLetters.push(letter);
    deadLetterBytes += DEAD_LETTER_BYTES + (letter.key?.length ?? 0) + (letter.value?.length ?? 0);
  };
  for await (const block of reader) {
    const startRow = batch.numRows;
    const rejected = await decoder.decode(block, batch);
    for (const { index, error } of rejected) keep(deadLetter(block, index, error));
    const unstorable = writers.flatMap((writer) => writer.reject?.(batch, startRow) ?? []);
    const records = unstorable.length === 0 ? [] : recordsOfRows(block, rejected);
    for (const { index: row, error } of unstorable) {
      if (rejectedRows.has(row)) continue;
      rejectedRows.add(row);
      keep(deadLetter(block, records[row - startRow]!, error));
    }
    numInputRows += block.count;
    await failpoint("reading");
    // A topic of tiny bad records: the source counts their bytes, but letters take far more.
    if (maxBytes !== undefined && deadLetterBytes >= maxBytes) break;
  }
  return {
    startOffsets: start,
    endOffsets: reader.endOffsets(),
    batch: rejectedRows.size === 0 ? batch : without(batch, rejectedRows),
    deadLetters,
    numInputRows,
  };
}

/** For each row of a block, the index of the record it was made from. */
function recordsOfRows(block: RecordBlock, rejected: readonly Rejection[]): number[] {
  const bad = new Set(rejected.map((rejection) => rejection.index));
  return Array.from({ length: block.count }, (_, index) => index).filter((index) =>
    !bad.has(index)
  );
}

function without(batch: Batch, rejectedRows: ReadonlySet<number>): Batch {
  const kept = new Int32Array(batch.numRows - rejectedRows.size);
  for (let row = 0, next = 0; row < batch.numRows; row++) {
    if (!rejectedRows.has(row)) kept[next++] = row;
  }
  return batch.take(kept);
}
