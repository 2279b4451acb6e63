import { schema as s } from "sluice";
import type { NewTopic } from "../../lib/kafka/mod.ts";

/** The table `orders`, as data/orders/source.sql makes it. */
export const Order = s.struct({
  order_id: s.integer(),
  user_id: s.integer(),
  name: s.string(),
  amount: s.decimal(12, 2),
  note: s.string().nullable(),
});

/** Partitions of the topic: the changes of an order are in one, in their order. */
const PARTITIONS = 3;

/** A change has the row before it and after it, and a row may have texts of megabytes. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** The topic of the table's changes, as Debezium names it. */
export function ordersTopic(prefix: string): NewTopic {
  return {
    topic: `${prefix}.public.orders`,
    numPartitions: PARTITIONS,
    configEntries: { "max.message.bytes": String(MAX_MESSAGE_BYTES) },
  };
}
