import {
  isRetryable,
  type RecordHeader,
  refuseUnknownOptions,
  SluiceError,
  systemClock,
} from "../core/mod.ts";
import { KafkaClient, refused } from "./client.ts";
import { type Codec, codecOf, COMPRESSION_TYPES, type CompressionType } from "./compression.ts";
import type { TopicMetadata } from "./metadata.ts";
import { CONNECTION_OPTIONS, type KafkaConnection, resolveConnection } from "./options.ts";
import { partitionOf } from "./partitioner.ts";
import { initProducerId, NEW_PRODUCER, produceBatch, type ProducerIdentity } from "./produce.ts";
import { ErrorCode } from "./protocol_errors.ts";
import { RecordBatchBuilder } from "./record_batch_builder.ts";

const MAX_QUEUED_BATCHES = 8;
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;
// As in Kafka's Java client: delivery.timeout.ms is four times request.timeout.ms.
const DELIVERY_TIMEOUTS = 4;

// The broker and the producer no longer agree on what was written.
const LOST_SEQUENCE: ReadonlySet<number> = new Set([
  ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
  ErrorCode.INVALID_PRODUCER_EPOCH,
  ErrorCode.UNKNOWN_PRODUCER_ID,
  ErrorCode.PRODUCER_FENCED,
]);
const encoder = new TextEncoder();

/** A record to send. */
export interface ProducerRecord {
  /** Records of one key go to one partition, the same as with Kafka's Java client. */
  readonly key?: string | Uint8Array | null;
  /** Null: a tombstone. */
  readonly value: string | Uint8Array | null;
  /** Default none. */
  readonly headers?: readonly RecordHeader[];
  /** Milliseconds since 1970; default now. */
  readonly timestampMs?: number;
  /** Default: by the key; without a key, one partition after the other. */
  readonly partition?: number;
}

/** How a producer sends. */
export interface ProducerOptions {
  /** Default `none`. */
  readonly compressionType?: CompressionType;
}

/** Sends records. */
export interface Producer {
  /**
   * Sends records and waits until all replicas have them, each once and in order.
   *
   * @throws {SluiceError} `TOPIC_NOT_FOUND`, `KAFKA_REFUSED`, `KAFKA_UNAVAILABLE`.
   */
  send(topic: string, records: readonly ProducerRecord[]): Promise<void>;
  /** Ends connections; what is not acknowledged may be lost. */
  close(): Promise<void>;
}

/**
 * Makes an idempotent producer: its own retries never write a record twice.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION`, `KAFKA_BROKERS_MISSING`.
 *
 * @example
 * ```ts ignore
 * import { createTopicIfAbsent } from "./admin/topics.ts";
 * import { createProducer } from "./producer.ts";
 *
 * const connection = { brokers: ["127.0.0.1:9092"] };
 * await createTopicIfAbsent(connection, { topic: "trades", numPartitions: 3 });
 * const producer = createProducer(connection, { compressionType: "zstd" });
 * try {
 *   await producer.send("trades", [
 *     { key: "BTCUSDT", value: '{"s":"BTCUSDT","t":1,"p":"60000.01"}' },
 *     { key: "ETHUSDT", value: '{"s":"ETHUSDT","t":2,"p":"3000.02"}' },
 *   ]);
 * } finally {
 *   await producer.close();
 * }
 * ```
 */
export function createProducer(
  connection: KafkaConnection,
  options: ProducerOptions = {},
): Producer {
  refuseUnknownOptions("make a Kafka producer", connection, CONNECTION_OPTIONS);
  refuseUnknownOptions("make a Kafka producer", options, ["compressionType"]);
  const { compressionType = "none" } = options;
  if (!COMPRESSION_TYPES.includes(compressionType)) {
    throw new SluiceError("BAD_OPTION", {
      attempted: "make a Kafka producer",
      where: 'option "compressionType"',
      found: JSON.stringify(compressionType),
      wanted: COMPRESSION_TYPES.join(", "),
    });
  }
  return new KafkaProducer(
    new KafkaClient(resolveConnection(connection)),
    COMPRESSION_TYPES.indexOf(compressionType),
  );
}

/** A batch that waits or is on its way. */
interface QueuedBatch {
  readonly builder: RecordBatchBuilder;
  readonly sent: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

/** What goes to one partition. One batch at a time is on its way, so that order is kept. */
interface Lane {
  readonly topic: string;
  readonly partition: number;
  readonly queue: QueuedBatch[];
  nextSequence: number;
  running: boolean;
}

class KafkaProducer implements Producer {
  readonly #client: KafkaClient;
  readonly #compressionType: number;
  readonly #lanes = new Map<string, Lane>();
  readonly #topics = new Map<string, Promise<TopicMetadata>>();
  readonly #closed = new AbortController();
  #ready: Promise<{ identity: ProducerIdentity; codec: Codec }> | undefined;
  #nextPartition = 0;
  // Set once a batch may or may not have been written: no sequence number is right after that.
  #failure: unknown;

  constructor(client: KafkaClient, compressionType: number) {
    this.#client = client;
    this.#compressionType = compressionType;
  }

