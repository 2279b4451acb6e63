import type { NewTopic } from "../../lib/kafka/mod.ts";

/** The names of the topics of the job. */
export interface InventoryTopics {
  /** The changes of orders, as Debezium writes them. */
  readonly orders: string;
  /** The changes of customers, as Debezium writes them. */
  readonly customers: string;
  /** The orders as they are now, by their id. */
  readonly currentOrders: string;
  /** What somebody should look at, by customer. */
  readonly alerts: string;
}

/** The topics for the databases of that name. All but `inventory` have it before their names. */
export function inventoryTopics(database: string): InventoryTopics {
  const prefix = topicPrefix(database);
  return {
    orders: `${prefix}dbserver1.${database}.orders`,
    customers: `${prefix}pgserver1.public.customers`,
    currentOrders: `${prefix}materialized.orders`,
    alerts: `${prefix}alerts`,
  };
}

/** What is before the names of topics, so that several such jobs can have one Kafka. */
export function topicPrefix(database: string): string {
  return database === "inventory" ? "" : `${database}.`;
}

/** The topic for the records of another that are malformed. */
export function dlqOf(topic: string): string {
  return `${topic}.DLQ`;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Two or three for each reader at work at a time; the records of a key are in one of them. */
const PARTITIONS = 3;

/** All changes of a week: whoever comes later begins with a snapshot. */
const HISTORY = {
  "cleanup.policy": "delete",
  "retention.ms": String(7 * DAY_MS),
  "segment.ms": String(DAY_MS),
};

/** The same, of rows with texts of megabytes, as they were before and after a change. */
const ROW_HISTORY = { ...HISTORY, "max.message.bytes": String(16 << 20) };

/** The newest value of each key, for ever. */
const LATEST = { "cleanup.policy": "compact", "segment.ms": String(HOUR_MS) };

/** A month to mend what was wrong. A dead letter is longer than its record, which may be 1 MiB. */
const DLQ = {
  "cleanup.policy": "delete",
  "retention.ms": String(30 * DAY_MS),
  "max.message.bytes": String(2 << 20),
};

/** The topics as they are to be. */
export function declaredTopics(topics: InventoryTopics): NewTopic[] {
  const declared: [string, NewTopic["configEntries"]][] = [
    [topics.orders, ROW_HISTORY],
    [topics.customers, ROW_HISTORY],
    [topics.currentOrders, LATEST],
    [topics.alerts, HISTORY],
    [dlqOf(topics.orders), DLQ],
    [dlqOf(topics.customers), DLQ],
  ];
  return declared.map(([topic, configEntries]) => ({
    topic,
    numPartitions: PARTITIONS,
    configEntries: configEntries!,
  }));
}
