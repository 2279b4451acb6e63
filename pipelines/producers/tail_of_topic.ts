import { kafka } from "sluice";
import { recordValue } from "../../lib/core/mod.ts";

/** Where a topic ends. */
export interface TopicTail {
  /** The values of the last records of each partition; within a partition in their order. */
  readonly values: readonly (Uint8Array | null)[];
  /** How many offsets the topic has given away so far, whether their records are still there or not. */
  readonly numOffsets: bigint;
}

/** How many of a partition's last records are read. */
const TAIL_RECORDS = 1_000n;
const READ_TIMEOUT_MS = 30_000;

/** Reads the end of a topic, for a producer that goes on from there. */
export async function tailOfTopic(brokers: readonly string[], topic: string): Promise<TopicTail> {
  const source = kafka({ brokers, topic });
  const signal = AbortSignal.timeout(READ_TIMEOUT_MS);
  const values: (Uint8Array | null)[] = [];
  let numOffsets = 0n;
  try {
    const earliest = await source.earliestOffsets(signal);
    const latest = await source.latestOffsets(signal);
    const tail = Object.entries(latest[topic]!).map(([partition, end]) => {
      const first = earliest[topic]![Number(partition)]!;
      numOffsets += end;
      return [partition, end - first > TAIL_RECORDS ? end - TAIL_RECORDS : first];
    });
    const start = { [topic]: Object.fromEntries(tail) };
    for await (const block of source.read(start, latest, { signal })) {
      for (let i = 0; i < block.count; i++) values.push(recordValue(block, i));
    }
  } finally {
    await source.close();
  }
  return { values, numOffsets };
}
