import { deepEqual, equal, rejects } from "assert";
import { createProducer, describeTopic } from "../../../lib/kafka/mod.ts";
import { withForeignAdmin } from "../foreign_client.ts";
import { timeLimit, withSource, withTopic } from "../test_topic.ts";

const TOPIC_RESOURCE = 2;

Deno.test("describeTopic() tells partitions, leaders, offsets and settings as another client does", async () => {
  const configEntries = { "cleanup.policy": "compact" };
  await withTopic({ numPartitions: 2, configEntries }, async (test) => {
    const { topic, connection } = test;
    const producer = createProducer(connection);
    await producer.send(topic, ["a", "b", "c"].map((key) => ({ key, value: "v", partition: 1 })));
    await producer.close();
    const { partitions, configs, topicId, isInternal } = await describeTopic(connection, topic);
    equal(isInternal, false);
    await withSource(test, async (source) => {
      deepEqual(await source.identities(timeLimit()), { [topic]: topicId });
    });
    await withForeignAdmin(connection, async (admin) => {
      const { brokers } = await admin.describeCluster();
      const offsets = await admin.fetchTopicOffsets(topic);
      const { topics: [found] } = await admin.fetchTopicMetadata({ topics: [topic] });
      deepEqual(
        partitions,
        found!.partitions.toSorted((a, b) => a.partitionId - b.partitionId).map(
          ({ partitionId, leader, replicas, isr }) => {
            const broker = brokers.find(({ nodeId }) => nodeId === leader)!;
            const { low, high } = offsets.find(({ partition }) => partition === partitionId)!;
            return {
              partition: partitionId,
              leaderId: leader,
              leader: `${broker.host}:${broker.port}`,
              replicas,
              inSyncReplicas: isr,
              earliestOffset: BigInt(low),
              latestOffset: BigInt(high),
            };
          },
        ),
      );
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: TOPIC_RESOURCE, name: topic }],
      });
      deepEqual(
        Object.fromEntries(configs.map(({ name, value }) => [name, value])),
        Object.fromEntries(
          resources[0]!.configEntries.toSorted((a, b) => a.configName < b.configName ? -1 : 1)
            .map(({ configName, configValue }) => [configName, configValue]),
        ),
      );
    });
    deepEqual(
      configs.filter(({ source }) => source === "topic").map(({ name, value }) => [name, value]),
      [["cleanup.policy", "compact"]],
    );
  });
});

Deno.test("describeTopic() of a topic that is not there says so", async () => {
  await withTopic({ numPartitions: 1 }, async ({ connection }) => {
    await rejects(describeTopic(connection, "no-such-topic"), { code: "TOPIC_NOT_FOUND" });
  });
});
