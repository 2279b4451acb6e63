import { SluiceError } from "../core/mod.ts";

/** A TLS connection, each as in `node:tls`; certificates and keys in PEM. */
export interface TlsOptions {
  /** Whom to trust, besides the certificate authorities of the system. */
  readonly ca?: string;
  /** Who we are, where the broker asks. */
  readonly cert?: string;
  /** The private key of `cert`. */
  readonly key?: string;
  /** What `key` is locked with. */
  readonly passphrase?: string;
  /** The name in the broker's certificate, where it is not its host's. */
  readonly servername?: string;
  /** False takes any certificate. */
  readonly rejectUnauthorized?: boolean;
}

/** Who we are, to a broker that asks. */
export type SaslOptions =
  | {
    readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
    readonly username: string;
    readonly password: string;
  }
  | {
    readonly mechanism: "oauthbearer";
    /** Gives a token that is valid now. */
    readonly oauthBearerProvider: () => Promise<{ value: string }>;
  };

/** How to reach Kafka: shared by the source, the dead letter topic, the producer and the admin calls. */
export interface KafkaConnection {
  /** `host:port` of brokers to ask first; default: the variable `KAFKA_BROKERS`, comma-separated. */
  readonly brokers?: readonly string[];
  /** The name the brokers log; default `sluice`. */
  readonly clientId?: string;
  /** How long a request may take, and how long a read may make no progress, in milliseconds; default 30000. */
  readonly requestTimeoutMs?: number;
  /** TLS; default none. */
  readonly ssl?: boolean | TlsOptions;
  /** Authentication; default none. */
  readonly sasl?: SaslOptions;
}

/** The names in `KafkaConnection`. */
export const CONNECTION_OPTIONS = [
  "brokers",
  "clientId",
  "requestTimeoutMs",
  "ssl",
  "sasl",
] as const;

/** Where a broker listens. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

/** A connection's options with every default filled in. */
export interface ResolvedConnection {
  readonly brokers: readonly BrokerAddress[];
  readonly clientId: string;
  readonly requestTimeoutMs: number;
  readonly ssl: boolean | TlsOptions | undefined;
  readonly sasl: SaslOptions | undefined;
}

/**
 * Fills in the defaults.
 *
 * @throws {SluiceError} `KAFKA_BROKERS_MISSING` or `BAD_OPTION`.
 */
export function resolveConnection(connection: KafkaConnection): ResolvedConnection {
  const { requestTimeoutMs = 30_000 } = connection;
  if (!(Number.isInteger(requestTimeoutMs) && requestTimeoutMs > 0)) {
    throw new SluiceError("BAD_OPTION", {
      attempted: "connect to Kafka",
      where: 'option "requestTimeoutMs"',
      found: String(requestTimeoutMs),
      wanted: "a whole number of milliseconds above 0",
    });
  }
  return {
    brokers: brokerList(connection),
    clientId: connection.clientId ?? "sluice",
    requestTimeoutMs,
    ssl: connection.ssl,
    sasl: connection.sasl,
  };
}

function brokerList(connection: KafkaConnection): BrokerAddress[] {
  const brokers = connection.brokers ??
    (Deno.env.get("KAFKA_BROKERS") ?? "").split(",").map((broker) => broker.trim()).filter(Boolean);
  const where = connection.brokers === undefined ? "KAFKA_BROKERS" : 'option "brokers"';
  if (brokers.length > 0) return brokers.map((broker) => parseAddress(broker, where));
  throw new SluiceError("KAFKA_BROKERS_MISSING", {
    attempted: "connect to Kafka",
    found: "neither brokers nor the environment variable KAFKA_BROKERS",
    wanted: 'addresses such as "127.0.0.1:9092"',
    hint: "start local services with `deno task stack:up` and take the export line it prints",
  });
}

function parseAddress(text: string, where: string): BrokerAddress {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text);
  if (match !== null) return { host: match[1] ?? match[2]!, port: Number(match[3]) };
  throw new SluiceError("BAD_OPTION", {
    attempted: "connect to Kafka",
    where,
    found: JSON.stringify(text),
    wanted: '"host:port"',
  });
}

/** `host:port` of an address. */
export function formatAddress({ host, port }: BrokerAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
