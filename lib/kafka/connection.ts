// All that is used of kafkajs for streaming: TCP, TLS, SASL and the pairing of requests with
// responses. None of it is public there, so nothing else imports these files. (The notebooks show
// consumer groups with its public client.)
import BrokerModule from "kafkajs/src/broker/index.js";
import ConnectionPoolModule from "kafkajs/src/network/connectionPool.js";
import RequestQueueModule from "kafkajs/src/network/requestQueue/index.js";
import socketFactory from "kafkajs/src/network/socketFactory.js";
import loggers from "kafkajs/src/loggers/index.js";
import { Buffer } from "node:buffer";
import { errorText, SluiceError } from "../core/mod.ts";
import { type BrokerAddress, formatAddress, type ResolvedConnection } from "./options.ts";
import { type RequestWriter, ResponseReader } from "./wire.ts";

const CONNECT_TIMEOUT_MS = 5_000;

/** A request's kind and version. */
export interface Api {
  readonly name: string;
  readonly key: number;
  readonly version: number;
  /** True from the version on that KIP-482 made flexible. */
  readonly flexible: boolean;
}

/** A connection to one broker; thrown away after its first failure. */
export class BrokerConnection {
  /** `host:port`. */
  readonly address: string;
  readonly #broker: KafkajsBroker;
  readonly #pool: KafkajsConnectionPool;
  #broken = false;

  private constructor(address: string, broker: KafkajsBroker, pool: KafkajsConnectionPool) {
    this.address = address;
    this.#broker = broker;
    this.#pool = pool;
  }

  /**
   * Connects and authenticates.
   *
   * @throws {SluiceError} `KAFKA_UNAVAILABLE`, retryable; `KAFKA_AUTHENTICATION_FAILED`.
   */
  static async open(
    address: BrokerAddress,
    options: ResolvedConnection,
  ): Promise<BrokerConnection> {
    const logger = loggers.createLogger({ level: 0, logCreator: () => () => {} });
    const pool = new ConnectionPool({
      ...address,
      logger,
      socketFactory: socketFactory(),
      clientId: options.clientId,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: options.requestTimeoutMs,
      enforceRequestTimeout: true,
      ssl: options.ssl === true ? {} : options.ssl || null,
      sasl: options.sasl ?? null,
    });
    const broker = new Broker({ connectionPool: pool, logger, allowAutoTopicCreation: false });
    const connection = new BrokerConnection(formatAddress(address), broker, pool);
    try {
      await broker.connect();
    } catch (error) {
      connection.close();
      throw translated("connect to Kafka", connection.address, error);
    }
    return connection;
  }

  /** False once a request failed for want of an answer, or after `close`. */
  get usable(): boolean {
    return !this.#broken;
  }

  /** True if the broker knows that version of that request. */
  supports(api: Api): boolean {
    const versions = this.#broker.versions?.[api.key];
    return versions !== undefined && versions.minVersion <= api.version &&
      api.version <= versions.maxVersion;
  }

  /**
   * Sends a request and waits for its response.
   *
   * @throws {SluiceError} `KAFKA_UNAVAILABLE`, retryable; `UNSUPPORTED_BROKER`.
   */
  async send(api: Api, body: RequestWriter): Promise<ResponseReader> {
    if (!this.supports(api)) {
      const versions = this.#broker.versions?.[api.key];
      throw new SluiceError("UNSUPPORTED_BROKER", {
        attempted: `send ${api.name} version ${api.version}`,
        where: this.address,
        found: versions === undefined
          ? "a broker without it"
          : `a broker with versions ${versions.minVersion} to ${versions.maxVersion}`,
        hint: "Kafka 2.5 or newer is needed",
      });
    }
    const bytes = body.bytes;
    let buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // Header version 2 is version 1, which kafkajs writes, plus tagged fields: none.
    if (api.flexible) buffer = Buffer.concat([Buffer.alloc(1), buffer]);
    let payload: Uint8Array;
    try {
      payload = await this.#pool.send({
        request: {
          apiKey: api.key,
          apiVersion: api.version,
          apiName: api.name,
          encode: () => ({ buf: buffer, buffer }),
        },
        response: {
          decode: (response: Uint8Array) => response,
          parse: (response: Uint8Array) => response,
        },
        logResponseError: false,
      });
    } catch (error) {
      // A half-read response stays in kafkajs's buffers: start afresh rather than reconnect.
      this.close();
      throw translated(`send ${api.name} to Kafka`, this.address, error);
    }
    const reader = new ResponseReader(payload, api.flexible);
    reader.end();
    return reader;
  }

  /** Ends the connection at once; requests without an answer fail. */
  close(): void {
    this.#broken = true;
    for (const connection of this.#pool.pool) {
      connection.rejectRequests(new Error("connection closed"));
      connection.requestQueue.destroy();
      connection.connectionStatus = "disconnected";
      connection.socket?.destroy();
    }
  }
}

interface KafkajsConnection {
  readonly requestQueue: { destroy(): void };
  readonly socket?: { destroy(): void };
  connectionStatus: string;
  rejectRequests(error: Error): void;
}

interface KafkajsConnectionPool {
  readonly pool: readonly KafkajsConnection[];
  send(request: object): Promise<Uint8Array>;
}

interface KafkajsBroker {
  readonly versions:
    | Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>
    | null;
  connect(): Promise<void>;
}

interface KafkajsRequestQueue {
  throttleCheckTimeoutId: ReturnType<typeof setTimeout> | null;
  readonly throttledUntil: number;
  readonly pending: readonly unknown[];
  checkPendingRequests(): void;
}

const Broker = BrokerModule as unknown as new (options: object) => KafkajsBroker;
const ConnectionPool = ConnectionPoolModule as unknown as new (
  options: object,
) => KafkajsConnectionPool;
const RequestQueue = RequestQueueModule as unknown as {
  prototype: { scheduleCheckPendingRequests(this: KafkajsRequestQueue): void };
};

// As written, kafkajs 2.2.4 sets a timer with a negative delay after every response, for ever.
RequestQueue.prototype.scheduleCheckPendingRequests = function () {
  if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
  const delayMs = this.throttledUntil - Date.now();
  this.throttleCheckTimeoutId = setTimeout(() => {
    this.throttleCheckTimeoutId = null;
    this.checkPendingRequests();
  }, delayMs > 0 ? delayMs : 10);
};

function translated(attempted: string, address: string, cause: unknown): SluiceError {
  const name = cause instanceof Error ? cause.name : "";
  if (name === "KafkaJSSASLAuthenticationError") {
    return new SluiceError("KAFKA_AUTHENTICATION_FAILED", {
      attempted,
      where: address,
      found: errorText(cause),
      hint: 'check the option "sasl"',
      cause,
    });
  }
  return new SluiceError("KAFKA_UNAVAILABLE", {
    attempted,
    where: address,
    found: errorText(cause),
    hint: "check that the broker runs and that its advertised.listeners can be reached from here",
    retryable: true,
    cause,
  });
}
