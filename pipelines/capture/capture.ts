import { applyConnector, ConnectClient, type ConnectorConfig } from "../../lib/connect/mod.ts";
import { SluiceError } from "sluice";
import { fillReferences, mysqlUrl, postgresUrl, readConnectorFile } from "../../lib/cli/mod.ts";
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
 *
 * @throws {SluiceError} `CONNECTOR_DIFFERS` if there is a connector of that name that captures other
 * tables, or into other topics; `BAD_DATABASE_URL`, `BAD_MYSQL_URL`, and what `applyConnector` throws.
 */
export async function capture(options: CaptureOptions): Promise<void> {
  const { brokers, connectUrl, topics } = options;
  const file = await readConnectorFile(options.connectorPath);
  const { config } = fillReferences(file, {
    KAFKA_BROKERS: brokers.join(","),
    ...partsOf("PG", options.postgresUrl && postgresUrl(options.postgresUrl), "5432"),
    ...partsOf("MYSQL_", options.mysqlUrl && mysqlUrl(options.mysqlUrl), "3306"),
  });
  const connect = new ConnectClient({ url: connectUrl });
  const name = options.name ?? file.name;
  const wanted = { ...config, ...options.settings };
  await requireSameCapture(connect, name, wanted);
  await declareTopics({ brokers }, topics);
  await applyConnector(connect, name, wanted);
}

/** What a connector captures, and where it brings it. */
const CAPTURED = ["topic.prefix", "table.include.list", "database.dbname"];

/**
 * A connector that is there goes on behind what it has captured already: with other tables or topics
 * the changes before that would be missing there, and those to come in the topics of before.
 */
async function requireSameCapture(
  connect: ConnectClient,
  name: string,
  wanted: ConnectorConfig,
): Promise<void> {
  const there = await connect.config(name);
  const setting = there && CAPTURED.find((setting) => there[setting] !== wanted[setting]);
  if (setting === undefined) return;
  throw new SluiceError("CONNECTOR_DIFFERS", {
    attempted: `let connector "${name}" capture changes`,
    where: connect.where,
    found: `a connector with ${setting} ${JSON.stringify(there?.[setting])}`,
    wanted: JSON.stringify(wanted[setting]),
    hint:
      "give --connector too, with another name: that of a connector, a slot and a publication " +
      "of its own; or take back what you gave",
  });
}

/** The parts of an address, as files of connectors name them. */
function partsOf(
  prefix: string,
  address: URL | "" | undefined,
  defaultPort: string,
): Record<string, string> {
  if (!address) return {};
  const { hostname, port, username, password, pathname } = address;
  return {
    [`${prefix}HOST`]: hostname,
    [`${prefix}PORT`]: port || defaultPort,
    [`${prefix}USER`]: decodeURIComponent(username),
    [`${prefix}PASSWORD`]: decodeURIComponent(password),
    [`${prefix}DATABASE`]: decodeURIComponent(pathname.slice(1)),
  };
}
