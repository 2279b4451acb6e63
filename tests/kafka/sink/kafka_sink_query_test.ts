import { deepEqual, equal, ok, rejects } from "assert";
import { fileURLToPath } from "node:url";
import {
  json,
  kafka,
  kafkaSink,
  pipeline,
  recordHeaders,
  schema as s,
  type StreamingQuery,
  withRecord,
} from "sluice";
import {
  createProducer,
  createTopicIfAbsent,
  deleteTopicIfPresent,
} from "../../../lib/kafka/mod.ts";
import { checkout } from "../../support/paths.ts";
import { Random } from "../../support/random.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { readForeign } from "../foreign_client.ts";
import { type TestTopic, withTopic } from "../test_topic.ts";
import type { CopyJob } from "./kafka_sink_child.ts";

const Event = s.struct({ id: s.long() });
const child = fileURLToPath(new URL("kafka_sink_child.ts", import.meta.url));

/** Runs a test with a topic to read and one to write, both of the same number of partitions. */
async function withTopics(
  numPartitions: number,
  test: (from: TestTopic, to: TestTopic) => Promise<void>,
): Promise<void> {
  await withTopic(
    { numPartitions },
    (from) => withTopic({ numPartitions }, (to) => test(from, to)),
  );
}

async function send({ topic, connection }: TestTopic, ids: readonly number[]): Promise<void> {
  const producer = createProducer(connection);
  await producer.send(topic, ids.map((id) => ({ key: String(id), value: `{"id":${id}}` })));
  await producer.close();
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, id) => id);
}

/** The ids that kafkajs finds committed, sorted. */
async function copiedIds({ topic, connection }: TestTopic, partitions: number): Promise<number[]> {
  const records = await readForeign(connection, topic, partitions);
  return records.map(({ value }) => JSON.parse(value!).id).sort((a, b) => a - b);
}

/** Waits until a query has read that many records, or has ended. */
async function hasRead(query: StreamingQuery, count: number): Promise<void> {
  const ended = query.awaitTermination().then(() => true);
  const read = () => query.recentProgress.reduce((sum, each) => sum + each.numInputRows, 0);
  while (read() < count) {
    const pause = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 20));
    if (await Promise.race([ended, pause])) return;
  }
}

Deno.test("a trace header that was read goes along to the records that are written", async () => {
  await using folder = await tempFolder();
  await withTopics(1, async (from, to) => {
    const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const producer = createProducer(from.connection);
    await producer.send(from.topic, [
      {
        key: "a",
        value: '{"id":1}',
        headers: [{ key: "traceparent", value: new TextEncoder().encode(trace) }],
      },
      { value: '{"id":2}' },
    ]);
    await producer.close();
    const query = await pipeline("traced")
      .from(kafka({ ...from.connection, topic: from.topic }))
      .decode(withRecord(json(Event), {
        source_key: s.string().nullable().from("key"),
        source_offset: s.long().from("offset"),
        headers: recordHeaders(),
      }))
      .where("id < 5")
      .to(kafkaSink({ ...to.connection, topic: to.topic, key: "source_key", headers: "headers" }))
      .start({ checkpointLocation: `${folder.path}/checkpoint`, trigger: { availableNow: true } });
    await query.awaitTermination();
    deepEqual(
      (await readForeign(to.connection, to.topic, 1)).map(({ key, value, headers }) => [
        key,
        value,
        headers,
      ]),
      [
        ["a", '{"id":1,"source_key":"a","source_offset":0}', [["traceparent", trace]]],
        [null, '{"id":2,"source_key":null,"source_offset":1}', []],
      ],
    );
  });
});

Deno.test("killed at every step and run again, each record is copied exactly once", async () => {
  await using folder = await tempFolder();
  const random = new Random(20260101);
  const count = 2_000;
  await withTopics(3, async (from, to) => {
    await send(from, upTo(count));
    const job: CopyJob = {
      brokers: from.connection.brokers!,
      from: from.topic,
      to: to.topic,
      checkpointLocation: `${folder.path}/checkpoint`,
      maxOffsetsPerTrigger: 100,
      hit: 1,
    };
    const run = async (more: Partial<CopyJob>) => {
      const { code, signal, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", child, JSON.stringify({ ...job, ...more })],
        cwd: checkout,
      }).output();
      return { code, signal, stderr: new TextDecoder().decode(stderr) };
    };
    const steps = [
      "planned",
      "kafka:staged",
      "kafka:committed",
      "committed:0",
      "sinks-committed",
      "done",
    ];
    const faults = [
      ...steps.map((killAt) => ({ killAt, hit: 1 })),
      ...Array.from({ length: 3 }, () => ({ killAt: random.pick(steps), hit: 2 })),
    ];
    for (const fault of faults) {
      const { signal, stderr } = await run(fault);
      equal(signal, "SIGKILL", `${fault.killAt} was not reached: ${stderr}`);
    }
    const { code, stderr } = await run({});
    equal(code, 0, stderr);
    deepEqual(await copiedIds(to, 3), upTo(count));
  });
});

