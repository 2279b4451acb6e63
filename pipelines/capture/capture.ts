import { applyConnector, ConnectClient, type ConnectorConfig } from "../../lib/connect/mod.ts";
import { fillReferences, readConnectorFile } from "../../lib/cli/mod.ts";
import { declareTopics, type NewTopic } from "../../lib/kafka/mod.ts";

/** What is captured, and by which connector. */
export interface CaptureOptions {
  readonly connectUrl: string;
  readonly brokers: readonly string[];
  /** The connector's file, as in data/connectors. */
  readonly connectorPath: string;
  /** Addresses of the databases that the file refers to, `${env:PGHOST}` and `${env:MYSQL_HOST}` etc. */
  readonly postgresUrl?: string;
  readonly mysqlUrl?: string;
  /** The topics of the tables, which are made first: as a pipeline wants them. */
  readonly topics: readonly NewTopic[];
  /** The connector's name; default: that of the file. */
  readonly name?: string;
  /** Settings other than those of the file. */
  readonly settings?: ConnectorConfig;
}

/**
 * Lets a connector bring the changes of tables into topics: declares the topics, applies the
 * connector's file, and returns when its tasks run. What is so already is left alone.
 *
 * A running task may not have looked at its tables yet: see `untilCaptured`.
 */
export async function capture(options: CaptureOptions): Promise<void> {
  const { brokers, connectUrl, topics } = options;
  await declareTopics({ brokers }, topics);
  const file = await readConnectorFile(options.connectorPath);
  const { config } = fillReferences(file, {
    KAFKA_BROKERS: brokers.join(","),
    ...partsOf("PG", options.postgresUrl),
    ...partsOf("MYSQL_", options.mysqlUrl),
  });
  const connect = new ConnectClient({ url: connectUrl });
  const name = options.name ?? file.name;
  await applyConnector(connect, name, { ...config, ...options.settings });
}

/** The parts of an address, as files of connectors name them. */
function partsOf(prefix: string, address: string | undefined): Record<string, string> {
  if (address === undefined) return {};
  const { hostname, port, username, password, pathname } = new URL(address);
  return {
    [`${prefix}HOST`]: hostname,
    [`${prefix}PORT`]: port,
    [`${prefix}USER`]: decodeURIComponent(username),
    [`${prefix}PASSWORD`]: decodeURIComponent(password),
    [`${prefix}DATABASE`]: decodeURIComponent(pathname.slice(1)),
  };
}
