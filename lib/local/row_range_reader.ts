import {
  type Batch,
  type OffsetRange,
  offsetRanges,
  type Offsets,
  type RangeReader,
  type ReadOptions,
  type RecordBlock,
  rowBlock,
} from "../core/mod.ts";

const MAX_BLOCK_ROWS = 8192;

/** The rows `[startOffset, endOffsetExclusive)` of a partition; offsets are counted one by one. */
export type RowsOf = (range: OffsetRange) => Batch;

/** Reads ranges of rows that are at hand, partition by partition. */
export class RowRangeReader implements RangeReader {
  readonly #ranges: readonly OffsetRange[];
  readonly #options: ReadOptions;
  readonly #rowsOf: RowsOf;
  readonly #reached: Record<string, Record<number, bigint>>;

  /** Does not read yet. */
  constructor(start: Offsets, end: Offsets, options: ReadOptions, rowsOf: RowsOf) {
    this.#ranges = offsetRanges(start, end);
    this.#options = options;
    this.#rowsOf = rowsOf;
    this.#reached = Object.fromEntries(
      Object.entries(end).map(([topic, partitions]) => [topic, { ...partitions }]),
    );
    for (const { topic, partition, startOffset } of this.#ranges) {
      this.#reached[topic]![partition] = startOffset;
    }
  }

  /** Exclusive; exact at every block. */
  endOffsets(): Offsets {
    return structuredClone(this.#reached);
  }

  /** Hands over the blocks of the ranges. */
  async *[Symbol.asyncIterator](): AsyncGenerator<RecordBlock> {
    const { signal, maxBytes = Infinity } = this.#options;
    let bytes = 0;
    for (const range of this.#ranges) {
      const { topic, partition, endOffsetExclusive } = range;
      for (let offset = range.startOffset; offset < endOffsetExclusive;) {
        // Others have their turn between blocks.
        await Promise.resolve();
        signal.throwIfAborted();
        const end = smaller(offset + BigInt(MAX_BLOCK_ROWS), endOffsetExclusive);
        const rows = this.#rowsOf({ ...range, startOffset: offset, endOffsetExclusive: end });
        const block = rowBlock({ topic, partition, baseOffset: offset }, rows);
        offset = end;
        this.#reached[topic]![partition] = end;
        bytes += rows.byteSize;
        yield block;
        if (bytes >= maxBytes) return;
      }
    }
  }
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
