import {
  formatOffsets,
  type Offsets,
  type RangeReader,
  type RecordHeader,
  recordKey,
  recordOffset,
  recordValue,
  type Source,
} from "../../lib/core/mod.ts";
import {
  createTopicIfAbsent,
  deleteTopicIfPresent,
  kafka,
  type KafkaConnection,
  type KafkaOptions,
  type NewTopic,
  topicOffsets,
} from "../../lib/kafka/mod.ts";
import { testStack } from "../support/stack.ts";

/** A topic of a test's own. */
export interface TestTopic {
  readonly topic: string;
  readonly connection: KafkaConnection;
}

/** A record as a test compares it. */
export interface ReadRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly RecordHeader[];
}

/** Runs a test with a new topic and deletes it afterwards. */
export async function withTopic(
  newTopic: Omit<NewTopic, "topic">,
  test: (topic: TestTopic) => Promise<void>,
): Promise<void> {
  const { kafkaBrokers } = await testStack();
  const connection = { brokers: kafkaBrokers };
  const topic = `test-${crypto.randomUUID().slice(0, 13)}`;
  await createTopicIfAbsent(connection, { topic, ...newTopic });
  try {
    await test({ topic, connection });
  } finally {
    await deleteTopicIfPresent(connection, topic);
  }
}

/** Runs a test with a source of a topic and closes it afterwards. */
export async function withSource(
  { topic, connection }: TestTopic,
  test: (source: Source) => Promise<void>,
  options: Partial<KafkaOptions> = {},
): Promise<void> {
  const source = kafka({ ...connection, topic, ...options });
  try {
    await test(source);
  } finally {
    await source.close();
  }
}

/** A signal for a test that takes no longer than half a minute. */
export function timeLimit(): AbortSignal {
  return AbortSignal.timeout(30_000);
}

/** Reads a range, or all there is, to its end; records by partition, in order. */
export async function readRecords(
  source: Source,
  start?: Offsets,
  end?: Offsets,
): Promise<ReadRecord[]> {
  const signal = timeLimit();
  const reader = source.read(
    start ?? await source.earliestOffsets(signal),
    end ?? await source.latestOffsets(signal),
    { signal },
  );
  return await collect(reader);
}

/** All records of a topic that are there for good, once no transaction is open. */
export async function readSettled(topic: TestTopic): Promise<ReadRecord[]> {
  let records: ReadRecord[] = [];
  await withSource(topic, async (source) => {
    // A commit is answered a moment before readers see it.
    const settled = async () => {
      const { latest } = await topicOffsets(topic.connection, topic.topic);
      return formatOffsets(latest) === formatOffsets(await source.latestOffsets(timeLimit()));
    };
    while (!await settled());
    records = await readRecords(source);
  });
  return records;
}

/** All records of a reader; by partition, in order. */
export async function collect(reader: RangeReader): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  const decoder = new TextDecoder();
  const text = (bytes: Uint8Array | null) => bytes === null ? null : decoder.decode(bytes);
  for await (const block of reader) {
    for (let i = 0; i < block.count; i++) {
      records.push({
        partition: block.partition,
        offset: recordOffset(block, i),
        timestampMs: block.timestampsMs[i]!,
        key: text(recordKey(block, i)),
        value: text(recordValue(block, i)),
        headers: block.headers(i),
      });
    }
  }
  return records.sort((a, b) => a.partition - b.partition);
}

/** Values of records. */
export function valuesOf(records: readonly ReadRecord[]): (string | null)[] {
  return records.map((record) => record.value);
}
