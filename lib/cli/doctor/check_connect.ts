import {
  ConnectClient,
  type ConnectorConfig,
  type ConnectorStatus,
  hasFailed,
  isRunning,
} from "../../connect/mod.ts";
import { stateText } from "../connectors/connectors_look.ts";
import { type Finding, Findings } from "./finding.ts";

/** A connector with its configuration. */
export interface KnownConnector {
  readonly status: ConnectorStatus;
  readonly config: ConnectorConfig;
}

/** What `checkConnect` found. */
export interface ConnectReport {
  readonly findings: readonly Finding[];
  /** All connectors; `undefined` if Kafka Connect does not answer. */
  readonly connectors?: readonly KnownConnector[];
}

/**
 * Looks at Kafka Connect and its connectors.
 *
 * @param topics the topics there are; `undefined` where that is not known.
 */
export async function checkConnect(
  url: string,
  topics: ReadonlySet<string> | undefined,
): Promise<ConnectReport> {
  const findings = new Findings("connect");
  try {
    const connect = new ConnectClient({ url, retryForMs: 0 });
    const { version } = await connect.version();
    const statuses = await connect.list();
    findings.add("ok", "worker", `${connect.where}, version ${version}`);
    const connectors: KnownConnector[] = [];
    for (const status of statuses) {
      const config = await connect.config(status.name) ?? {};
      connectors.push({ status, config });
      await checkConnector(connect, { status, config }, findings);
      if (isRunning(status) && topics !== undefined) checkTopics(config, topics, findings);
    }
    return { findings: findings.all, connectors };
  } catch (error) {
    findings.addError("broken", "worker", error);
    return { findings: findings.all };
  }
}

async function checkConnector(
  connect: ConnectClient,
  { status }: KnownConnector,
  findings: Findings,
): Promise<void> {
  const { name, state } = status;
  const subject = `connector "${name}"`;
  const text = stateText(status);
  if (isRunning(status)) findings.add("ok", subject, text);
  else if (hasFailed(status)) {
    const { problem, hint } = await connect.explain(status);
    const again = `${hint}, then \`deno task connectors restart ${name}\``;
    findings.add("broken", subject, `${text}: ${problem}`, again);
  } else if (state === "PAUSED" || state === "STOPPED") {
    const hint = `\`deno task connectors resume ${name}\` lets it go on; meanwhile its database ` +
      "keeps the log for it";
    findings.add("warning", subject, text, hint);
  } else {
    const hint = "look again in a moment; if it stays so, look into the log of Kafka Connect";
    findings.add("warning", subject, text, hint);
  }
}

/**
 * A record for a topic that nobody made waits for ever, while its task says that it runs: brokers need
 * not make topics, and Kafka Connect does so only where it is told how.
 */
function checkTopics(
  config: ConnectorConfig,
  topics: ReadonlySet<string>,
  findings: Findings,
): void {
  if (config["topic.creation.default.partitions"] !== undefined) return;
  for (const topic of topicsOfTables(config).filter((topic) => !topics.has(topic))) {
    findings.add(
      "warning",
      `connector "${config.name}"`,
      `topic "${topic}" is not there, and Kafka Connect is not told to make it: records for it wait ` +
        "without an error",
      "make the topic, or set topic.creation.default.replication.factor (-1) and " +
        "topic.creation.default.partitions in the connector's file",
    );
  }
}

/** The topics of a Debezium connector's tables, where it names tables and changes no topic's name. */
function topicsOfTables(config: ConnectorConfig): string[] {
  const prefix = config["topic.prefix"];
  const isRouted = Object.entries(config).some(([name, value]) =>
    name.startsWith("transforms.") && name.endsWith(".type") && value.includes("Router")
  );
  if (prefix === undefined || isRouted || "topic.naming.strategy" in config) return [];
  return tablesOf(config).map((table) => `${prefix}.${table}`);
}

/** The tables that a Debezium connector reads, as far as it names them and gives no patterns. */
export function tablesOf(config: ConnectorConfig): string[] {
  const names = (config["table.include.list"] ?? "").split(",").map((name) => name.trim());
  return names.filter((name) => /^\w+\.\w+$/.test(name));
}
