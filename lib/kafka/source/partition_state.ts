import { type OffsetRange, type Offsets, SluiceError } from "../../core/mod.ts";

/** Where one partition of the range stands. */
export interface PartitionState extends OffsetRange {
  /** Where the next fetch begins. */
  fetchOffset: bigint;
  /** All before this was handed over. */
  reachedOffset: bigint;
  leaderId: number;
  leaderEpoch: number;
  /** What the broker last said, for the message if the range never fills. */
  highWatermark: bigint;
  lastStableOffset: bigint;
}

/** The partitions of a range, none of them read yet. */
export function partitionStates(start: Offsets, end: Offsets): PartitionState[] {
  return Object.entries(end).flatMap(([topic, partitions]) =>
    Object.entries(partitions).map(([key, endOffsetExclusive]) => {
      const partition = Number(key);
      const startOffset = start[topic]?.[partition] ?? 0n;
      return {
        topic,
        partition,
        startOffset,
        endOffsetExclusive,
        fetchOffset: startOffset,
        reachedOffset: least(startOffset, endOffsetExclusive),
        leaderId: -1,
        leaderEpoch: -1,
        highWatermark: -1n,
        lastStableOffset: -1n,
      };
    })
  );
}

/** The error for offsets of a partition that are no longer there. */
export function dataLoss(state: PartitionState, found: string): SluiceError {
  const { topic, partition, startOffset, endOffsetExclusive, fetchOffset } = state;
  return new SluiceError("DATA_LOSS", {
    attempted: `read the planned range [${startOffset}, ${endOffsetExclusive})`,
    where: `${topic}-${partition}@${fetchOffset}`,
    found,
    wanted: "every offset of the range",
    hint: "retention or deleteRecords removed records that were not read yet, or the topic was " +
      "deleted and made anew; start the query on a new checkpoint, or set failOnDataLoss: false " +
      "to go on without the missing records",
  });
}

/** The lesser of two offsets. */
export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
