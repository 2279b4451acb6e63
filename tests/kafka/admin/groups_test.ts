import { deepEqual } from "assert";
import { alterGroupOffsets, createProducer, groupLag } from "../../../lib/kafka/mod.ts";
import { withForeignAdmin } from "../foreign_client.ts";
import { withTopic } from "../test_topic.ts";

Deno.test("groupLag() tells how far a group is behind in each partition, and nothing of others", async () => {
  await withTopic({ numPartitions: 3 }, async ({ topic, connection }) => {
    const producer = createProducer(connection);
    const records = Array.from({ length: 10 }, (_, i) => ({ value: `${i}`, partition: i % 2 }));
    await producer.send(topic, records);
    await producer.close();
    const groupId = `group-of-${topic}`;
    await withForeignAdmin(connection, async (admin) => {
      deepEqual(await groupLag(connection, groupId), []);
      const partitions = [{ partition: 0, offset: "2" }, { partition: 1, offset: "5" }];
      await admin.setOffsets({ groupId, topic, partitions });
      deepEqual(await groupLag(connection, groupId), [
        { topic, partition: 0, committedOffset: 2n, endOffset: 5n, lag: 3n },
        { topic, partition: 1, committedOffset: 5n, endOffset: 5n, lag: 0n },
      ]);
      await alterGroupOffsets(connection, groupId, { [topic]: { 1: 1n, 2: 7n } });
      deepEqual(
        (await admin.fetchOffsets({ groupId, topics: [topic] }))[0]!.partitions
          .map(({ partition, offset }) => `${partition}:${offset}`).sort(),
        ["0:2", "1:1", "2:7"],
      );
      // An offset beyond the end is no lag.
      deepEqual((await groupLag(connection, groupId)).map(({ lag }) => lag), [3n, 4n, 0n]);
      await admin.deleteGroups([groupId]);
    });
  });
});
