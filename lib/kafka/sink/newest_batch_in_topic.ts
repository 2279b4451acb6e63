import type { KafkaClient } from "../client.ts";
import { listOffsets } from "../list_offsets.ts";
import { KafkaRangeReader } from "../source/range_reader.ts";

const decoder = new TextDecoder();

/** The newest batch of a query among the dead letters of a topic, by their headers; -1 for none. */
export async function newestBatchInTopic(
  client: KafkaClient,
  topic: string,
  queryId: string,
): Promise<number> {
  const [start, end] = await client.quickly(async () => {
    const metadata = await client.topic(topic);
    return await Promise.all([
      listOffsets(client, [metadata], "earliest", "read_committed"),
      listOffsets(client, [metadata], "latest", "read_committed"),
    ]);
  });
  const reader = new KafkaRangeReader(client, start, end, {
    isolationLevel: "read_committed",
    failOnDataLoss: false,
  }, { signal: client.closedSignal });
  let newest = -1;
  for await (const block of reader) {
    for (let i = 0; i < block.count; i++) {
      // The last one of a name is ours: a letter of a letter has the first writer's too.
      const headers = new Map(block.headers(i).map(({ key, value }) => [key, value]));
      if (text(headers.get("sluice.queryId")) !== queryId) continue;
      newest = Math.max(newest, Number(text(headers.get("sluice.batchId"))));
    }
  }
  return newest;
}

function text(value: Uint8Array | null | undefined): string {
  return decoder.decode(value ?? new Uint8Array());
}
