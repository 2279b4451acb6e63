import { deepEqual, equal, ok, rejects } from "assert";
import { SluiceError } from "../../../lib/core/mod.ts";
import {
  createPartitions,
  createProducer,
  createTopicIfAbsent,
  deleteTopicIfPresent,
  topicOffsets,
} from "../../../lib/kafka/mod.ts";
import { withForeignAdmin } from "../foreign_client.ts";
import { withTopic } from "../test_topic.ts";

Deno.test("createTopicIfAbsent() makes a topic once, with the settings asked for", async () => {
  const configEntries = { "cleanup.policy": "compact", "retention.ms": "1000" };
  await withTopic({ numPartitions: 4, configEntries }, async ({ topic, connection }) => {
    equal(await createTopicIfAbsent(connection, { topic, numPartitions: 7 }), false);
    await withForeignAdmin(connection, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      equal(topics[0]!.partitions.length, 4);
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: 2, name: topic, configNames: Object.keys(configEntries) }],
      });
      deepEqual(
        Object.fromEntries(
          resources[0]!.configEntries.map((
            { configName, configValue },
          ) => [configName, configValue]),
        ),
        configEntries,
      );
    });
  });
});

Deno.test("a topic just made can be written to, one just deleted can be made anew", async () => {
  await withTopic({ numPartitions: 2 }, async ({ topic, connection }) => {
    for (let round = 0; round < 3; round++) {
      equal(await deleteTopicIfPresent(connection, topic), true);
      equal(await deleteTopicIfPresent(connection, topic), false);
      equal(await createTopicIfAbsent(connection, { topic, numPartitions: 2 }), true);
      const producer = createProducer(connection);
      await producer.send(topic, [{ value: "a", partition: 1 }]);
      await producer.close();
      deepEqual(await topicOffsets(connection, topic), {
        earliest: { [topic]: { 0: 0n, 1: 0n } },
        latest: { [topic]: { 0: 0n, 1: 1n } },
      });
    }
  });
});

Deno.test("createTopicIfAbsent() passes on why the cluster refuses", async () => {
  await withTopic({ numPartitions: 1 }, async ({ connection }) => {
    const refused = { topic: "bad name!", numPartitions: 1 };
    await rejects(createTopicIfAbsent(connection, refused), (error) => {
      ok(error instanceof SluiceError);
      equal(error.code, "KAFKA_REFUSED");
      ok(error.message.includes("INVALID_TOPIC_EXCEPTION"), error.message);
      return true;
    });
    const unknown = { topic: "t", partitions: 1 } as never;
    await rejects(createTopicIfAbsent(connection, unknown), { code: "UNKNOWN_OPTION" });
  });
});

Deno.test("createPartitions() gives a topic more, which can be written to at once", async () => {
  await withTopic({ numPartitions: 1 }, async ({ topic, connection }) => {
    await createPartitions(connection, topic, 4);
    const producer = createProducer(connection);
    await producer.send(topic, [{ value: "a", partition: 3 }]);
    await producer.close();
    deepEqual((await topicOffsets(connection, topic)).latest, {
      [topic]: { 0: 0n, 1: 0n, 2: 0n, 3: 1n },
    });
    await rejects(createPartitions(connection, topic, 4), {
      code: "KAFKA_REFUSED",
      message: /INVALID_PARTITIONS/,
    });
    await rejects(createPartitions(connection, "no-such-topic", 4), { code: "TOPIC_NOT_FOUND" });
  });
});
