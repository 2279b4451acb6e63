import {
  badOption,
  type BatchLimits,
  batchLimits,
  type Offsets,
  type RangeReader,
  type ReadOptions,
  refuseUnknownOptions,
  type Source,
} from "../core/mod.ts";
import { KafkaClient } from "./client.ts";
import { commitGroupOffsets } from "./group_offsets.ts";
import { type IsolationLevel, listOffsets } from "./list_offsets.ts";
import { CONNECTION_OPTIONS, type KafkaConnection, resolveConnection } from "./options.ts";
import { KafkaRangeReader } from "./range_reader.ts";

const ATTEMPTED = "read from Kafka";

/** What `kafka` reads. */
export interface KafkaOptions extends KafkaConnection, BatchLimits {
  /** The topic; all its partitions are read, new ones too. */
  readonly topic: string;
  /** Where a new query begins; default `earliest`. A query with a checkpoint goes on from there. */
  readonly startingOffsets?: "earliest" | "latest";
  /** The consumer group under which progress is shown to lag tools; default: none. */
  readonly groupId?: string;
  /**
   * What happens when planned records are gone: `true` (the default) stops the query, `false` goes
   * on with the first record still there.
   */
  readonly failOnDataLoss?: boolean;
  /** Whether records of open and aborted transactions are read; default `read_committed`: no. */
  readonly isolationLevel?: IsolationLevel;
}

const KNOWN_OPTIONS = [
  "topic",
  "startingOffsets",
  "groupId",
  "failOnDataLoss",
  "isolationLevel",
  "maxOffsetsPerTrigger",
  "maxBytesPerTrigger",
  ...CONNECTION_OPTIONS,
];

/**
 * Reads a Kafka topic.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION` or `KAFKA_BROKERS_MISSING` at once; from its
 * methods `TOPIC_NOT_FOUND`, `KAFKA_UNAVAILABLE` (retryable), `KAFKA_REFUSED`,
 * `KAFKA_AUTHENTICATION_FAILED`, `DATA_LOSS` if planned records are gone and `CORRUPT_RECORDS`.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { kafka } from "./source.ts";
 *
 * const source = kafka({ topic: "trades", brokers: ["127.0.0.1:9092"] });
 * equal(source.description, "KafkaV2[Subscribe[trades]]");
 * await source.close();
 * ```
 */
export function kafka(options: KafkaOptions): Source {
  refuseUnknownOptions(ATTEMPTED, options, KNOWN_OPTIONS);
  oneOf("startingOffsets", options.startingOffsets, ["earliest", "latest"]);
  const limits = batchLimits(ATTEMPTED, options);
  oneOf("isolationLevel", options.isolationLevel, ["read_committed", "read_uncommitted"]);
  if (typeof options.topic !== "string" || options.topic === "") {
    throw badOption(ATTEMPTED, "topic", String(options.topic), "the name of a topic");
  }
  return new KafkaSource(options, limits);
}

class KafkaSource implements Source {
  readonly description: string;
  readonly failOnDataLoss: boolean;
  readonly limits: BatchLimits;
  readonly #topic: string;
  readonly #options: KafkaOptions;
  readonly #client: KafkaClient;
  readonly #isolationLevel: IsolationLevel;

  constructor(options: KafkaOptions, limits: BatchLimits) {
    this.description = `KafkaV2[Subscribe[${options.topic}]]`;
    this.failOnDataLoss = options.failOnDataLoss ?? true;
    this.limits = limits;
    this.#topic = options.topic;
    this.#options = options;
    this.#client = new KafkaClient(resolveConnection(options));
    this.#isolationLevel = options.isolationLevel ?? "read_committed";
  }

  async identities(signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const { topicId } = await this.#client.quickly(() => this.#client.topic(this.#topic), signal);
    return topicId === undefined ? {} : { [this.#topic]: topicId };
  }

  initialOffsets(signal: AbortSignal): Promise<Offsets> {
    return this.#list(this.#options.startingOffsets ?? "earliest", signal);
  }

  earliestOffsets(signal: AbortSignal): Promise<Offsets> {
    return this.#list("earliest", signal);
  }

  latestOffsets(signal: AbortSignal): Promise<Offsets> {
    return this.#list("latest", signal);
  }

  logEndOffsets(signal: AbortSignal): Promise<Offsets> {
    return this.#list("latest", signal, "read_uncommitted");
  }

  read(start: Offsets, end: Offsets, options: ReadOptions): RangeReader {
    return new KafkaRangeReader(this.#client, start, end, {
      isolationLevel: this.#isolationLevel,
      failOnDataLoss: this.failOnDataLoss,
    }, options);
  }

  async publishProgress(offsets: Offsets): Promise<void> {
    const { groupId } = this.#options;
    if (groupId === undefined) return;
    // Nothing depends on it: the checkpoint says where the query is.
    await this.#client.quickly(() => commitGroupOffsets(this.#client, groupId, offsets))
      .catch(() => {});
  }

  close(): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }

  // Fresh metadata every time, so that partitions added to the topic are found.
  #list(
    which: "earliest" | "latest",
    signal: AbortSignal,
    isolationLevel: IsolationLevel = this.#isolationLevel,
  ): Promise<Offsets> {
    return this.#client.quickly(async () => {
      const topic = await this.#client.topic(this.#topic);
      return await listOffsets(this.#client, topic, which, isolationLevel);
    }, signal);
  }
}

function oneOf(name: string, value: string | undefined, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value)) return;
  throw badOption(
    ATTEMPTED,
    name,
    JSON.stringify(value),
    allowed.map((one) => `"${one}"`).join(" or "),
  );
}
