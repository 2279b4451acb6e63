import { describeValue, SluiceError } from "../../core/mod.ts";
import type { Compression } from "../compression.ts";
import { partitionOf } from "../partitioner.ts";
import {
  DEFAULT_BATCH_BYTES,
  type RawRecord,
  RecordBatchBuilder,
} from "../record_batch_builder.ts";
import type { TransactionalProducer } from "../transaction.ts";

/** So much is collected before it is sent; twice as much may be in memory. */
const SEND_BYTES = 8 << 20;
const decoder = new TextDecoder();

/** Where records go, and how they are packed. */
export interface PartitionedRecordsOptions {
  readonly topic: string;
  readonly numPartitions: number;
  readonly compression: Compression;
  /** What the topic takes: no batch of several records is longer. */
  readonly maxMessageBytes: number;
  /** Where the first records without a key go. */
  readonly keylessPartition: number;
}

/** A batch of records, and the key of the first for a message. */
interface RecordBatch {
  readonly builder: RecordBatchBuilder;
  readonly firstKey: Uint8Array | null;
}

/** Record batches of one partition, the last of them not full yet. */
interface Lane {
  readonly partition: number;
  readonly batches: RecordBatch[];
}

/**
 * Spreads the records of a transaction over the partitions of a topic and sends them in batches: one
 * at a time to each partition, in order, to all partitions at once.
 */
export class PartitionedRecords {
  readonly #producer: TransactionalProducer;
  readonly #options: PartitionedRecordsOptions;
  readonly #added = new Set<number>();
  #lanes = new Map<number, Lane>();
  #collectedBytes = 0;
  #keylessPartition: number;
  #sending: Promise<unknown> = Promise.resolve();

  /** For one transaction. */
  constructor(producer: TransactionalProducer, options: PartitionedRecordsOptions) {
    this.#producer = producer;
    this.#options = options;
    this.#keylessPartition = options.keylessPartition;
  }

  /** True if `send` should be called before more records are added. */
  get isFull(): boolean {
    return this.#collectedBytes >= SEND_BYTES;
  }

  /** Where the next records without a key would go. */
  get keylessPartition(): number {
    return this.#keylessPartition;
  }

  /**
   * Adds a record: to the partition given, else to that of its key as in Kafka's Java client. Without
   * a key one batch of records after the other goes to the next partition.
   *
   * @throws {SluiceError} `PARTITION_NOT_FOUND`.
   */
  add(record: RawRecord, partition: number | null): void {
    const { numPartitions, maxMessageBytes, topic } = this.#options;
    const { key, value, headers } = record;
    if (partition !== null && !(partition >= 0 && partition < numPartitions)) {
      throw noSuchPartition(topic, partition, numPartitions);
    }
    const isKeyless = partition === null && key === null;
    let lane = this.#lane(
      partition ?? (key === null ? this.#keylessPartition : partitionOf(key, numPartitions)),
    );
    let builder = lane.batches.at(-1)?.builder;
    if (builder === undefined || builder.isFullFor(key, value, headers)) {
      if (isKeyless && builder !== undefined) {
        this.#keylessPartition = (this.#keylessPartition + 1) % numPartitions;
        lane = this.#lane(this.#keylessPartition);
      }
      builder = new RecordBatchBuilder(Math.min(DEFAULT_BATCH_BYTES, maxMessageBytes));
      lane.batches.push({ builder, firstKey: key?.slice() ?? null });
    }
    const before = builder.byteLength;
    builder.append(record);
    this.#collectedBytes += builder.byteLength - before;
  }

  /** Waits until what was sent before has arrived, and sends what was collected since. */
  async send(): Promise<void> {
    await this.#sending;
    const lanes = [...this.#lanes.values()];
    this.#lanes = new Map();
    this.#collectedBytes = 0;
    this.#sending = this.#deliver(lanes);
    // Whoever sends next, or finishes, gets the error.
    this.#sending.catch(() => {});
  }

  /**
   * Sends the rest and waits until all of it has arrived.
   *
   * @throws {SluiceError} `RECORD_TOO_LARGE`, and what `TransactionalProducer.write` throws.
   */
  async finish(): Promise<void> {
    await this.send();
    await this.#sending;
    this.#keylessPartition = (this.#keylessPartition + 1) % this.#options.numPartitions;
  }

  #lane(partition: number): Lane {
    let lane = this.#lanes.get(partition);
    if (lane === undefined) {
      lane = { partition, batches: [] };
      this.#lanes.set(partition, lane);
    }
    return lane;
  }

  async #deliver(lanes: readonly Lane[]): Promise<void> {
    const { topic } = this.#options;
    const fresh = lanes.map(({ partition }) => partition).filter((each) => !this.#added.has(each));
    if (fresh.length > 0) await this.#producer.addPartitions(topic, fresh);
    for (const partition of fresh) this.#added.add(partition);
    const deliveries = await Promise.allSettled(lanes.map(async ({ partition, batches }) => {
      for (const batch of batches) await this.#write(partition, batch);
    }));
    // All have ended: nothing is written any more when the transaction is taken back.
    for (const delivery of deliveries) if (delivery.status === "rejected") throw delivery.reason;
  }

  async #write(partition: number, { builder, firstKey }: RecordBatch): Promise<void> {
    const { topic, compression, maxMessageBytes } = this.#options;
    try {
      await this.#producer.write(topic, partition, builder, compression);
    } catch (error) {
      if (!(error instanceof SluiceError && error.code === "RECORD_TOO_LARGE")) throw error;
      const key = describeValue(firstKey === null ? null : decoder.decode(firstKey));
      throw new SluiceError(error.code, {
        ...error.details,
        where: `the record with key ${key}`,
        wanted: `at most ${maxMessageBytes}, the topic's max.message.bytes`,
        cause: error,
      });
    }
  }
}

function noSuchPartition(topic: string, partition: number, numPartitions: number): SluiceError {
  return new SluiceError("PARTITION_NOT_FOUND", {
    attempted: `write to topic "${topic}"`,
    found: `a row for partition ${partition}`,
    wanted: `0 to ${numPartitions - 1}`,
  });
}
