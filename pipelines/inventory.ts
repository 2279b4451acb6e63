/**
 * Orders from MariaDB and customers from Postgres, captured by Debezium, into tables and topics for
 * whoever asks: what is there now, totals by windows, orders with their customers, and alerts. Each
 * query has a checkpoint of its own and reads its topics by itself.
 *
 *     deno task pipeline:inventory --help
 */
import { currentCustomers, currentOrders } from "./inventory/current_rows.ts";
import { enrichedOrders } from "./inventory/enriched_orders.ts";
import { inventoryCommand } from "./inventory/inventory_command.ts";
import type { StartInventoryQuery } from "./inventory/inventory_job.ts";
import { orderAlerts } from "./inventory/order_alerts.ts";
import { sessionTotals, slidingTotals, tumblingTotals } from "./inventory/order_totals.ts";

/** The queries of the job, by the names of their checkpoints. */
export const INVENTORY_QUERIES: Readonly<Record<string, StartInventoryQuery>> = {
  current_orders: currentOrders,
  current_customers: currentCustomers,
  tumbling_totals: tumblingTotals,
  sliding_totals: slidingTotals,
  session_totals: sessionTotals,
  enriched_orders: enrichedOrders,
  order_alerts: orderAlerts,
};

if (import.meta.main) Deno.exit(await inventoryCommand(Deno.args, INVENTORY_QUERIES));
