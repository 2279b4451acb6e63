import { count, postgres, schema as s, sessionWindow, sum, window } from "sluice";
import { type InventoryJob, type StartInventoryQuery, topicOf } from "./inventory_job.ts";
import { newOrders } from "./new_orders.ts";

/** The orders of each customer in five minutes, and what they come to. */
export const tumblingTotals: StartInventoryQuery = (job, start) =>
  orderTotals(job, "tumbling", window("ordered_at", "5 minutes"))
    .start({ ...start, outputMode: "update" });

/** The same, of the last five minutes at every minute. */
export const slidingTotals: StartInventoryQuery = (job, start) =>
  orderTotals(job, "sliding", window("ordered_at", "5 minutes", "1 minute"))
    .start({ ...start, outputMode: "update" });

/** The same, of each visit: orders that are at most five minutes apart. */
export const sessionTotals: StartInventoryQuery = (job, start) =>
  orderTotals(job, "session", sessionWindow("ordered_at", "5 minutes").as("window"))
    .start({ ...start, outputMode: "update" });

type Windows =
  | ReturnType<typeof window<"ordered_at">>
  | ReturnType<ReturnType<typeof sessionWindow<"ordered_at">>["as"]>;

function orderTotals(job: InventoryJob, kind: string, windows: Windows) {
  return newOrders(`${kind} order totals`, topicOf(job, job.topics.orders))
    .groupBy("customer_id", windows)
    .agg({ orders: count(), amount: sum("amount") })
    .withColumn("window_start", s.timestamp(), "window.start")
    .withColumn("window_end", s.timestamp(), "window.end")
    .drop("window")
    .to(postgres({
      table: `order_totals_${kind}`,
      url: job.postgresUrl,
      key: ["customer_id", "window_start", "window_end"],
    }));
}
