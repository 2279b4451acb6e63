import { deepEqual, rejects } from "assert";
import { alterConfigs, describeTopic } from "../../../lib/kafka/mod.ts";
import { withTopic } from "../test_topic.ts";

Deno.test("alterConfigs() changes what it is told, takes it back with null, and leaves the rest", async () => {
  const configEntries = { "retention.ms": "1000", "cleanup.policy": "compact" };
  await withTopic({ numPartitions: 1, configEntries }, async ({ topic, connection }) => {
    const ownConfigs = async () => {
      const { configs } = await describeTopic(connection, topic);
      return Object.fromEntries(
        configs.filter(({ source }) => source === "topic").map(({ name, value }) => [name, value]),
      );
    };
    await alterConfigs(connection, topic, { "retention.ms": "2000", "max.message.bytes": "5000" });
    deepEqual(await ownConfigs(), {
      "cleanup.policy": "compact",
      "max.message.bytes": "5000",
      "retention.ms": "2000",
    });
    await alterConfigs(connection, topic, { "retention.ms": null });
    deepEqual(await ownConfigs(), { "cleanup.policy": "compact", "max.message.bytes": "5000" });
    await rejects(alterConfigs(connection, topic, { "retention.ms": "soon" }), {
      code: "KAFKA_REFUSED",
      message: /INVALID_CONFIG.*retention\.ms/,
    });
    await rejects(alterConfigs(connection, topic, { "no.such": "1" }), { code: "KAFKA_REFUSED" });
    await rejects(alterConfigs(connection, "no-such-topic", {}), { code: "TOPIC_NOT_FOUND" });
  });
});