  async send(topic: string, records: readonly ProducerRecord[]): Promise<void> {
    const { partitions } = await this.#topic(topic);
    for (const { partition } of records) {
      if (partition !== undefined && partitions[partition] === undefined) {
        throw noSuchPartition(topic, partition, partitions.length);
      }
    }
    const batches = new Set<QueuedBatch>();
    let keylessPartition = this.#nextPartition++ % partitions.length;
    for (const record of records) {
      if (this.#failure !== undefined) throw this.#failure;
      const key = toBytes(record.key ?? null);
      const partition = record.partition ??
        (key === null ? keylessPartition : partitionOf(key, partitions.length));
      const value = toBytes(record.value);
      const { headers = [], timestampMs = Date.now() } = record;
      const lane = this.#lane(topic, partition);
      let batch = lane.queue.at(-1);
      if (batch === undefined || batch.builder.isFullFor(key, value, headers)) {
        if (lane.queue.length >= MAX_QUEUED_BATCHES) await lane.queue[0]!.sent;
        batch = newBatch();
        lane.queue.push(batch);
        batches.add(batch);
        this.#run(lane);
        keylessPartition = this.#nextPartition++ % partitions.length;
      }
      batch.builder.append({ key, value, headers, timestampMs });
      batches.add(batch);
    }
    await Promise.all([...batches].map((batch) => batch.sent));
  }

  close(): Promise<void> {
    this.#closed.abort();
    this.#client.close();
    return Promise.resolve();
  }

  #topic(topic: string): Promise<TopicMetadata> {
    let metadata = this.#topics.get(topic);
    if (metadata === undefined) {
      metadata = this.#client.quickly(() => this.#client.topic(topic));
      this.#topics.set(topic, metadata);
      metadata.catch(() => this.#topics.delete(topic));
    }
    return metadata;
  }

  #lane(topic: string, partition: number): Lane {
    const name = `${topic}-${partition}`;
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { topic, partition, queue: [], nextSequence: 0, running: false };
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  async #run(lane: Lane): Promise<void> {
    if (lane.running) return;
    lane.running = true;
    // Let the caller fill the batch before it is closed.
    await Promise.resolve();
    for (let batch = lane.queue.shift(); batch !== undefined; batch = lane.queue.shift()) {
      try {
        if (this.#failure !== undefined) throw this.#failure;
        await this.#deliver(lane, batch.builder);
        batch.resolve();
      } catch (error) {
        batch.reject(error);
      }
    }
    lane.running = false;
  }

  async #deliver(lane: Lane, builder: RecordBatchBuilder): Promise<void> {
    const { topic, partition } = lane;
    const { requestTimeoutMs } = this.#client.options;
    this.#ready ??= this.#start();
    const { identity, codec } = await this.#ready;
    const bytes = builder.finish(
      { ...identity, baseSequence: lane.nextSequence, transactional: false },
      this.#compressionType,
      codec,
    );
    const deadlineMs = Date.now() + DELIVERY_TIMEOUTS * requestTimeoutMs;
    for (let pauseMs = FIRST_PAUSE_MS;; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      try {
        const { leaderId } = (await this.#topic(topic)).partitions[partition]!;
        const connection = await this.#client.node(leaderId);
        const errorCode = await produceBatch(
          connection,
          topic,
          partition,
          bytes,
          null,
          requestTimeoutMs,
        );
        // A duplicate is a batch of ours that was written though its answer was lost.
        if (errorCode !== ErrorCode.NONE && errorCode !== ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
          const error = refused(`write to ${topic}-${partition}`, connection.address, errorCode);
          if (LOST_SEQUENCE.has(errorCode)) this.#failure = error;
          throw error;
        }
        lane.nextSequence = (lane.nextSequence + builder.count) % 2 ** 31;
        return;
      } catch (error) {
        if (!isRetryable(error) || Date.now() > deadlineMs || this.#closed.signal.aborted) {
          if (isRetryable(error)) this.#failure = error;
          throw error;
        }
        await systemClock.sleep(pauseMs, this.#closed.signal);
        this.#topics.delete(topic);
      }
    }
  }

  async #start(): Promise<{ identity: ProducerIdentity; codec: Codec }> {
    const codec = await codecOf(this.#compressionType);
    const identity = await this.#client.quickly(async () => {
      const { brokers } = await this.#client.metadata([]);
      const connection = await this.#client.node(brokers.keys().next().value ?? -1);
      const { errorCode, ...identity } = await initProducerId(connection, null, 0, NEW_PRODUCER);
      if (errorCode === ErrorCode.NONE) return identity;
      throw refused("get a producer id", connection.address, errorCode);
    });
    return { identity, codec };
  }
}

function newBatch(): QueuedBatch {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // The sender may be gone by then, for another batch's error.
  promise.catch(() => {});
  return { builder: new RecordBatchBuilder(), sent: promise, resolve, reject };
}

function toBytes(value: string | Uint8Array | null): Uint8Array | null {
  return typeof value === "string" ? encoder.encode(value) : value;
}

function noSuchPartition(topic: string, partition: number, count: number): SluiceError {
  return new SluiceError("BAD_OPTION", {
    attempted: `write to topic "${topic}"`,
    where: 'option "partition"',
    found: String(partition),
    wanted: `0 to ${count - 1}`,
  });
}
