import { deepEqual, equal, rejects } from "assert";
import kafkajs from "kafkajs";
import { declareTopics, deleteTopicIfPresent } from "../../../lib/kafka/mod.ts";
import { testStack } from "../../support/stack.ts";
import { withForeignAdmin } from "../foreign_client.ts";

Deno.test("declared topics are made, then left alone, and set as they are declared", async () => {
  const { kafkaBrokers: brokers } = await testStack();
  const connection = { brokers };
  const topic = `declared-${crypto.randomUUID().slice(0, 8)}`;
  const config = (names: readonly string[]) =>
    withForeignAdmin(connection, async (admin) => {
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: topic,
          configNames: [...names],
        }],
      });
      return Object.fromEntries(
        resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]),
      );
    });
  const declare = (numPartitions: number, configEntries: Record<string, string>) =>
    declareTopics(connection, [{ topic, numPartitions, configEntries }]);
  try {
    const settings = { "retention.ms": "604800000", "cleanup.policy": "delete" };
    deepEqual(await declare(3, settings), [
      { topic, outcome: "created", changed: ["cleanup.policy", "retention.ms"] },
    ]);
    deepEqual(await declare(3, settings), [{ topic, outcome: "unchanged", changed: [] }]);
    deepEqual(await declare(2, { ...settings, "cleanup.policy": "compact" }), [
      { topic, outcome: "changed", changed: ["cleanup.policy"] },
    ]);
    deepEqual(await config(Object.keys(settings)), {
      "retention.ms": "604800000",
      "cleanup.policy": "compact",
    });
    // What is not declared stays as somebody set it.
    deepEqual(await declare(3, {}), [{ topic, outcome: "unchanged", changed: [] }]);
    equal((await config(["retention.ms"]))["retention.ms"], "604800000");
    await rejects(declare(4, settings), {
      code: "TOPIC_DIFFERS",
      message: /found 3 partitions, wanted 4\..*another partition/,
    });
  } finally {
    await deleteTopicIfPresent(connection, topic);
  }
});
