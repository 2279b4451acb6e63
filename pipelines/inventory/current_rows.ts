import { deadLetterTopic, debezium, kafkaSink, mysql, pipeline, postgres } from "sluice";
import { type StartInventoryQuery, topicOf } from "./inventory_job.ts";
import { Customer, Order } from "./inventory_rows.ts";
import { dlqOf } from "./inventory_topics.ts";

/**
 * The newest change counts: one that is sent again after a crash undoes nothing. MariaDB's log has
 * transactions in the order of their commits; that of Postgres has not, and a change of one that was
 * open while a snapshot was taken would be lost. There the last to come counts.
 */
const NEWEST = "__position";

/**
 * Keeps the orders as they are now: a table in Postgres, the same in MariaDB, and a compacted topic.
 * Columns that the table gets come by themselves.
 */
export const currentOrders: StartInventoryQuery = (job, start) =>
  pipeline("current orders")
    .from(topicOf(job, job.topics.orders))
    .decode(debezium(Order, { key: ["order_id"], newColumns: "add" }))
    .applyChanges({ key: ["order_id"], orderBy: NEWEST, changeColumns: "keep" })
    .drop("__op", "__deleted", "__unavailable")
    .to(
      postgres({ table: "orders", url: job.postgresUrl, orderBy: NEWEST }),
      mysql({ table: "orders", url: job.mysqlUrl, orderBy: NEWEST, deadLetterTable: false }),
      kafkaSink({ topic: job.topics.currentOrders, brokers: job.brokers, key: "order_id" }),
    )
    .start({ ...start, outputMode: "update" });

/** Keeps the customers as they are now in Postgres; what is malformed goes to their DLQ. */
export const currentCustomers: StartInventoryQuery = (job, start) =>
  pipeline("current customers")
    .from(topicOf(job, job.topics.customers))
    .decode(debezium(Customer, { key: ["customer_id"], newColumns: "add" }))
    .applyChanges({ key: ["customer_id"], changeColumns: "keep" })
    .drop("__op", "__deleted")
    .to(
      postgres({ table: "customers", url: job.postgresUrl, deadLetterTable: false }),
      deadLetterTopic({ topic: dlqOf(job.topics.customers), brokers: job.brokers }),
    )
    .start({ ...start, outputMode: "update" });
