import {
  type DeadLetter,
  failpoint,
  type MicroBatch,
  nothingStaged,
  type RecordHeader,
  refuseUnknownOptions,
  type Sink,
  type SinkContext,
  type SinkWriter,
  SluiceError,
  type StagedBatch,
} from "../core/mod.ts";
import { createTopic } from "./admin.ts";
import { KafkaClient } from "./client.ts";
import { fetchGroupOffset } from "./group_offsets.ts";
import { newestBatchInTopic } from "./newest_batch_in_topic.ts";
import { CONNECTION_OPTIONS, type KafkaConnection, resolveConnection } from "./options.ts";
import { RecordBatchBuilder } from "./record_batch_builder.ts";
import { TransactionalProducer } from "./transaction.ts";

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

/**
 * The key `(queryId, batchId)` is the offset `batchId + 1` of consumer group `sluice-<queryId>`,
 * stored in the same transaction as the batch's letters. A batch without letters leaves no trace:
 * it has no letter that could be there twice.
 */
class DeadLetterWriter implements SinkWriter {
  readonly topicId: string | undefined;
  readonly #client: KafkaClient;
  readonly #topic: string;
  readonly #queryId: string;
  readonly #groupId: string;
  readonly #producer: TransactionalProducer;
  /** The newest batch with letters that is there; -1 for none. */
  #heldBatchId = -1;
  /** The batch whose commit this run sent. */
  #sentBatchId = -1;
  /** False when a transaction of ours may be open or undecided. */
  #settled = false;

  constructor(client: KafkaClient, topic: string, topicId: string | undefined, queryId: string) {
    this.topicId = topicId;
    this.#client = client;
    this.#topic = topic;
    this.#queryId = queryId;
    this.#groupId = `sluice-${queryId}`;
    this.#producer = new TransactionalProducer(client, `sluice-${queryId}-${topic}`);
  }

  /** Ends what was left open, by us or by an earlier run, and then looks what is there. */
  async init(): Promise<void> {
    await this.#producer.init();
    const stored = await this.#client.patiently(() =>
      fetchGroupOffset(this.#client, this.#groupId, this.#topic, 0)
    );
    // Brokers forget the offsets of a group that is quiet for a week; the letters tell as well.
    this.#heldBatchId = stored === undefined
      ? await newestBatchInTopic(this.#client, this.#topic, this.#queryId)
      : Number(stored) - 1;
    this.#settled = true;
  }

  /** Cannot tell: of batches without letters nothing is kept. */
  lastBatchId(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async stage({ batchId, deadLetters }: MicroBatch): Promise<StagedBatch> {
    const numOutputRows = deadLetters.length;
    if (numOutputRows === 0) return nothingStaged({ status: "committed", numOutputRows });
    if (!this.#settled) await this.init();
    if (this.#heldBatchId > batchId) throw this.#ahead(batchId);
    if (this.#heldBatchId === batchId) {
      return nothingStaged(
        this.#sentBatchId === batchId
          ? { status: "committed", numOutputRows }
          : { status: "alreadyCommitted" },
      );
    }
    this.#settled = false;
    try {
      await this.#write(batchId, deadLetters);
    } catch (error) {
      await this.#abort();
      throw error;
    }
    return {
      commit: async () => {
        await failpoint("kafka:staged");
        this.#sentBatchId = batchId;
        // The commit point: before it, a crash leaves the letters invisible and the next run aborts
        // them; after it, they and the key are there for good.
        await this.#producer.end(true);
        await failpoint("kafka:committed");
        this.#heldBatchId = batchId;
        this.#settled = true;
        return { status: "committed", numOutputRows };
      },
      abort: () => this.#abort(),
    };
  }

  close(): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }

  async #write(batchId: number, deadLetters: readonly DeadLetter[]): Promise<void> {
    await this.#producer.addPartitions(this.#topic, [0]);
    let builder = new RecordBatchBuilder();
    // Not the record's own time: retention would count from it.
    const timestampMs = Date.now();
    for (const letter of deadLetters) {
      const { key } = letter;
      const value = isTooLong(letter) ? null : letter.value;
      if (builder.isFullFor(key, value)) {
        await this.#producer.write(this.#topic, 0, builder);
        builder = new RecordBatchBuilder();
      }
      builder.append({ key, value, headers: this.#headers(batchId, letter), timestampMs });
    }
    await this.#producer.write(this.#topic, 0, builder);
    await this.#producer.addGroupOffset(this.#groupId, this.#topic, 0, BigInt(batchId) + 1n);
  }

  /** Takes the open transaction back, so that readers need not wait for the next `init` to do it. */
  async #abort(): Promise<void> {
    // It stays unsettled: of a write that failed, nobody knows which sequence numbers it used.
    await this.#producer.end(false).catch(() => {});
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

  #ahead(batchId: number): SluiceError {
    return new SluiceError("SINK_AHEAD", {
      attempted: `write dead letters of batch ${batchId}`,
      where: `topic "${this.#topic}", consumer group "${this.#groupId}"`,
      found: `batch ${this.#heldBatchId}`,
      wanted: `at most batch ${batchId}`,
      hint: "the checkpoint is older than the topic: restore the newer one, or begin a new query " +
        "with an empty checkpointLocation",
    });
  }
}

function isTooLong({ value }: DeadLetter): boolean {
  return value !== null && value.length > MAX_VALUE_BYTES;
}
