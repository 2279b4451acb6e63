import { deadLetterTopic, kafkaSink, postgres, schema as s } from "sluice";
import { type StartInventoryQuery, topicOf } from "./inventory_job.ts";
import { dlqOf } from "./inventory_topics.ts";
import { newOrders } from "./new_orders.ts";

/**
 * What somebody should look at: a new order of 1,000 or more is an alert, with the headers of its
 * record, so that a trace goes on; an order that comes late goes to the table `late_orders`, and a
 * record that is no change of an order to the DLQ.
 */
export const orderAlerts: StartInventoryQuery = ({ brokers, ...job }, start) =>
  newOrders("order alerts", topicOf({ brokers, ...job }, job.topics.orders))
    .lateTo(postgres({ table: "late_orders", url: job.postgresUrl, deadLetterTable: false }))
    .where("amount >= 1000")
    .withColumn("rule", s.string(), "'large order'")
    .to(
      kafkaSink({ topic: job.topics.alerts, brokers, key: "customer_id", headers: "headers" }),
      deadLetterTopic({ topic: dlqOf(job.topics.orders), brokers }),
    )
    .start(start);
