import type { ConnectorConfig } from "../../lib/connect/mod.ts";
import { capture } from "../capture/capture.ts";
import { untilBinlogCaptured } from "../capture/until_binlog_captured.ts";
import { untilCaptured } from "../capture/until_captured.ts";
import type { InventorySources } from "./inventory_sources.ts";
import { declaredTopics, inventoryTopics, topicPrefix } from "./inventory_topics.ts";

/** What is captured, and by which services. */
export interface CaptureInventoryOptions extends InventorySources {
  /** The name of both databases. */
  readonly database: string;
  readonly connectUrl: string;
  readonly brokers: readonly string[];
}

/** Declares the topics and lets a connector for each database bring its changes into them. */
export async function captureInventory(options: CaptureInventoryOptions): Promise<void> {
  const { database, connectUrl, brokers, customersUrl, ordersUrl } = options;
  const topics = declaredTopics(inventoryTopics(database));
  await capture({
    connectUrl,
    brokers,
    topics,
    connectorPath: "data/connectors/inventory.json",
    mysqlUrl: ordersUrl,
    name: database,
    settings: ordersSettings(database),
  });
  await capture({
    connectUrl,
    brokers,
    topics: [],
    connectorPath: "data/connectors/inventory_customers.json",
    postgresUrl: customersUrl,
    name: customersConnector(database),
    settings: customersSettings(database),
  });
}

/** Waits until all that both databases have done so far is in the topics. */
export async function untilInventoryCaptured(options: CaptureInventoryOptions): Promise<void> {
  const { database, connectUrl, customersUrl, ordersUrl } = options;
  await untilCaptured(customersUrl, customersConnector(database));
  await untilBinlogCaptured(ordersUrl, connectUrl, database);
}

/** The connector for Postgres, and its slot and publication too. */
function customersConnector(database: string): string {
  return `${database}_customers`;
}

/** The files are for databases called `inventory`; for others this is different. */
function ordersSettings(database: string): ConnectorConfig {
  if (database === "inventory") return {};
  const prefix = `${topicPrefix(database)}dbserver1`;
  return {
    "database.server.id": String(serverId(database)),
    "database.include.list": database,
    "table.include.list": `${database}.orders`,
    "topic.prefix": prefix,
    "schema.history.internal.kafka.topic": `${prefix}.schema_history`,
  };
}

function customersSettings(database: string): ConnectorConfig {
  if (database === "inventory") return {};
  const name = customersConnector(database);
  return {
    "slot.name": name,
    "publication.name": name,
    "topic.prefix": `${topicPrefix(database)}pgserver1`,
  };
}

/** A number that no other reader of the server's log has, in all likelihood. */
function serverId(name: string): number {
  let hash = 0;
  for (const byte of new TextEncoder().encode(name)) hash = (hash * 31 + byte) % 1_000_000_007;
  return 10_000 + hash;
}
