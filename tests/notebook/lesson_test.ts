import { deepEqual, equal, ok, rejects } from "assert";
import { createProducer, topicOffsets } from "../../lib/kafka/mod.ts";
import { schemaRegistry } from "../../lib/formats/registry/mod.ts";
import { forgetSubjects } from "../../lib/notebook/forget_subjects.ts";
import { readTopic, startLesson } from "../../lib/notebook/mod.ts";
import { withForeignAdmin } from "../kafka/foreign_client.ts";
import { testRegistry, testStack } from "../support/stack.ts";

/** A number that no lesson has. */
const NUMBER = "99";

/** Runs a test with the addresses where `startLesson` finds them. */
async function withServices(
  test: () => Promise<void>,
  others: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { kafkaBrokers, databaseUrl } = await testStack();
  const variables = {
    KAFKA_BROKERS: kafkaBrokers.join(","),
    DATABASE_URL: databaseUrl,
    ...others,
  };
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    await test();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

Deno.test("a lesson that was left in the middle begins anew", () =>
  withServices(async () => {
    const left = await startLesson(NUMBER);
    const topic = await left.topic("orders", { numPartitions: 2 });
    equal(topic, "lesson-99-orders");
    const producer = createProducer({ brokers: left.brokers });
    await producer.send(topic, [{ key: "k", value: "old", timestampMs: 1 }]);
    await producer.close();
    await left.sql`create table old (n int)`;
    await Deno.writeTextFile(`${left.folder}/old`, "");
    await left.sql.end();

    const lesson = await startLesson(NUMBER);
    await lesson.topic("orders", { numPartitions: 3 });
    deepEqual(await topicOffsets({ brokers: lesson.brokers }, topic), {
      earliest: { [topic]: { 0: 0n, 1: 0n, 2: 0n } },
      latest: { [topic]: { 0: 0n, 1: 0n, 2: 0n } },
    });
    deepEqual([...await lesson.sql`select to_regclass('old') as found`], [{ found: null }]);
    deepEqual(await Array.fromAsync(Deno.readDir(lesson.folder)), []);
    await lesson.end();

    await withForeignAdmin({ brokers: lesson.brokers }, async (admin) => {
      equal((await admin.listTopics()).includes(topic), false);
    });
    await rejects(Deno.stat(lesson.folder), Deno.errors.NotFound);
  }));

Deno.test("a lesson finds none of its old subjects in the registry, and leaves none", async () => {
  const url = await testRegistry();
  const registry = schemaRegistry({ url });
  const mine = `lesson-${NUMBER}-orders-value`;
  const halfDeleted = `lesson-${NUMBER}-orders-key`;
  const another = "lesson-9-orders-value";
  const subjects = async (): Promise<string[]> => {
    const all: string[] = await (await fetch(`${url}/subjects?deleted=true`)).json();
    return all.filter((subject) => [mine, halfDeleted, another].includes(subject)).sort();
  };
  const deleteSubject = async (subject: string, how = "") => {
    await (await fetch(`${url}/subjects/${subject}${how}`, { method: "DELETE" })).body?.cancel();
  };
  await withServices(async () => {
    for (const subject of [mine, halfDeleted, another]) {
      await registry.register(subject, { schema: '"string"' });
    }
    await registry.setCompatibilityLevel("FULL", mine);
    await deleteSubject(halfDeleted);
    deepEqual(await subjects(), [another, halfDeleted, mine]);

    const lesson = await startLesson(NUMBER);
    deepEqual(await lesson.startRegistry(), { url });
    deepEqual(await subjects(), [another]);
    // No level is left either, which would refuse this.
    await registry.register(mine, { schema: '"boolean"' });
    deepEqual(await registry.versions(mine), [1]);
    await lesson.end();
    deepEqual(await subjects(), [another]);
  }, { SCHEMA_REGISTRY_URL: url });
  await deleteSubject(another);
  await deleteSubject(another, "?permanent=true");
});

Deno.test("a lesson sends the token of the environment to the registry of the environment", async () => {
  const asked: (string | null)[] = [];
  await using server = Deno.serve({ port: 0, onListen: () => {} }, ({ headers }) => {
    asked.push(headers.get("authorization"));
    return Response.json([]);
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  await withServices(async () => {
    const lesson = await startLesson(NUMBER);
    deepEqual(await lesson.startRegistry(), { url, token: "secret" });
    await lesson.end();
  }, { SCHEMA_REGISTRY_URL: url, SCHEMA_REGISTRY_TOKEN: "secret" });
  ok(asked.length > 0 && asked.every((each) => each === "Bearer secret"), String(asked));

  asked.length = 0;
  await forgetSubjects({ url: url.replace("://", "://me:p%40ss@") }, "lesson-99-");
  deepEqual(asked, [`Basic ${btoa("me:p@ss")}`]);
});

Deno.test("readTopic() gives all records of a topic as text, partition after partition", () =>
  withServices(async () => {
    const lesson = await startLesson(NUMBER);
    try {
      const { brokers } = lesson;
      const topic = await lesson.topic("mixed", { numPartitions: 2 });
      const producer = createProducer({ brokers });
      // Timestamps of 1970: retention must not take them.
      await producer.send(topic, [
        { partition: 1, key: "k", value: "one", timestampMs: 1 },
        { partition: 0, key: null, value: "two", timestampMs: 2 },
        {
          partition: 1,
          key: "k",
          value: null,
          timestampMs: 3,
          headers: [{ key: "by", value: new TextEncoder().encode("me") }, {
            key: "n",
            value: null,
          }],
        },
      ]);
      await producer.close();
      deepEqual(await readTopic({ brokers, topic }), [
        { partition: 0, offset: 0n, key: null, value: "two", timestampMs: 2, headers: {} },
        { partition: 1, offset: 0n, key: "k", value: "one", timestampMs: 1, headers: {} },
        {
          partition: 1,
          offset: 1n,
          key: "k",
          value: null,
          timestampMs: 3,
          headers: { by: "me", n: null },
        },
      ]);
    } finally {
      await lesson.end();
    }
  }));

Deno.test("startLesson() wants the two digits of its file", async () => {
  await rejects(startLesson("1"), /option "number": found "1", wanted two digits/);
});
