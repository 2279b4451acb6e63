import { debezium, type Pipeline, pipeline, recordHeaders, type Source, withRecord } from "sluice";
import { NewOrder, type NewOrderRow, Order } from "./inventory_rows.ts";

/**
 * Each order once, as it was when it was made or first read: what became of it later is left out, and
 * so is what Debezium sends again after a crash, be it a change or a whole snapshot. The event time is
 * that of the order, which no change touches: with it a key is forgotten when it is ten minutes old,
 * and orders that come later than that are late.
 */
export function newOrders(name: string, source: Source): Pipeline<NewOrderRow> {
  return pipeline(name)
    .from(source)
    .decode(withRecord(debezium(Order, { key: ["order_id"] }), { headers: recordHeaders() }))
    .where("__op IN ('c', 'r')")
    .map(NewOrder, ({ order_id, customer_id, amount, ordered_at, headers }) => ({
      order_id,
      customer_id: customer_id!,
      amount: amount!,
      ordered_at: ordered_at!,
      headers,
    }))
    .withWatermark("ordered_at", "10 minutes")
    .dropDuplicates("order_id", "ordered_at");
}
