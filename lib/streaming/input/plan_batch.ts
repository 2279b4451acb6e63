import { countOffsets, type Offsets } from "../../core/mod.ts";

/**
 * The end offsets of the next batch: everything up to `latest`, or, with a limit, a share of each
 * partition's backlog in proportion to its size and at least one offset of each, as Spark splits
 * `maxOffsetsPerTrigger`. Pure.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { planBatch } from "./plan_batch.ts";
 *
 * const start = { trades: { 0: 0n, 1: 0n } };
 * const latest = { trades: { 0: 900n, 1: 100n } };
 * deepEqual(planBatch(start, latest, 100), { trades: { 0: 90n, 1: 10n } });
 * ```
 */
export function planBatch(
  start: Offsets,
  latest: Offsets,
  maxOffsetsPerTrigger: number | undefined,
): Offsets {
  const backlog = countOffsets(start, latest);
  if (maxOffsetsPerTrigger === undefined || backlog <= BigInt(maxOffsetsPerTrigger)) return latest;
  const limit = BigInt(maxOffsetsPerTrigger);
  const shares = mapOffsets(latest, (topic, partition, end) => {
    const from = start[topic]?.[partition] ?? 0n;
    if (end <= from) return end;
    const share = limit * (end - from) / backlog;
    return from + (share === 0n ? 1n : share);
  });
  // Shares are rounded down; what that leaves of the limit goes to the first that can take it.
  let left = limit - countOffsets(start, shares);
  return mapOffsets(shares, (topic, partition, end) => {
    const room = latest[topic]![partition]! - end;
    const more = left <= 0n ? 0n : left < room ? left : room;
    left -= more;
    return end + more;
  });
}

/** New offsets, made from each of the given ones. */
export function mapOffsets(
  offsets: Offsets,
  change: (topic: string, partition: number, offset: bigint) => bigint,
): Offsets {
  return Object.fromEntries(
    Object.entries(offsets).map(([topic, partitions]) => [
      topic,
      Object.fromEntries(
        Object.entries(partitions).map((
          [partition, offset],
        ) => [partition, change(topic, Number(partition), offset)]),
      ),
    ]),
  );
}
