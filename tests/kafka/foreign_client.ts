import kafkajs, { type Admin, type Producer, type ProducerConfig } from "kafkajs";
import type { KafkaConnection } from "../../lib/kafka/mod.ts";

const { Kafka, logLevel, Partitioners } = kafkajs;

/** Runs a test with kafkajs's own producer: written by others than the code under test. */
export async function withForeignProducer(
  connection: KafkaConnection,
  config: ProducerConfig,
  test: (producer: Producer) => Promise<void>,
): Promise<void> {
  const producer = client(connection).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    ...config,
  });
  await producer.connect();
  try {
    await test(producer);
  } finally {
    await producer.disconnect();
  }
}

/** Runs a test with kafkajs's admin client. */
export async function withForeignAdmin<T>(
  connection: KafkaConnection,
  test: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = client(connection).admin();
  await admin.connect();
  try {
    return await test(admin);
  } finally {
    await admin.disconnect();
  }
}

/** A record as kafkajs hands it over. */
export interface ForeignRecord {
  readonly partition: number;
  readonly key: string | null;
  /** Null for a tombstone. */
  readonly value: string | null;
  /** Names and values, in order; a name with several values is there once for each. */
  readonly headers: readonly (readonly [name: string, value: string | null])[];
  readonly timestampMs: number;
}

/** One of several topics. */
export interface TopicRecord extends ForeignRecord {
  readonly topic: string;
}

const END = "end of the test";

/**
 * All committed records of a topic by kafkajs, under `read_committed`; by partition, in order. It
 * writes a last record into each partition, which nobody sees while a transaction is open there.
 */
export async function readForeign(
  connection: KafkaConnection,
  topic: string,
  partitions: number,
): Promise<ForeignRecord[]> {
  const records = await readForeignTopics(connection, [{ topic, partitions }]);
  return records.map(({ topic: _, ...record }) => record);
}

/** All committed records of several topics; as `readForeign`, and topic by topic. */
export async function readForeignTopics(
  connection: KafkaConnection,
  topics: readonly { readonly topic: string; readonly partitions: number }[],
): Promise<TopicRecord[]> {
  const partitionsOf = (count: number) => Array.from({ length: count }, (_, i) => i);
  await withForeignProducer(connection, {}, async (producer) => {
    for (const { topic, partitions } of topics) {
      const messages = partitionsOf(partitions)
        .map((partition) => ({ partition, key: END, value: END }));
      await producer.send({ topic, messages });
    }
  });
  const consumer = client(connection).consumer({
    groupId: `reader-${crypto.randomUUID()}`,
    maxWaitTimeInMs: 50,
    readUncommitted: false,
  });
  const records: TopicRecord[] = [];
  const done = Promise.withResolvers<void>();
  const open = new Set(
    topics.flatMap(({ topic, partitions }) =>
      partitionsOf(partitions).map((partition) => `${topic} ${partition}`)
    ),
  );
  await consumer.connect();
  await consumer.subscribe({ topics: topics.map(({ topic }) => topic), fromBeginning: true });
  await consumer.run({
    eachMessage: ({ topic, partition, message: { key, value, headers = {}, timestamp } }) => {
      if (key?.toString() === END) open.delete(`${topic} ${partition}`);
      else {
        records.push({
          topic,
          partition,
          key: key?.toString() ?? null,
          value: value?.toString() ?? null,
          headers: Object.entries(headers).flatMap(([name, values]) =>
            [values].flat().map((each) => [name, each?.toString() ?? null] as const)
          ),
          timestampMs: Number(timestamp),
        });
      }
      if (open.size === 0) done.resolve();
      return Promise.resolve();
    },
  });
  await done.promise;
  await consumer.disconnect();
  return records.sort((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1
  );
}

function client({ brokers }: KafkaConnection): kafkajs.Kafka {
  return new Kafka({ brokers: [...brokers!], clientId: "test", logLevel: logLevel.NOTHING });
}
