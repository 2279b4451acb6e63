import {
  type Batch,
  type MicroBatch,
  type SinkContext,
  type SinkWriter,
  SluiceError,
  type StagedBatch,
} from "../../core/mod.ts";
import type { KafkaClient } from "../client.ts";
import type { Compression } from "../compression.ts";
import type { TransactionalProducer } from "../transaction.ts";
import { BatchRecords } from "./batch_records.ts";
import { BatchTransactions } from "./batch_transactions.ts";
import { PartitionedRecords } from "./partitioned_records.ts";
import type { RecordColumns } from "./record_columns.ts";

/** So often the key of a quiet query is stored again; brokers keep it for a week. */
const REFRESH_INTERVAL_MS = 24 * 60 * 60 * 1000;

/** What is written to, and how. */
export interface KafkaTarget {
  readonly topic: string;
  readonly topicId: string | undefined;
  readonly columns: RecordColumns;
  readonly compression: Compression;
  readonly maxMessageBytes: number;
}

/**
 * Writes the batches of one run of a query. Every batch stores its key, one without rows too, so that
 * it can be told which the topic has.
 */
export class KafkaSinkWriter implements SinkWriter {
  /** The topic's id. */
  readonly topicId: string | undefined;
  readonly #client: KafkaClient;
  readonly #target: KafkaTarget;
  readonly #context: SinkContext;
  readonly #transactions: BatchTransactions;
  #keylessPartition = 0;
  #refreshTimer: ReturnType<typeof setInterval> | undefined;

  /** Use the sink's `open`. */
  constructor(client: KafkaClient, target: KafkaTarget, context: SinkContext) {
    this.topicId = target.topicId;
    this.#client = client;
    this.#target = target;
    this.#context = context;
    const { queryId, onNotice } = context;
    this.#transactions = new BatchTransactions(client, { queryId, topic: target.topic, onNotice });
  }

  /** Fences earlier runs and looks what is there. */
  async init(): Promise<void> {
    await this.#transactions.init();
    await this.#transactions.refresh();
    this.#refreshTimer = setInterval(() => this.#transactions.refresh(), REFRESH_INTERVAL_MS);
    this.#refreshTimer.unref();
  }

  /** The newest batch whose key is there; `undefined` if there is none or the broker forgot it. */
  lastBatchId(): Promise<number | undefined> {
    return Promise.resolve(this.#transactions.heldBatchId);
  }

  /** Writes a batch into a transaction that only has to be committed. */
  async stage(microBatch: MicroBatch): Promise<StagedBatch> {
    const { batchId, batch, deletes } = microBatch;
    const numOutputRows = batch.numRows + (deletes?.numRows ?? 0);
    return await this.#transactions.stage(
      batchId,
      numOutputRows,
      (producer) => numOutputRows === 0 ? Promise.resolve() : this.#write(producer, microBatch),
    );
  }

  /** Ends connections. */
  close(): Promise<void> {
    clearInterval(this.#refreshTimer);
    this.#client.close();
    return Promise.resolve();
  }

  async #write(producer: TransactionalProducer, { batch, deletes }: MicroBatch): Promise<void> {
    const { topic, compression, maxMessageBytes } = this.#target;
    const { partitions, topicId } = await this.#client.quickly(() => this.#client.topic(topic));
    if (topicId !== this.topicId) throw this.#recreated(topicId);
    const records = new PartitionedRecords(producer, {
      topic,
      numPartitions: partitions.length,
      compression,
      maxMessageBytes,
      keylessPartition: this.#keylessPartition % partitions.length,
    });
    const nowMs = Date.now();
    await this.#add(records, batch, nowMs, false);
    if (deletes !== undefined) await this.#add(records, deletes, nowMs, true);
    await records.finish();
    this.#keylessPartition = records.keylessPartition;
  }

  async #add(
    records: PartitionedRecords,
    batch: Batch,
    nowMs: number,
    isTombstone: boolean,
  ): Promise<void> {
    const needsKey = this.#context.outputMode === "update";
    const rows = new BatchRecords(this.#target.columns, batch, nowMs);
    for (let row = 0; row < batch.numRows; row++) {
      const record = rows.record(row, isTombstone);
      if (needsKey && record.key === null) throw this.#keyMissing();
      records.add(record, rows.partition(row));
      if (records.isFull) await records.send();
    }
  }

  #recreated(topicId: string | undefined): SluiceError {
    return new SluiceError("TOPIC_RECREATED", {
      attempted: `write to Kafka topic "${this.#target.topic}"`,
      found: `topic id ${topicId}`,
      wanted: `${this.topicId}, as when the query started`,
      hint:
        "the topic was deleted and made anew, without the batches before: fill it with a query " +
        "of its own, from an empty checkpointLocation",
    });
  }

  #keyMissing(): SluiceError {
    const key = this.#target.columns.key.join(", ");
    return new SluiceError("KEY_MISSING", {
      attempted: `write to Kafka topic "${this.#target.topic}"`,
      found: `a row whose key (${key}) is null`,
      wanted: "a key for each row in update mode, or it could not be changed later",
      hint: "leave such rows out with where, or name two columns as key: then it is JSON",
    });
  }
}
