import { recordValue } from "../../lib/core/mod.ts";
import { kafka } from "../../lib/kafka/mod.ts";

/** The values of all committed records of a topic, as text. */
export async function topicValues(brokers: readonly string[], topic: string): Promise<string[]> {
  const source = kafka({ brokers, topic });
  const signal = AbortSignal.timeout(30_000);
  try {
    const start = await source.earliestOffsets(signal);
    const end = await source.latestOffsets(signal);
    const values: string[] = [];
    for await (const block of source.read(start, end, { signal })) {
      for (let i = 0; i < block.count; i++) {
        values.push(new TextDecoder().decode(recordValue(block, i)!));
      }
    }
    return values;
  } finally {
    await source.close();
  }
}
