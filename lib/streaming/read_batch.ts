import {
  Batch,
  concatBatches,
  countOffsets,
  type DeadLetter,
  deadLetter,
  failpoint,
  type Offsets,
  type SinkWriter,
  type Source,
} from "../core/mod.ts";
import type { BlockRows, RowMaker } from "./row_maker.ts";

/** A range of records, and the rows made of them. */
export interface DecodedRange {
  readonly startOffsets: Offsets;
  /** Exclusive: where the reading ended, which a byte bound may have made earlier than asked. */
  readonly endOffsets: Offsets;
  readonly batch: Batch;
  readonly deadLetters: readonly DeadLetter[];
  /** Records read: those that became rows, dead letters, or nothing because of a filter. */
  readonly numInputRows: number;
}

/** What a dead letter takes in memory beside its key and value, in bytes, by a cautious guess. */
const DEAD_LETTER_BYTES = 600;

/** Room for a row for each record: more than this is made as it is needed. */
const MAX_RESERVED_ROWS = 1 << 18;

/**
 * Reads `[start, end)` and makes rows of each record, or a dead letter. With `maxBytes` it may end
 * early. Nothing is visible to anyone yet, and nothing is planned: a crash here costs only time.
 */
export async function readBatch(
  source: Source,
  rowMaker: RowMaker,
  writers: readonly SinkWriter[],
  start: Offsets,
  end: Offsets,
  signal: AbortSignal,
  maxBytes?: number,
): Promise<DecodedRange> {
  const capacity = Math.min(Number(countOffsets(start, end)), MAX_RESERVED_ROWS);
  const whole = new Batch(rowMaker.schema, rowMaker.makesParts ? 0 : capacity);
  const parts: Batch[] = [];
  const deadLetters: DeadLetter[] = [];
  const rejectedRows = new Set<number>();
  const reader = source.read(start, end, {
    signal,
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
  let numInputRows = 0;
  let numRows = 0;
  let partBytes = 0;
  let deadLetterBytes = 0;
  const keep = (letter: DeadLetter) => {
    deadLetters.push(letter);
    deadLetterBytes += DEAD_LETTER_BYTES + (letter.key?.length ?? 0) + (letter.value?.length ?? 0);
  };
  for await (const block of reader) {
    const made = await rowMaker.make(block, whole);
    for (const { index, error } of made.rejections) keep(deadLetter(block, index, error));
    for (const { record, error, rows } of unstorableRecords(made, writers)) {
      keep(deadLetter(block, record, error));
      for (const row of rows) rejectedRows.add(numRows + row);
    }
    if (made.batch !== whole && made.batch.numRows > 0) {
      parts.push(made.batch);
      partBytes += made.batch.byteSize;
    }
    numRows += made.batch.numRows - made.startRow;
    numInputRows += block.count;
    await failpoint("reading");
    // The source counts the bytes of records. A letter of a tiny bad one takes far more, and so may
    // the rows that an operator makes of a good one.
    if (maxBytes !== undefined && Math.max(deadLetterBytes, partBytes) >= maxBytes) break;
  }
  const batch = parts.length === 0 ? whole : concatBatches(parts);
  return {
    startOffsets: start,
    endOffsets: reader.endOffsets(),
    batch: rejectedRows.size === 0 ? batch : without(batch, rejectedRows),
    deadLetters,
    numInputRows,
  };
}

/** A record that a sink cannot store, and the rows it made, counted from the block's first. */
interface UnstorableRecord {
  readonly record: number;
  readonly error: string;
  readonly rows: readonly number[];
}

/** The records of a block with a row that some sink cannot store: none of their rows is kept. */
function unstorableRecords(made: BlockRows, writers: readonly SinkWriter[]): UnstorableRecord[] {
  const { batch, startRow } = made;
  const rejections = writers.flatMap((writer) => writer.reject?.(batch, startRow) ?? []);
  if (rejections.length === 0) return [];
  const records = made.records();
  const found = new Map<number, UnstorableRecord & { readonly rows: number[] }>();
  for (const { index, error } of rejections) {
    const record = records[index - startRow]!;
    if (!found.has(record)) found.set(record, { record, error, rows: [] });
  }
  for (let row = 0; row < records.length; row++) found.get(records[row]!)?.rows.push(row);
  return [...found.values()];
}

function without(batch: Batch, rejectedRows: ReadonlySet<number>): Batch {
  const kept = new Int32Array(batch.numRows - rejectedRows.size);
  for (let row = 0, next = 0; row < batch.numRows; row++) {
    if (!rejectedRows.has(row)) kept[next++] = row;
  }
  return batch.take(kept);
}
