import { errorText, isRetryable, SluiceError, systemClock } from "../core/mod.ts";
import { abortable } from "./abort.ts";
import { type Api, BrokerConnection } from "./connection.ts";
import { type ClusterMetadata, fetchMetadata, type TopicMetadata } from "./metadata.ts";
import { type BrokerAddress, formatAddress, type ResolvedConnection } from "./options.ts";
import { ErrorCode, errorCodeName, isRetriableCode } from "./protocol_errors.ts";
import { RequestWriter } from "./wire.ts";

const QUICK_MS = 1_500;
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;
const FIND_COORDINATOR: Api = { name: "FindCoordinator", key: 10, version: 1, flexible: false };

/** What a coordinator coordinates. */
export type CoordinatorKind = "group" | "transaction";

/** Connections to the brokers of one cluster, opened when needed. */
export class KafkaClient {
  /** The options, defaults filled in. */
  readonly options: ResolvedConnection;
  readonly #connections = new Map<string, Promise<BrokerConnection>>();
  readonly #closed = new AbortController();
  #brokers: ReadonlyMap<number, BrokerAddress> = new Map();

  /** Does not connect yet. */
  constructor(options: ResolvedConnection) {
    this.options = options;
  }

  /** The brokers given, for a message. */
  get brokerNames(): string {
    return this.options.brokers.map(formatAddress).join(", ");
  }

  /**
   * Asks the cluster about some topics, or with `undefined` about all.
   *
   * @throws {SluiceError} `KAFKA_UNAVAILABLE`, retryable, if no broker answers.
   */
  async metadata(topics: readonly string[] | undefined): Promise<ClusterMetadata> {
    const metadata = await this.#askAny((connection) => fetchMetadata(connection, topics));
    this.#brokers = metadata.brokers;
    return metadata;
  }

  /**
   * Asks the cluster about a topic that must be there.
   *
   * @throws {SluiceError} `TOPIC_NOT_FOUND`, `KAFKA_REFUSED`, or retryable `KAFKA_UNAVAILABLE`.
   */
  async topic(topic: string): Promise<TopicMetadata> {
    return (await this.topics([topic]))[0]!;
  }

  /** Like `topic`, for several at once; in the order of their names as given. */
  async topics(names: readonly string[]): Promise<TopicMetadata[]> {
    const found = await this.topicsIfPresent(names);
    const missing = names.find((name) => !found.some(({ topic }) => topic === name));
    if (missing === undefined) return found;
    throw await this.#topicNotFound(missing);
  }

  /** Like `topics`, without those that are not there. */
  async topicsIfPresent(names: readonly string[]): Promise<TopicMetadata[]> {
    const { topics } = await this.metadata(names);
    const found = topics.filter(({ errorCode }) =>
      errorCode !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    );
    for (const { topic, errorCode } of found) {
      if (errorCode === ErrorCode.NONE) continue;
      throw refused(`look up topic "${topic}"`, this.brokerNames, errorCode);
    }
    return found.sort((a, b) => names.indexOf(a.topic) - names.indexOf(b.topic));
  }

  /** The connection to a node of the metadata last fetched. */
  node(nodeId: number): Promise<BrokerConnection> {
    const address = this.#brokers.get(nodeId);
    if (address !== undefined) return this.#connectionTo(address);
    return Promise.reject(
      new SluiceError("KAFKA_UNAVAILABLE", {
        attempted: "find a broker",
        where: this.brokerNames,
        found: nodeId < 0 ? "a partition without a leader" : `no broker with node id ${nodeId}`,
        hint: "the cluster may be electing a leader; check that all its brokers run",
        retryable: true,
      }),
    );
  }

  /** The connection to the coordinator of a consumer group or a transactional id. */
  async coordinator(kind: CoordinatorKind, key: string): Promise<BrokerConnection> {
    const request = new RequestWriter(false).string(key).int8(kind === "group" ? 0 : 1);
    const response = await this.#askAny((connection) => connection.send(FIND_COORDINATOR, request));
    response.int32();
    const errorCode = response.int16();
    response.string();
    response.int32();
    const host = response.string() ?? "";
    const port = response.int32();
    if (errorCode === ErrorCode.NONE) return await this.#connectionTo({ host, port });
    throw refused(`find the ${kind} coordinator of "${key}"`, this.brokerNames, errorCode);
  }

