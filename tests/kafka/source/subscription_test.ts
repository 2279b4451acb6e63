import { deepEqual, equal, ok, rejects, throws } from "assert";
import type { Source } from "../../../lib/core/mod.ts";
import {
  createProducer,
  createTopicIfAbsent,
  deleteTopicIfPresent,
  kafka,
  type KafkaConnection,
  type KafkaOptions,
} from "../../../lib/kafka/mod.ts";
import { testStack } from "../../support/stack.ts";
import { collect, timeLimit, valuesOf } from "../test_topic.ts";

const brokers = ["127.0.0.1:9092"];

/** Topics of a test's own, with names that begin alike. */
interface TestTopics {
  readonly connection: KafkaConnection;
  /** The name of a topic, which need not be there. */
  name(suffix: string): string;
  /** Makes a topic of two partitions with a record `<suffix>:<partition>` in each. */
  make(suffix: string): Promise<string>;
  /** Runs a test with a source. */
  read(options: Partial<KafkaOptions>, test: (source: Source) => Promise<void>): Promise<void>;
}

async function withTopics(test: (topics: TestTopics) => Promise<void>): Promise<void> {
  const { kafkaBrokers: brokers } = await testStack();
  const connection = { brokers };
  const prefix = `test-${crypto.randomUUID().slice(0, 13)}`;
  const made: string[] = [];
  try {
    await test({
      connection,
      name: (suffix) => `${prefix}.${suffix}`,
      async make(suffix) {
        const topic = suffix.startsWith("__") ? `${suffix}${prefix}` : `${prefix}.${suffix}`;
        await createTopicIfAbsent(connection, { topic, numPartitions: 2 });
        made.push(topic);
        const producer = createProducer(connection);
        const records = [0, 1].map((partition) => ({ value: `${suffix}:${partition}`, partition }));
        await producer.send(topic, records);
        await producer.close();
        return topic;
      },
      async read(options, test) {
        const source = kafka({ ...connection, ...options });
        try {
          await test(source);
        } finally {
          await source.close();
        }
      },
    });
  } finally {
    for (const topic of made) await deleteTopicIfPresent(connection, topic);
  }
}

/** All values that a source hands over from its beginning to its end, sorted. */
async function valuesIn(source: Source): Promise<(string | null)[]> {
  const start = await source.initialOffsets(timeLimit());
  const end = await source.latestOffsets(timeLimit());
  return valuesOf(await collect(source.read(start, end, { signal: timeLimit() }))).sort();
}

Deno.test("kafka() reads several topics, and knows each by its id", async () => {
  await withTopics(async ({ make, read, name }) => {
    const [a, b] = [await make("a"), await make("b")];
    await make("c");
    await read({ topics: [b, a] }, async (source) => {
      equal(source.description, `KafkaV2[Subscribe[${b}, ${a}]]`);
      deepEqual(await valuesIn(source), ["a:0", "a:1", "b:0", "b:1"]);
      deepEqual(await source.latestOffsets(timeLimit()), {
        [a]: { 0: 1n, 1: 1n },
        [b]: { 0: 1n, 1: 1n },
      });
      const identities = await source.identities(timeLimit());
      deepEqual(Object.keys(identities).sort(), [a, b]);
      ok(identities[a] !== identities[b]);
    });
    await read({ topics: [a, name("missing")] }, async (source) => {
      await rejects(source.latestOffsets(timeLimit()), {
        code: "TOPIC_NOT_FOUND",
        message: new RegExp(name("missing")),
      });
    });
  });
});

