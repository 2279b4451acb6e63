import { deepEqual, equal, ok, rejects } from "assert";
import {
  Batch,
  type CommitOutcome,
  isRetryable,
  type MicroBatch,
  schema as s,
  type SinkWriter,
} from "../../../lib/core/mod.ts";
import { kafkaSink } from "../../../lib/kafka/mod.ts";
import { microBatch, sinkContext } from "../../support/micro_batches.ts";
import { readForeign } from "../foreign_client.ts";
import { ApiKey, KafkaProxy } from "../kafka_proxy.ts";
import { withTopic } from "../test_topic.ts";

const Event = s.struct({ id: s.long() });

function events(batchId: number): MicroBatch {
  const batch = new Batch<Record<string, unknown>>(Event);
  for (let i = 0; i < 3; i++) batch.append({ id: BigInt(batchId * 3 + i) });
  return microBatch(batchId, batch);
}

/** Brings a batch into the topic as the engine does: again from the start while that may help. */
async function commitAtLast(writer: SinkWriter, batch: MicroBatch): Promise<CommitOutcome> {
  for (let attempt = 0;; attempt++) {
    try {
      return await (await writer.stage(batch)).commit();
    } catch (error) {
      if (!isRetryable(error) || attempt === 5) throw error;
    }
  }
}

Deno.test("whatever answer of the broker is lost, each batch is there once", async () => {
  await withTopic({ numPartitions: 2 }, async ({ topic, connection }) => {
    using proxy = new KafkaProxy(connection.brokers![0]!);
    const sink = kafkaSink({ topic, key: "id", brokers: [proxy.address] });
    const writer = await sink.open(sinkContext(Event, crypto.randomUUID()));
    const { INIT_PRODUCER_ID, ...others } = ApiKey;
    let batchId = 0;
    for (const apiKey of Object.values(others)) {
      proxy.loseAnswers(apiKey);
      const { status } = await commitAtLast(writer, events(batchId++));
      equal(status, "committed");
      // The next one begins with a new epoch, after an answer that was lost as well.
      proxy.loseAnswers(apiKey);
      proxy.loseAnswers(INIT_PRODUCER_ID);
      equal((await commitAtLast(writer, events(batchId++))).status, "committed");
    }
    await writer.close();
    const records = await readForeign(connection, topic, 2);
    deepEqual(
      records.map(({ key }) => Number(key)).sort((a, b) => a - b),
      Array.from({ length: batchId * 3 }, (_, id) => id),
    );
    // Those of the new epochs too.
    ok(proxy.lostAnswers > 10, `only ${proxy.lostAnswers} answers were lost`);
  });
});

Deno.test("a transactional id that the broker forgot is asked for anew, and the batch is there once", async () => {
  const INVALID_PRODUCER_ID_MAPPING = 49;
  await withTopic({ numPartitions: 1 }, async ({ topic, connection }) => {
    using proxy = new KafkaProxy(connection.brokers![0]!);
    const sink = kafkaSink({ topic, key: "id", brokers: [proxy.address] });
    const writer = await sink.open(sinkContext(Event, crypto.randomUUID()));
    await commitAtLast(writer, events(0));
    proxy.refuse(ApiKey.ADD_OFFSETS_TO_TXN, INVALID_PRODUCER_ID_MAPPING);
    await rejects(writer.stage(events(1)), (error) => isRetryable(error));
    await commitAtLast(writer, events(1));
    await writer.close();
    const records = await readForeign(connection, topic, 1);
    deepEqual(records.map(({ key }) => Number(key)), [0, 1, 2, 3, 4, 5]);
  });
});
