import { deepEqual, equal, ok, rejects, throws } from "assert";
import kafkajs from "kafkajs";
import { SluiceError } from "../../lib/core/mod.ts";
import { createProducer } from "../../lib/kafka/mod.ts";
import { murmur2, partitionOf } from "../../lib/kafka/partitioner.ts";
import { readForeign, withForeignProducer } from "./foreign_client.ts";
import { ApiKey, KafkaProxy } from "./kafka_proxy.ts";
import { readRecords, valuesOf, withSource, withTopic } from "./test_topic.ts";

const encoder = new TextEncoder();

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof SluiceError && error.code === code;
}

Deno.test("murmur2() gives the values of Kafka's own test", () => {
  const wanted: [string, number][] = [
    ["21", -973932308],
    ["foobar", -790332482],
    ["a-little-bit-long-string", -985981536],
    ["a-little-bit-longer-string", -1486304829],
    ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
    ["abc", 479470107],
  ];
  for (const [key, hash] of wanted) equal(murmur2(encoder.encode(key)), hash, key);
});

Deno.test("records of a key go where other clients send them", async () => {
  const keys = Array.from({ length: 50 }, (_, i) => `key-${i * 7919}-ü`);
  await withTopic({ numPartitions: 5 }, async (topic) => {
    await withForeignProducer(topic.connection, {}, async (producer) => {
      const messages = keys.map((key) => ({ key, value: "theirs" }));
      await producer.send({ topic: topic.topic, messages });
    });
    const producer = createProducer(topic.connection);
    await producer.send(topic.topic, keys.map((key) => ({ key, value: "ours" })));
    await producer.close();
    await withSource(topic, async (source) => {
      const records = await readRecords(source);
      const placed = (wanted: string) =>
        records.filter(({ value }) => value === wanted)
          .map(({ key, partition }) => `${key} ${partition}`).sort();
      deepEqual(placed("ours"), placed("theirs"));
      deepEqual(
        placed("ours"),
        keys.map((key) => `${key} ${partitionOf(encoder.encode(key), 5)}`).sort(),
      );
    });
  });
});

Deno.test("send() keeps the order of each partition over many calls at once", async () => {
  await withTopic({ numPartitions: 3 }, async (topic) => {
    const producer = createProducer(topic.connection);
    const value = (call: number, i: number) => `${call}.${i}`.padEnd(2_000, ".");
    const calls = Array.from({ length: 20 }, (_, call) =>
      producer.send(
        topic.topic,
        Array.from({ length: 300 }, (_, i) => ({ value: value(call, i), partition: i % 3 })),
      ));
    await Promise.all(calls);
    await producer.close();
    await withSource(topic, async (source) => {
      const records = await readRecords(source);
      for (const partition of [0, 1, 2]) {
        deepEqual(
          valuesOf(records.filter((record) => record.partition === partition)),
          Array.from(
            { length: 20 },
            (_, call) => Array.from({ length: 100 }, (_, i) => value(call, i * 3 + partition)),
          ).flat(),
        );
      }
    });
  });
});

Deno.test("send() spreads records without a key over all partitions", async () => {
  await withTopic({ numPartitions: 3 }, async (topic) => {
    const producer = createProducer(topic.connection);
    for (let i = 0; i < 9; i++) await producer.send(topic.topic, [{ value: String(i) }]);
    await producer.close();
    await withSource(topic, async (source) => {
      deepEqual(new Set((await readRecords(source)).map(({ partition }) => partition)).size, 3);
    });
  });
});

Deno.test("what createProducer() writes, kafkajs reads", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const producer = createProducer(topic.connection);
    const headers = [{ key: "h", value: encoder.encode("1") }];
    await producer.send(topic.topic, [
      { key: "k", value: "v", headers, timestampMs: 1_700_000_000_000 },
      { key: null, value: null, timestampMs: 1_600_000_000_000 },
    ]);
    await producer.close();
    const consumer = new kafkajs.Kafka({
      brokers: [...topic.connection.brokers!],
      logLevel: kafkajs.logLevel.NOTHING,
    }).consumer({ groupId: topic.topic, maxWaitTimeInMs: 50 });
    const got: unknown[] = [];
    const done = Promise.withResolvers<void>();
    await consumer.subscribe({ topics: [topic.topic], fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message: { key, value, headers, timestamp } }) => {
        got.push([key?.toString(), value?.toString(), headers?.["h"]?.toString(), timestamp]);
        if (got.length === 2) done.resolve();
        return Promise.resolve();
      },
    });
    await done.promise;
    await consumer.disconnect();
    deepEqual(got, [
      ["k", "v", "1", "1700000000000"],
      [undefined, undefined, undefined, "1600000000000"],
    ]);
  });
});

Deno.test("a record too long for the topic is refused, and the producer goes on", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const producer = createProducer(topic.connection);
    await producer.send(topic.topic, [{ value: "before" }]);
    await rejects(producer.send(topic.topic, [{ value: "x".repeat(2_000_000) }]), (error) => {
      ok(hasCode("KAFKA_REFUSED")(error));
      ok((error as Error).message.includes("MESSAGE_TOO_LARGE"));
      return true;
    });
    await producer.send(topic.topic, [{ value: "after" }]);
    await producer.close();
    await withSource(topic, async (source) => {
      deepEqual(valuesOf(await readRecords(source)), ["before", "after"]);
    });
  });
});

Deno.test("send() refuses a partition that the topic does not have, and writes nothing", async () => {
  await withTopic({ numPartitions: 2 }, async (topic) => {
    const producer = createProducer(topic.connection);
    const records = [{ value: "a" }, { value: "b", partition: 2 }];
    await rejects(producer.send(topic.topic, records), hasCode("BAD_OPTION"));
    await producer.send(topic.topic, [{ value: "c" }]);
    await producer.close();
    await withSource(topic, async (source) => {
      deepEqual(valuesOf(await readRecords(source)), ["c"]);
    });
  });
});

Deno.test("a batch whose answer was lost is sent again, and is there once", async () => {
  await withTopic({ numPartitions: 1 }, async ({ topic, connection }) => {
    using proxy = new KafkaProxy(connection.brokers![0]!);
    const producer = createProducer({ brokers: [proxy.address] });
    const wanted: string[] = [];
    for (let batch = 0; batch < 5; batch++) {
      const values = Array.from({ length: 10 }, (_, i) => `${batch}.${i}`);
      // The last ones twice in a row.
      proxy.loseAnswers(ApiKey.PRODUCE, batch === 4 ? 2 : batch % 2);
      await producer.send(topic, values.map((value) => ({ value })));
      wanted.push(...values);
    }
    await producer.close();
    equal(proxy.lostAnswers, 4);
    deepEqual((await readForeign(connection, topic, 1)).map(({ value }) => value), wanted);
  });
});

Deno.test("createProducer() refuses options it does not know", () => {
  const connection = { brokers: ["127.0.0.1:9092"] };
  throws(() => createProducer({ ...connection, acks: 1 } as never), hasCode("UNKNOWN_OPTION"));
  throws(
    () => createProducer(connection, { compressionType: "brotli" as never }),
    hasCode("BAD_OPTION"),
  );
});
