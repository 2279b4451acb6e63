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
} from "../../core/mod.ts";
import { type EventTimeStats, mergeEventTimes } from "../../transforms/mod.ts";
import { type BlockRange, rowsInRecordOrder } from "./record_order.ts";
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
  /** The event times of those that are no dead letters; absent without a watermark, or without any. */
  readonly eventTimes: EventTimeStats | undefined;
}

/** What a dead letter takes in memory beside its key and value, in bytes, by a cautious guess. */
const DEAD_LETTER_BYTES = 600;

/** Room for a row for each record: more than this is made as it is needed. */
const MAX_RESERVED_ROWS = 1 << 18;

/**
 * Reads `[start, end)` and makes rows of each record, or a dead letter. With `maxBytes` it may end
 * early. Nothing is visible to anyone yet, and nothing is planned: a crash here costs only time.
 *
 * With `keepsOrder` the rows come partition by partition, whatever the order in which the source hands
 * them over: operators that remember make other rows of another order, and a replay must not.
 */
export async function readBatch(
  source: Source,
  rowMaker: RowMaker,
  writers: readonly SinkWriter[],
  start: Offsets,
  end: Offsets,
  signal: AbortSignal,
  maxBytes: number | undefined,
  keepsOrder: boolean,
): Promise<DecodedRange> {
  const capacity = Math.min(Number(countOffsets(start, end)), MAX_RESERVED_ROWS);
  const whole = new Batch(rowMaker.schema, rowMaker.makesParts ? 0 : capacity);
  const parts: Batch[] = [];
  const deadLetters: DeadLetter[] = [];
  const rejectedRows = new Set<number>();
  const blocks: BlockRange[] = [];
  const reader = source.read(start, end, {
    signal,
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
  let eventTimes: EventTimeStats | undefined;
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
    const unstorable = unstorableRecords(made, writers);
    for (const { record, error, rows } of unstorable) {
      keep(deadLetter(block, record, error));
      for (const row of rows) rejectedRows.add(numRows + row);
    }
    const isGone = new Set(unstorable.map(({ record }) => record));
    eventTimes = mergeEventTimes(eventTimes, made.eventTimes(isGone));
    if (made.batch !== whole && made.batch.numRows > 0) {
      parts.push(made.batch);
      partBytes += made.batch.byteSize;
    }
    const endRow = numRows + made.batch.numRows - made.startRow;
    if (keepsOrder && endRow > numRows) {
      blocks.push({ topic: block.topic, partition: block.partition, startRow: numRows, endRow });
    }
    numRows = endRow;
    numInputRows += block.count;
    await failpoint("reading");
    // The source counts the bytes of records. A letter of a tiny bad one takes far more, and so may
    // the rows that an operator makes of a good one.
    if (maxBytes !== undefined && Math.max(deadLetterBytes, partBytes) >= maxBytes) break;
  }
  const batch = parts.length === 0 ? whole : concatBatches(parts);
  const order = rowsInRecordOrder(blocks);
  return {
    startOffsets: start,
    endOffsets: reader.endOffsets(),
    batch: rejectedRows.size === 0
      ? order === undefined ? batch : batch.take(order)
      : without(batch, rejectedRows, order),
    deadLetters,
    numInputRows,
    eventTimes,
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

function without(
  batch: Batch,
  rejectedRows: ReadonlySet<number>,
  order: Int32Array | undefined,
): Batch {
  const kept = new Int32Array(batch.numRows - rejectedRows.size);
  for (let place = 0, next = 0; place < batch.numRows; place++) {
    const row = order === undefined ? place : order[place]!;
    if (!rejectedRows.has(row)) kept[next++] = row;
  }
  return batch.take(kept);
}
