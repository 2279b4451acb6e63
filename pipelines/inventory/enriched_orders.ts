import { debezium, pipeline, postgres, postgresTable, schema as s } from "sluice";
import { type InventoryJob, type StartInventoryQuery, topicOf } from "./inventory_job.ts";
import { Customer, SignUp, Tier } from "./inventory_rows.ts";
import { newOrders } from "./new_orders.ts";

/**
 * Joins each new order with the sign-up of its customer, if that was in the month before it (or ten
 * minutes after, for clocks differ), and with the discount of their tier. An order without such a
 * customer comes out when none can come any more.
 */
export const enrichedOrders: StartInventoryQuery = (job, start) =>
  newOrders("enriched orders", topicOf(job, job.topics.orders))
    .join(signUps(job), {
      type: "leftOuter",
      on: ["customer_id"],
      within: { left: "ordered_at", right: "signed_up", from: "-30 days", to: "10 minutes" },
    })
    .joinStatic(postgresTable({ table: "tiers", schema: Tier, url: job.customersUrl }), {
      type: "leftOuter",
      on: ["tier"],
    })
    .withColumn(
      "to_pay",
      s.decimal(12, 2).nullable(),
      "CAST(amount * (1 - discount) AS DECIMAL(12, 2))",
    )
    .to(postgres({ table: "orders_enriched", url: job.postgresUrl }))
    .start(start);

function signUps(job: InventoryJob) {
  return pipeline("sign-ups")
    .from(topicOf(job, job.topics.customers))
    .decode(debezium(Customer, { key: ["customer_id"] }))
    .where("__op IN ('c', 'r')")
    .map(SignUp, ({ customer_id, name, city, tier, signed_up }) => ({
      customer_id,
      name: name!,
      city: city!,
      tier: tier!,
      signed_up: signed_up!,
    }))
    .withWatermark("signed_up", "10 minutes")
    .dropDuplicates("customer_id", "signed_up");
}
