import { isRecord } from "./is_record.ts";

/** Offsets by topic and partition, `{ trades: { 0: 120n } }`: of a range's start, or its end (exclusive). */
export type Offsets = Readonly<Record<string, Readonly<Record<number, bigint>>>>;

/** A range of offsets of one topic-partition. */
export interface OffsetRange {
  /** The topic's name. */
  readonly topic: string;
  /** The partition's number. */
  readonly partition: number;
  /** The first offset of the range. */
  readonly startOffset: bigint;
  /** The offset after the last one of the range. */
  readonly endOffsetExclusive: bigint;
}

/** Offsets as Spark writes them: `{"trades":{"0":120,"1":119}}`, partitions in order, digits exact. */
export function formatOffsets(offsets: Offsets): string {
  const topics = Object.keys(offsets).sort().map((topic) => {
    const partitions = Object.entries(offsets[topic]!)
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([partition, offset]) => `"${partition}":${offset}`);
    return `${JSON.stringify(topic)}:{${partitions.join(",")}}`;
  });
  return `{${topics.join(",")}}`;
}

/** Reads what `formatOffsets` or Spark wrote; `undefined` if it is not that. */
export function parseOffsets(text: string): Offsets | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text, exactIntegers);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed)) return undefined;
  for (const partitions of Object.values(parsed)) {
    if (!isRecord(partitions)) return undefined;
    for (const [partition, offset] of Object.entries(partitions)) {
      if (!/^(0|[1-9]\d*)$/.test(partition) || typeof offset !== "bigint") return undefined;
    }
  }
  return parsed as Offsets;
}

/** The ranges between two sets of offsets that hold at least one offset, in order. */
export function offsetRanges(start: Offsets, end: Offsets): OffsetRange[] {
  const ranges: OffsetRange[] = [];
  for (const [topic, partitions] of Object.entries(end)) {
    for (const [key, endOffsetExclusive] of Object.entries(partitions)) {
      const partition = Number(key);
      const startOffset = start[topic]?.[partition] ?? 0n;
      if (startOffset < endOffsetExclusive) {
        ranges.push({ topic, partition, startOffset, endOffsetExclusive });
      }
    }
  }
  return ranges.sort((a, b) =>
    a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition
  );
}

/** How many offsets lie between two sets of offsets. */
export function countOffsets(start: Offsets, end: Offsets): bigint {
  return offsetRanges(start, end)
    .reduce((sum, range) => sum + range.endOffsetExclusive - range.startOffset, 0n);
}

function exactIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number") return value;
  const source = context?.source ?? String(value);
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}
