/** The rows that were made of one block of records. */
export interface BlockRange {
  /** The topic of its records. */
  readonly topic: string;
  /** Their partition. */
  readonly partition: number;
  /** The first of its rows in the batch. */
  readonly startRow: number;
  /** The row behind the last one. */
  readonly endRow: number;
}

/**
 * The rows of a batch partition by partition, and those of each as its records come; `undefined` if
 * they are in that order already. Blocks of one partition are given in the order of its records; which
 * partition comes first is up to chance, and another time a source hands them over otherwise.
 */
export function rowsInRecordOrder(blocks: readonly BlockRange[]): Int32Array | undefined {
  const sorted = blocks.toSorted(comparePartitions);
  if (sorted.every((block, i) => block === blocks[i])) return undefined;
  const rows = new Int32Array(blocks.at(-1)!.endRow);
  let next = 0;
  for (const { startRow, endRow } of sorted) {
    for (let row = startRow; row < endRow; row++) rows[next++] = row;
  }
  return rows;
}

function comparePartitions(a: BlockRange, b: BlockRange): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  return a.partition - b.partition;
}
