import {
  type DeadLetter,
  type MicroBatch,
  nothingStaged,
  type RecordHeader,
  refuseUnknownOptions,
  type Sink,
  type SinkContext,
  type SinkWriter,
  type StagedBatch,
} from "../../core/mod.ts";
import { createTopic } from "../admin/topics.ts";
import { KafkaClient } from "../client.ts";
import { BatchTransactions } from "./batch_transactions.ts";
import { newestBatchInTopic } from "./newest_batch_in_topic.ts";
import { CONNECTION_OPTIONS, type KafkaConnection, resolveConnection } from "../options.ts";
import { RecordBatchBuilder } from "../record_batch_builder.ts";
import type { TransactionalProducer } from "../transaction.ts";

// A letter is a little longer than its record, which may be as long as a topic takes by default.
const MAX_MESSAGE_BYTES = 2 << 20;
const TOPIC_CONFIG = { "max.message.bytes": String(MAX_MESSAGE_BYTES) };
/** A longer value stays where it came from, lest it stop the stream; what is left is for the rest. */
const MAX_VALUE_BYTES = MAX_MESSAGE_BYTES - (256 << 10);
const encoder = new TextEncoder();

/** Where dead letters go. */
export interface DeadLetterTopicOptions extends KafkaConnection {
  /** The topic; made with one partition if there is none. */
  readonly topic: string;
}

/**
 * Keeps dead letters in a Kafka topic, each once: key, value and headers as they came, and headers
 * `sluice.error`, `sluice.topic`, `sluice.partition`, `sluice.offset`, `sluice.timestamp`,
 * `sluice.queryId` and `sluice.batchId`. Readers need `read_committed`.
 * A value of more than 1.75 MiB is left out, and `sluice.valueBytes` says how long it is.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `KAFKA_BROKERS_MISSING`.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { deadLetterTopic } from "./dead_letter_topic.ts";
 *
 * const sink = deadLetterTopic({ topic: "trades.dead", brokers: ["127.0.0.1:9092"] });
 * equal(sink.name, "kafka(trades.dead)");
 * ```
 */
export function deadLetterTopic(options: DeadLetterTopicOptions): Sink {
  refuseUnknownOptions("write dead letters to Kafka", options, ["topic", ...CONNECTION_OPTIONS]);
  const { topic, ...connection } = options;
  const resolved = resolveConnection(connection);
  return {
    name: `kafka(${topic})`,
    takesDeadLetters: true,
    outputModes: ["append", "update", "complete"],
    async open(context: SinkContext): Promise<SinkWriter> {
      const client = new KafkaClient(resolved);
      try {
        await createTopic(client, { topic, numPartitions: 1, configEntries: TOPIC_CONFIG });
        const { topicId } = await client.patiently(() => client.topic(topic));
        const writer = new DeadLetterWriter(client, topic, topicId, context.queryId);
        await writer.init();
        return writer;
      } catch (error) {
        client.close();
        throw error;
      }
    },
  };
}

/** A batch without letters leaves no trace: it has no letter that could be there twice. */
class DeadLetterWriter implements SinkWriter {
  readonly topicId: string | undefined;
  readonly #client: KafkaClient;
  readonly #topic: string;
  readonly #queryId: string;
  readonly #transactions: BatchTransactions;

  constructor(client: KafkaClient, topic: string, topicId: string | undefined, queryId: string) {
    this.topicId = topicId;
    this.#client = client;
    this.#topic = topic;
    this.#queryId = queryId;
    this.#transactions = new BatchTransactions(client, {
      queryId,
      topic,
      // The letters tell as well.
      findHeldBatchId: () => newestBatchInTopic(client, topic, queryId),
    });
  }

  /** Fences earlier runs and looks what is there. */
  init(): Promise<void> {
    return this.#transactions.init();
  }

  /** Cannot tell: of batches without letters nothing is kept. */
  lastBatchId(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async stage({ batchId, deadLetters }: MicroBatch): Promise<StagedBatch> {
    const numOutputRows = deadLetters.length;
    if (numOutputRows === 0) return nothingStaged({ status: "committed", numOutputRows });
    return await this.#transactions.stage(
      batchId,
      numOutputRows,
      (producer) => this.#write(producer, batchId, deadLetters),
    );
  }

  close(): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }

  async #write(
    producer: TransactionalProducer,
    batchId: number,
    deadLetters: readonly DeadLetter[],
  ): Promise<void> {
    await producer.addPartitions(this.#topic, [0]);
    let builder = new RecordBatchBuilder();
    // Not the record's own time: retention would count from it.
    const timestampMs = Date.now();
    for (const letter of deadLetters) {
      const { key } = letter;
      const value = isTooLong(letter) ? null : letter.value;
      const headers = this.#headers(batchId, letter);
      if (builder.isFullFor(key, value, headers)) {
        await producer.write(this.#topic, 0, builder);
        builder = new RecordBatchBuilder();
      }
      builder.append({ key, value, headers, timestampMs });
    }
    await producer.write(this.#topic, 0, builder);
  }

  #headers(batchId: number, letter: DeadLetter): RecordHeader[] {
    const added = {
      "sluice.error": letter.error,
      "sluice.topic": letter.topic,
      "sluice.partition": letter.partition,
      "sluice.offset": letter.offset,
      "sluice.timestamp": letter.timestampMs,
      "sluice.queryId": this.#queryId,
      "sluice.batchId": batchId,
      ...(isTooLong(letter) ? { "sluice.valueBytes": letter.value!.length } : {}),
    };
    return [
      ...letter.headers,
      ...Object.entries(added).map(([key, value]) => ({
        key,
        value: encoder.encode(String(value)),
      })),
    ];
  }
}

function isTooLong({ value }: DeadLetter): boolean {
  return value !== null && value.length > MAX_VALUE_BYTES;
}
