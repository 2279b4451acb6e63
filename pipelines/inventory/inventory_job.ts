import { kafka, type Source, type StartOptions, type StreamingQuery } from "sluice";
import type { InventoryTopics } from "./inventory_topics.ts";

/** What the queries of the job read and where they write. */
export interface InventoryJob {
  readonly brokers: readonly string[];
  readonly topics: InventoryTopics;
  /** The Postgres database with the tables `customers` and `tiers`. */
  readonly customersUrl: string;
  /** The Postgres database of data/inventory/serving_postgres.sql. */
  readonly postgresUrl: string;
  /** The MariaDB database of data/inventory/serving_mariadb.sql. */
  readonly mysqlUrl: string;
  /** Records in one batch of a query. */
  readonly maxOffsetsPerTrigger: number;
}

/** Starts a query of the job, or goes on where its checkpoint says that it stopped. */
export type StartInventoryQuery = (
  job: InventoryJob,
  start: Omit<StartOptions, "outputMode">,
) => Promise<StreamingQuery>;

/** One of the topics, as the source of one query. */
export function topicOf(job: InventoryJob, topic: string): Source {
  const { brokers, maxOffsetsPerTrigger } = job;
  return kafka({ brokers, topic, maxOffsetsPerTrigger });
}
