import { createProducer, createTopicIfAbsent } from "../../lib/kafka/mod.ts";
import { digestRows, type RowsDigest } from "../support/canonical_rows.ts";
import { ChangedOrders, type OrderChange, type OrderHistory, Replica } from "./changed_orders.ts";

/** The changes of a table, in a topic and in a file. */
export interface ProducedOrders {
  readonly topic: string;
  /** The same records, a line each. */
  readonly file: string;
  readonly history: OrderHistory;
  /** How many there are of each kind. */
  readonly ops: Readonly<Record<OrderChange["op"], number>>;
  /** What the table holds after them. */
  readonly table: RowsDigest;
}

const RECORDS_PER_WRITE = 10_000;

/** Changes a table, and writes what Debezium says of it; the file must not be there. */
export async function produceOrders(
  brokers: readonly string[],
  topic: string,
  file: string,
  history: OrderHistory,
): Promise<ProducedOrders> {
  // One partition, as Connect makes them: a batch is then the same whether read from there or the file.
  await createTopicIfAbsent({ brokers }, { topic, numPartitions: 1 });
  const orders = new ChangedOrders(history);
  const ops = { c: 0, u: 0, d: 0 };
  const producer = createProducer({ brokers });
  try {
    const write = async (changes: readonly OrderChange[]) => {
      await producer.send(topic, changes);
      const text = changes.map(({ value }) => `${value}\n`).join("");
      await Deno.writeTextFile(file, text, { append: true });
      for (const { op } of changes) ops[op]++;
    };
    let changes: OrderChange[] = [];
    for (const change of orders.changes()) {
      changes.push(change);
      if (changes.length < RECORDS_PER_WRITE) continue;
      await write(changes);
      changes = [];
    }
    await write(changes);
  } finally {
    await producer.close();
  }
  return { topic, file, history, ops, table: digestRows(Replica, orders.rows()) };
}