Deno.test("the latest row of each key, deletes included, is what a compacted topic comes to", async () => {
  await using folder = await tempFolder();
  const random = new Random(4);
  const Change = s.struct({ id: s.long(), version: s.long(), name: s.string().nullable() });
  await withTopics(3, async (from, to) => {
    const latest = new Map<string, string | null>();
    const producer = createProducer(from.connection);
    for (let version = 0; version < 300; version++) {
      const id = random.integer(0, 20);
      const name = random.pick(["a", "b", null]);
      const value = JSON.stringify({ id, version, name });
      latest.set(`${id}`, name === null ? null : value);
      await producer.send(from.topic, [{ key: `${id}`, value }]);
    }
    await producer.close();
    const query = await pipeline("latest")
      .from(kafka({ ...from.connection, topic: from.topic, maxOffsetsPerTrigger: 50 }))
      .decode(json(Change))
      .latestByKey({ key: ["id"], orderBy: "version", deleteWhen: "name IS NULL" })
      .to(kafkaSink({ ...to.connection, topic: to.topic }))
      .start({
        checkpointLocation: `${folder.path}/checkpoint`,
        outputMode: "update",
        trigger: { availableNow: true },
      });
    await query.awaitTermination();
    const found = new Map(
      (await readForeign(to.connection, to.topic, 3)).map(({ key, value }) => [key!, value]),
    );
    // A key that came and went within one batch was never there.
    for (const [id, value] of latest) equal(found.get(id) ?? null, value, `key ${id}`);
    ok([...found.values()].includes(null), "no tombstones were written");
  });
});

Deno.test("a bounded query ends where it should, and copies what is before that and no more", async () => {
  await using folder = await tempFolder();
  await withTopics(2, async (from, to) => {
    await send(from, upTo(100));
    const source = kafka({
      ...from.connection,
      topic: from.topic,
      endingOffsets: { [from.topic]: { 0: 30, 1: 20 } },
      maxOffsetsPerTrigger: 7,
    });
    const query = await pipeline("bounded")
      .from(source)
      .decode(json(Event))
      .to(kafkaSink({ ...to.connection, topic: to.topic }))
      .start({ checkpointLocation: `${folder.path}/checkpoint` });
    await query.awaitTermination();
    equal((await copiedIds(to, 2)).length, 50);
    deepEqual(query.lastProgress!.sources[0]!.endOffset, { [from.topic]: { 0: 30n, 1: 20n } });
  });
});

Deno.test("topics that come to match a pattern are read from their beginning; one that goes is data loss", async () => {
  await using folder = await tempFolder();
  await withTopics(1, async (from, to) => {
    const { connection } = from;
    const [first, added] = [`${from.topic}.first`, `${from.topic}.added`];
    const start = () =>
      pipeline("pattern")
        .from(kafka({ ...connection, topicPattern: `^${from.topic}\\.` }))
        .decode(json(Event))
        .to(kafkaSink({ ...connection, topic: to.topic }))
        .start({ checkpointLocation: `${folder.path}/checkpoint` });
    try {
      // Nothing matches yet.
      const query = await start();
      await createTopicIfAbsent(connection, { topic: first, numPartitions: 1 });
      await send({ topic: first, connection }, [0, 1]);
      await hasRead(query, 2);
      await createTopicIfAbsent(connection, { topic: added, numPartitions: 2 });
      await send({ topic: added, connection }, [2, 3, 4]);
      await hasRead(query, 5);
      await query.stop();

      const second = await start();
      await send({ topic: added, connection }, [5]);
      await hasRead(second, 1);
      await deleteTopicIfPresent(connection, added);
      await rejects(second.awaitTermination(), (error) => {
        ok(error instanceof Error);
        ok(error.message.includes(`${added}-`), error.message);
        ok("code" in error && error.code === "DATA_LOSS", error.message);
        return true;
      });
      deepEqual(await copiedIds(to, 1), upTo(6));
    } finally {
      for (const topic of [first, added]) await deleteTopicIfPresent(connection, topic);
    }
  });
});
