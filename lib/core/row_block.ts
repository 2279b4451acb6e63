import type { Batch } from "./batch.ts";
import type { RecordBlock } from "./records.ts";

const NO_BYTES = new Uint8Array();

/** Where a block of rows is from. */
export interface RowBlockPlace {
  /** The topic of all its rows. */
  readonly topic: string;
  /** The partition of all its rows. */
  readonly partition: number;
  /** The offset that the deltas count from. */
  readonly baseOffset: bigint;
}

/**
 * A block of rows that are typed already: one record a row, without key, value and timestamp.
 *
 * @param offsetDeltas The offset of each row, less `baseOffset`, ascending; absent: 0, 1, 2, …
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { Batch } from "./batch.ts";
 * import { recordOffset } from "./records.ts";
 * import { rowBlock } from "./row_block.ts";
 * import { schema as s } from "./schema.ts";
 *
 * const rows = new Batch(s.struct({ id: s.long() }));
 * rows.append({ id: 7n });
 * rows.append({ id: 8n });
 * const block = rowBlock({ topic: "t", partition: 0, baseOffset: 40n }, rows as unknown as Batch);
 * equal(recordOffset(block, 1), 41n);
 * equal(block.rows?.row(1).id, 8n);
 * ```
 */
export function rowBlock(
  { topic, partition, baseOffset }: RowBlockPlace,
  rows: Batch,
  offsetDeltas?: Int32Array,
): RecordBlock {
  const count = rows.numRows;
  const none = new Int32Array(count).fill(-1);
  return {
    topic,
    partition,
    count,
    bytes: NO_BYTES,
    baseOffset,
    offsetDeltas: offsetDeltas ?? Int32Array.from({ length: count }, (_, i) => i),
    timestampsMs: new Float64Array(count).fill(-1),
    keyStarts: none,
    keyEnds: none,
    valueStarts: none,
    valueEnds: none,
    rows,
    headers: () => [],
  };
}
