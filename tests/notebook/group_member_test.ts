import { deepEqual, equal, rejects, throws } from "assert";
import { createProducer, createTopicIfAbsent, deleteTopicIfPresent } from "../../lib/kafka/mod.ts";
import {
  groupAssignments,
  type GroupMember,
  groupOffsets,
  joinGroup,
  type PolledRecord,
} from "../../lib/notebook/mod.ts";
import { withForeignAdmin } from "../kafka/foreign_client.ts";
import { testStack } from "../support/stack.ts";

/** Three partitions with the values a0…a3, b0…b3 and c0…c3. */
async function withGroup(
  test: (join: (name: string) => Promise<GroupMember>, group: TestGroup) => Promise<void>,
): Promise<void> {
  const brokers = (await testStack()).kafkaBrokers;
  const topic = `test-${crypto.randomUUID()}`;
  const group = { brokers, topic, group: topic };
  const members: GroupMember[] = [];
  await createTopicIfAbsent({ brokers }, { topic, numPartitions: 3 });
  const producer = createProducer({ brokers });
  try {
    await producer.send(
      topic,
      ["a", "b", "c"].flatMap((letter, partition) =>
        [0, 1, 2, 3].map((n) => ({ partition, value: `${letter}${n}`, timestampMs: n }))
      ),
    );
    await test(async (name) => {
      const member = await joinGroup({ ...group, name });
      members.push(member);
      return member;
    }, group);
  } finally {
    for (const member of members) await member.leave();
    await producer.close();
    await deleteTopicIfPresent({ brokers }, topic);
  }
}

interface TestGroup {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly group: string;
}

Deno.test("a member polls each record once, partition after partition, until there is none", async () => {
  await withGroup(async (join) => {
    const ann = await join("ann");
    deepEqual(ann.positions, { 0: 0n, 1: 0n, 2: 0n });
    equal(valuesOf(await ann.poll(5)), "a0 a1 a2 a3 b0");
    deepEqual(ann.positions, { 0: 4n, 1: 1n, 2: 0n });
    equal(valuesOf(await ann.poll()), "b1 b2 b3 c0 c1 c2 c3");
    deepEqual(await ann.poll(), []);
  });
});

Deno.test("a group goes on with what was committed, whatever was polled", async () => {
  await withGroup(async (join, group) => {
    const ann = await join("ann");
    await ann.poll(5);
    await ann.commit();
    await ann.poll(4);
    deepEqual(await groupOffsets(group), { 0: 4n, 1: 1n, 2: 0n });
    await withForeignAdmin(group, async (admin) => {
      const [seen] = await admin.fetchOffsets({ groupId: group.group, topics: [group.topic] });
      const offsets = seen?.partitions.map(({ partition, offset }) => `${partition}:${offset}`);
      deepEqual(offsets?.sort(), ["0:4", "1:1", "2:0"]);
    });
    await ann.leave();

    const bob = await join("bob");
    equal(valuesOf(await bob.poll()), "b1 b2 b3 c0 c1 c2 c3");
  });
});

Deno.test("members share the partitions, one too many waits, and takes over when another leaves", async () => {
  await withGroup(async (join, group) => {
    const ann = await join("ann");
    deepEqual(await groupAssignments(group), { ann: [0, 1, 2] });
    const bob = await join("bob");
    deepEqual(await groupAssignments(group), { ann: [0, 2], bob: [1] });
    equal(valuesOf(await ann.poll()), "a0 a1 a2 a3 c0 c1 c2 c3");
    equal(valuesOf(await bob.poll()), "b0 b1 b2 b3");

    await join("cyd");
    const dora = await join("dora");
    deepEqual(await groupAssignments(group), { ann: [0], bob: [1], cyd: [2], dora: [] });
    deepEqual(await dora.poll(), []);
    await bob.leave();
    deepEqual(await groupAssignments(group), { ann: [0], cyd: [1], dora: [2] });
    equal(valuesOf(await dora.poll()), "c0 c1 c2 c3");
  });
});

Deno.test("a commit after a rebalance is refused, and the next poll begins with what was committed", async () => {
  await withGroup(async (join, group) => {
    const ann = await join("ann");
    await ann.poll(2);
    await join("bob");
    await rejects(() => ann.commit(), { code: "REBALANCED" });
    deepEqual(await groupOffsets(group), {});
    equal(valuesOf(await ann.poll(2)), "a0 a1");
  });
});

Deno.test("a group of a topic that is not there cannot be joined", async () => {
  await withGroup(async (_join, group) => {
    const topic = `${group.topic}-missing`;
    await rejects(() => joinGroup({ ...group, topic, name: "ann" }), { code: "TOPIC_NOT_FOUND" });
  });
});

Deno.test("seek moves a position back and forth, and only in a partition that the member has", async () => {
  await withGroup(async (join) => {
    const ann = await join("ann");
    await ann.poll();
    ann.seek(1, 2n);
    equal(valuesOf(await ann.poll()), "b2 b3");
    ann.seek(0, 0n);
    equal(valuesOf(await ann.poll(1)), "a0");
    ann.seek(0, 3n);
    equal(valuesOf(await ann.poll()), "a3");
    throws(() => ann.seek(3, 0n), { code: "BAD_OPTION" });
  });
});

function valuesOf(records: readonly PolledRecord[]): string {
  return records.map(({ value }) => value).join(" ");
}
