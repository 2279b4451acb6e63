import {
  badOption,
  type BatchLimits,
  batchLimits,
  type Offsets,
  type RangeReader,
  type ReadOptions,
  refuseUnknownOptions,
  type Source,
} from "../../core/mod.ts";
import { KafkaClient } from "../client.ts";
import { commitGroupOffsets } from "../group_offsets.ts";
import { type IsolationLevel, listOffsets } from "../list_offsets.ts";
import { CONNECTION_OPTIONS, type KafkaConnection, resolveConnection } from "../options.ts";
import {
  type ConsumerStrategy,
  consumerStrategy,
  type KafkaSubscription,
  SUBSCRIPTION_OPTIONS,
} from "./consumer_strategy.ts";
import {
  type EndingOptions,
  OFFSET_OPTIONS,
  type OffsetRangeLimits,
  offsetRangeLimits,
  refuseStartAfterEnd,
  type StartingOptions,
} from "./offset_range_limit.ts";
import { KafkaRangeReader } from "./range_reader.ts";
import { type Resolution, resolveEnd, resolveStart } from "./resolve_offsets.ts";

const ATTEMPTED = "read from Kafka";

/**
 * What `kafka` reads. Where to begin counts for a new query; one with a checkpoint goes on from
 * there. Partitions, and topics of a pattern, that are added later are read from their beginning.
 */
export interface KafkaOptions
  extends KafkaConnection, BatchLimits, KafkaSubscription, StartingOptions, EndingOptions {
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
  ...SUBSCRIPTION_OPTIONS,
  ...OFFSET_OPTIONS,
  "groupId",
  "failOnDataLoss",
  "isolationLevel",
  "maxOffsetsPerTrigger",
  "maxBytesPerTrigger",
  ...CONNECTION_OPTIONS,
];

/**
 * Reads Kafka topics. With an end it is bounded: the query ends when it has read all before it.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION` or `KAFKA_BROKERS_MISSING` at once; from its
 * methods `TOPIC_NOT_FOUND`, `PARTITION_NOT_FOUND`, `BAD_OPTION` for offsets by partition that do not
 * fit the topics, `KAFKA_UNAVAILABLE` (retryable), `KAFKA_REFUSED`, `KAFKA_AUTHENTICATION_FAILED`,
 * `DATA_LOSS` if planned records are gone and `CORRUPT_RECORDS`.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { kafka } from "./kafka_source.ts";
 *
 * const brokers = ["127.0.0.1:9092"];
 * const trades = kafka({ brokers, topic: "trades", startingTimestamp: "2026-01-01T00:00:00Z" });
 * const all = kafka({ brokers, topicPattern: "^trades\\.", endingOffsets: "latest" });
 * equal(trades.description, "KafkaV2[Subscribe[trades]]");
 * equal(all.description, "KafkaV2[SubscribePattern[^trades\\.]]");
 * equal(all.isBounded, true);
 * await Promise.all([trades.close(), all.close()]);
 * ```
 */
export function kafka(options: KafkaOptions): Source {
  refuseUnknownOptions(ATTEMPTED, options, KNOWN_OPTIONS);
  const strategy = consumerStrategy(options);
  const rangeLimits = offsetRangeLimits(options);
  oneOf("startingOffsetsByTimestampStrategy", options, ["error", "latest"]);
  oneOf("isolationLevel", options, ["read_committed", "read_uncommitted"]);
  return new KafkaSource(options, strategy, rangeLimits, batchLimits(ATTEMPTED, options));
}

class KafkaSource implements Source {
  readonly description: string;
  readonly failOnDataLoss: boolean;
  readonly limits: BatchLimits;
  readonly isBounded: boolean;
  readonly #options: KafkaOptions;
  readonly #strategy: ConsumerStrategy;
  readonly #rangeLimits: OffsetRangeLimits;
  #client: KafkaClient;
  readonly #isolationLevel: IsolationLevel;
  /** Where a bounded source ends, once that is known: it stays the same then. */
  #end: Offsets | undefined;

  constructor(
    options: KafkaOptions,
    strategy: ConsumerStrategy,
    rangeLimits: OffsetRangeLimits,
    limits: BatchLimits,
  ) {
    this.description = `KafkaV2[${strategy.description}]`;
    this.failOnDataLoss = options.failOnDataLoss ?? true;
    this.limits = limits;
    this.isBounded = rangeLimits.ending !== undefined;
    this.#options = options;
    this.#strategy = strategy;
    this.#rangeLimits = rangeLimits;
    this.#client = new KafkaClient(resolveConnection(options));
    this.#isolationLevel = options.isolationLevel ?? "read_committed";
  }

  async identities(signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const topics = await this.#client.quickly(() => this.#strategy.topics(this.#client), signal);
    return Object.fromEntries(
      topics.flatMap(({ topic, topicId }) => topicId === undefined ? [] : [[topic, topicId]]),
    );
  }

  initialOffsets(signal: AbortSignal): Promise<Offsets> {
    return this.#resolve(async (resolution) => {
      const start = await resolveStart(resolution, this.#rangeLimits.starting, {
        failOnDataLoss: this.failOnDataLoss,
        noMatch: this.#options.startingOffsetsByTimestampStrategy ?? "error",
      });
      const { ending } = this.#rangeLimits;
      if (ending !== undefined) {
        this.#end ??= await resolveEnd(resolution, ending);
        refuseStartAfterEnd(ending.option, start, this.#end);
      }
      return start;
    }, signal);
  }

  earliestOffsets(signal: AbortSignal): Promise<Offsets> {
    return this.#list("earliest", signal);
  }

  /** Of a bounded source always its end, even while a transaction that began before it is open. */
  async latestOffsets(signal: AbortSignal): Promise<Offsets> {
    const { ending } = this.#rangeLimits;
    if (ending === undefined) return await this.#list("latest", signal);
    return this.#end ??= await this.#resolve(
      (resolution) => resolveEnd(resolution, ending),
      signal,
    );
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

  /** Ends the connections; a pipeline that is started once more opens new ones. */
  close(): Promise<void> {
    this.#client.close();
    this.#client = new KafkaClient(resolveConnection(this.#options));
    this.#end = undefined;
    return Promise.resolve();
  }

  #list(
    which: "earliest" | "latest",
    signal: AbortSignal,
    isolationLevel: IsolationLevel = this.#isolationLevel,
  ): Promise<Offsets> {
    return this.#resolve(
      ({ client, topics }) => listOffsets(client, topics, which, isolationLevel),
      signal,
    );
  }

  // Fresh metadata every time, so that partitions and topics that were added are found.
  #resolve(
    call: (resolution: Resolution) => Promise<Offsets>,
    signal: AbortSignal,
  ): Promise<Offsets> {
    return this.#client.quickly(async () => {
      const topics = await this.#strategy.topics(this.#client);
      return await call({ client: this.#client, topics, isolationLevel: this.#isolationLevel });
    }, signal);
  }
}

function oneOf(
  name: "startingOffsetsByTimestampStrategy" | "isolationLevel",
  options: KafkaOptions,
  allowed: readonly string[],
): void {
  const value = options[name];
  if (value === undefined || allowed.includes(value)) return;
  const wanted = allowed.map((one) => `"${one}"`).join(" or ");
  throw badOption(ATTEMPTED, name, JSON.stringify(value), wanted);
}