  /** Aborts when the client is closed. */
  get closedSignal(): AbortSignal {
    return this.#closed.signal;
  }

  /**
   * Calls a function, and again for about a second and a half while its error is `retryable`:
   * enough for a leader that moves, not for a broker that is away.
   */
  quickly<T>(call: () => Promise<T>, signal: AbortSignal = this.#closed.signal): Promise<T> {
    return this.#repeatedly(call, signal, QUICK_MS);
  }

  /** Like `quickly`, but for as long as a request may take: enough for a coordinator that loads. */
  patiently<T>(call: () => Promise<T>): Promise<T> {
    return this.#repeatedly(call, this.#closed.signal, this.options.requestTimeoutMs);
  }

  /** Ends all connections at once; calls that wait fail. */
  close(): void {
    this.#closed.abort(
      new SluiceError("CLOSED", { attempted: "use Kafka", found: "a connection closed here" }),
    );
    for (const connection of this.#connections.values()) {
      connection.then((opened) => opened.close(), () => {});
    }
    this.#connections.clear();
  }

  /** Calls a function with a connection to any broker: the first that answers. */
  async #askAny<T>(call: (connection: BrokerConnection) => Promise<T>): Promise<T> {
    const addresses = new Map<string, BrokerAddress>();
    for (const address of [...this.#brokers.values(), ...this.options.brokers]) {
      addresses.set(formatAddress(address), address);
    }
    let failure: unknown;
    for (const address of addresses.values()) {
      try {
        return await call(await this.#connectionTo(address));
      } catch (error) {
        if (!isRetryable(error) || this.#closed.signal.aborted) throw error;
        failure ??= error;
      }
    }
    throw new SluiceError("KAFKA_UNAVAILABLE", {
      attempted: "connect to Kafka",
      where: [...addresses.keys()].join(", "),
      found: causeText(failure),
      hint: "check that a broker runs there and that KAFKA_BROKERS is right; " +
        "`deno task stack:up` starts a local Kafka",
      retryable: true,
      cause: failure,
    });
  }

  async #repeatedly<T>(
    call: () => Promise<T>,
    signal: AbortSignal,
    withinMs: number,
  ): Promise<T> {
    const deadlineMs = Date.now() + withinMs;
    for (let pauseMs = FIRST_PAUSE_MS;; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      try {
        return await abortable(call(), signal);
      } catch (error) {
        const over = Date.now() + pauseMs > deadlineMs || this.#closed.signal.aborted;
        if (!isRetryable(error) || over) throw error;
        await systemClock.sleep(pauseMs, signal);
      }
    }
  }

  async #connectionTo(address: BrokerAddress): Promise<BrokerConnection> {
    this.#closed.signal.throwIfAborted();
    const key = formatAddress(address);
    const known = this.#connections.get(key);
    if (known !== undefined) {
      const connection = await known.catch(() => undefined);
      if (connection?.usable) return connection;
      if (this.#connections.get(key) === known) this.#connections.delete(key);
      return this.#connectionTo(address);
    }
    const opening = BrokerConnection.open(address, this.options);
    this.#connections.set(key, opening);
    try {
      return await opening;
    } catch (error) {
      if (this.#connections.get(key) === opening) this.#connections.delete(key);
      throw error;
    }
  }

  async #topicNotFound(topic: string): Promise<SluiceError> {
    const { topics } = await this.metadata(undefined);
    const names = topics.map((found) => found.topic).filter((name) => !name.startsWith("__"));
    const listed = names.sort().slice(0, 10).join(", ") + (names.length > 10 ? ", …" : "");
    return new SluiceError("TOPIC_NOT_FOUND", {
      attempted: `use topic "${topic}"`,
      where: this.brokerNames,
      found: names.length === 0 ? "no topics" : `topics ${listed}`,
      hint: `create it with createTopicIfAbsent, or with kafka-topics.sh --create --topic ${topic}`,
    });
  }
}

/** The error for an error code that a broker answered with. */
export function refused(attempted: string, where: string, errorCode: number): SluiceError {
  return new SluiceError("KAFKA_REFUSED", {
    attempted,
    where,
    found: errorCodeName(errorCode),
    retryable: isRetriableCode(errorCode),
  });
}

function causeText(error: unknown): string {
  return error instanceof SluiceError ? error.details.found ?? error.message : errorText(error);
}