Deno.test("a pattern finds topics by part of their names, new ones too, and none of Kafka's own", async () => {
  await withTopics(async ({ make, read, name }) => {
    const a = await make("a1");
    await make("b1");
    const internal = await make("__internal");
    const pattern = new RegExp(`${name("a").replaceAll(".", "\\.")}|internal`, "g");
    await read({ topicPattern: pattern }, async (source) => {
      equal(source.description, `KafkaV2[SubscribePattern[${pattern.source}]]`);
      deepEqual(await valuesIn(source), ["a1:0", "a1:1"]);
      deepEqual(Object.keys(await source.identities(timeLimit())), [a]);
      const a2 = await make("a2");
      deepEqual(Object.keys(await source.latestOffsets(timeLimit())).sort(), [a, a2]);
      deepEqual(await valuesIn(source), ["a1:0", "a1:1", "a2:0", "a2:1"]);
    });
    await read({ topicPattern: `^${name("none")}$` }, async (source) => {
      deepEqual(await source.initialOffsets(timeLimit()), {});
      deepEqual(await source.identities(timeLimit()), {});
    });
    // Unless it is named.
    await read({ topic: internal }, async (source) => {
      deepEqual(await valuesIn(source), ["__internal:0", "__internal:1"]);
    });
  });
});

Deno.test("kafka() reads the partitions that it is assigned, and no others", async () => {
  await withTopics(async ({ make, read }) => {
    const [a, b] = [await make("a"), await make("b")];
    await read({ assign: { [a]: [1], [b]: [1, 0] } }, async (source) => {
      equal(source.description, `KafkaV2[Assign[${a}-1, ${b}-1, ${b}-0]]`);
      deepEqual(await valuesIn(source), ["a:1", "b:0", "b:1"]);
      deepEqual(await source.earliestOffsets(timeLimit()), {
        [a]: { 1: 0n },
        [b]: { 0: 0n, 1: 0n },
      });
    });
    await read({ assign: { [a]: [1, 2] } }, async (source) => {
      await rejects(source.latestOffsets(timeLimit()), {
        code: "PARTITION_NOT_FOUND",
        message: /with partitions 0, 1, wanted partitions 1, 2/,
      });
    });
  });
});

Deno.test("read() of a topic that is gone is data loss, or with failOnDataLoss false nothing", async () => {
  await withTopics(async ({ connection, make, read, name }) => {
    const [a, b] = [await make("a"), await make("b")];
    const topicPattern = `^${name("")}`;
    const start = { [a]: { 0: 0n, 1: 0n }, [b]: { 0: 0n, 1: 0n } };
    const end = { [a]: { 0: 1n, 1: 1n }, [b]: { 0: 1n, 1: 1n } };
    await deleteTopicIfPresent(connection, b);
    await read({ topicPattern }, async (source) => {
      await rejects(collect(source.read(start, end, { signal: timeLimit() })), {
        code: "DATA_LOSS",
        message: new RegExp(`at ${b}-\\d@0: found no such topic`),
      });
    });
    await read({ topicPattern, failOnDataLoss: false }, async (source) => {
      const reader = source.read(start, end, { signal: timeLimit() });
      deepEqual(valuesOf(await collect(reader)).sort(), ["a:0", "a:1"]);
      deepEqual(reader.endOffsets(), end);
    });
  });
});

Deno.test("kafka() wants exactly one of topic, topics, topicPattern and assign", () => {
  const refused: [options: Record<string, unknown>, message: RegExp][] = [
    [{}, /found no topic, wanted exactly one of topic, topics, topicPattern, assign/],
    [{ topic: "a", topics: ["b"] }, /found options topic and topics/],
    [{ topic: "" }, /option "topic": found ""/],
    [{ topics: [] }, /option "topics": found \[\]/],
    [{ topics: ["a", "a"] }, /each once/],
    [{ topics: "a,b" }, /option "topics": found "a,b"/],
    [{ topicPattern: "" }, /a regular expression/],
    [{ topicPattern: "a(" }, /option "topicPattern": found "a\("/],
    [{ assign: {} }, /partitions by topic/],
    [{ assign: { a: [] } }, /partitions by topic/],
    [{ assign: { a: [0, 0] } }, /partitions by topic/],
    [{ assign: { a: [-1] } }, /partitions by topic/],
  ];
  for (const [options, message] of refused) {
    throws(() => kafka({ brokers, ...options } as KafkaOptions), { code: "BAD_OPTION", message });
  }
});
