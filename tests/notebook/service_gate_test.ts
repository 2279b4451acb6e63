import { deepEqual, equal, match, rejects, throws } from "assert";
import connect from "postgres";
import { createProducer, topicOffsets } from "../../lib/kafka/mod.ts";
import { kafkaGate, readTopic, serviceGate } from "../../lib/notebook/mod.ts";
import { withForeignAdmin } from "../kafka/foreign_client.ts";
import { withTopic } from "../kafka/test_topic.ts";
import { testStack } from "../support/stack.ts";

Deno.test("a gate in front of Postgres lets through, breaks off, and lets through again", async () => {
  const { databaseUrl } = await testStack();
  const url = new URL(databaseUrl);
  using gate = serviceGate(url.host);
  url.host = gate.address;
  const sql = connect(url.href, { max: 1, connect_timeout: 5, onnotice: () => {} });
  try {
    const large = "x".repeat(300_000);
    deepEqual([...await sql`select ${large} as text`], [{ text: large }]);
    const broken = rejects(sql`select pg_sleep(10)`.execute());
    gate.shut();
    gate.shut();
    await broken;
    await rejects(sql`select 1`.execute());
    gate.open();
    gate.open();
    deepEqual([...await sql`select 2 as two`], [{ two: 2 }]);
  } finally {
    await sql.end();
  }
});

Deno.test("behind a gate in front of Kafka nobody finds the broker itself", () =>
  withTopic({ numPartitions: 1 }, async ({ topic, connection }) => {
    using gate = kafkaGate(connection.brokers![0]!);
    const brokers = [gate.address];
    await withForeignAdmin({ brokers }, async (admin) => {
      const { brokers: found } = await admin.describeCluster();
      deepEqual(found.map(({ host, port }) => `${host}:${port}`), brokers);
    });

    const producer = createProducer({ brokers });
    const values = Array.from({ length: 200 }, (_, i) => `${i} ${"x".repeat(1_000)}`);
    await producer.send(topic, values.map((value) => ({ key: null, value })));
    deepEqual((await readTopic({ brokers, topic })).map(({ value }) => value), values);
    gate.shut();
    await rejects(topicOffsets({ brokers }, topic), (error) => {
      match(String(error), new RegExp(gate.address));
      return true;
    });
    gate.open();
    equal((await topicOffsets({ brokers }, topic)).latest[topic]?.[0], 200n);
    await producer.close();
  }));

Deno.test("a gate wants an address", () => {
  throws(() => serviceGate("postgres://localhost/db"), /option "service".*wanted host:port/);
});
