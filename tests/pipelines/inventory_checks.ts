import { deepEqual, equal, match, ok } from "assert";
import { describeTopic } from "../../lib/kafka/mod.ts";
import { dlqOf } from "../../pipelines/inventory/inventory_topics.ts";
import { type ReadRecord, readSettled } from "../kafka/test_topic.ts";
import { withSql } from "../support/trade_ledger.ts";
import { type OracleOrder, sessionTotals, windowTotals } from "./inventory_oracle.ts";
import type { InventoryWorld } from "./inventory_world.ts";

/** The trace of the one order that has one. */
export const TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/** What is added to the numbers of some customers. */
export const NEW_NUMBERS = 2_000_000;
/** Records that are no changes of orders, each for another reason. */
export const NO_ORDERS = [
  "not JSON at all",
  '{"before":null,"after":null,"op":"t"}',
  '{"before":null,"after":{"order_id":1,"customer_id":1,"amount":"1 dollar","status":"new",' +
  '"ordered_at":1,"updated_at":1},"op":"c"}',
  '{"before":null,"after":{"order_id":1,"amount":"1.00","status":"new",' +
  '"ordered_at":1,"updated_at":1},"op":"c"}',
];

/** The same, of customers. */
export const NO_CUSTOMERS = ["<customer/>", '{"after":{"customer_id":null},"op":"c"}'];

/** All committed records of a topic; by partition, in order. */
export function recordsOf({ brokers }: InventoryWorld, topic: string): Promise<ReadRecord[]> {
  return readSettled({ topic, connection: { brokers } });
}

/** The tables in Postgres and MariaDB, and the compacted topic, have the rows that the source has. */
export async function currentRowsAreThoseOfTheSource(world: InventoryWorld): Promise<void> {
  const select = "select order_id, customer_id, amount, status, ordered_at, updated_at, channel " +
    "from orders order by order_id";
  const texts = (rows: readonly object[]) => rows.map((row) => Object.values(row).join(" "));
  const source = texts(await world.orders(select));
  ok(source.length > 300, `${source.length} orders left`);
  deepEqual(texts(await world.servedOrders(select)), source);
  const time = "YYYY-MM-DD HH24:MI:SS.US";
  await withSql(world.postgresUrl, async (sql) => {
    const rows = await sql`select order_id, customer_id, amount, status,
      to_char(ordered_at at time zone 'UTC', ${time}) as ordered_at,
      to_char(updated_at at time zone 'UTC', ${time}) as updated_at, channel
      from orders order by order_id`;
    deepEqual(texts(rows), source);
    const [index] =
      await sql`select indexdef from pg_indexes where indexname = 'orders_by_customer'`;
    match(index!.indexdef, /\(customer_id, updated_at\)$/);
    const served = await sql`select to_jsonb(c) - '__source_ts' - '__position' as row
      from customers c order by customer_id`;
    await withSql(world.customersUrl, async (sql) => {
      const rows = await sql`select to_jsonb(c) as row from customers c order by customer_id`;
      deepEqual(served.map(({ row }) => row), rows.map(({ row }) => row));
    });
  });
  const indexed = await world.servedOrders(
    "select column_name as name from information_schema.statistics where " +
      "table_schema = database() and index_name = 'orders_by_customer' order by seq_in_index",
  );
  deepEqual(indexed.map(({ name }) => name), ["customer_id", "updated_at"]);
  const newest = new Map(
    (await recordsOf(world, world.topics.currentOrders)).map(({ key, value }) => [key, value]),
  );
  const kept = [...newest.values()].filter((value) => value !== null).map((value) => {
    const { order_id, amount, status } = JSON.parse(value);
    return `${order_id} ${Number(amount)} ${status}`;
  });
  const rows = await world.orders("select order_id, amount, status from orders");
  const wanted = rows.map(({ order_id, amount, status }) =>
    `${order_id} ${Number(amount)} ${status}`
  );
  deepEqual(kept.sort(), wanted.sort());
}

/** The tables of totals have what a plain count over these orders has. */
export async function totalsAreThoseOf(
  world: InventoryWorld,
  made: readonly OracleOrder[],
): Promise<void> {
  await withSql(world.postgresUrl, async (sql) => {
    const totals = async (kind: string) => {
      const rows = await sql`select concat_ws(' ', customer_id,
        (extract(epoch from window_start) * 1000000)::bigint,
        (extract(epoch from window_end) * 1000000)::bigint,
        orders, (amount * 100)::bigint) as row from ${sql(`order_totals_${kind}`)}`;
      return rows.map(({ row }) => row).sort();
    };
    deepEqual(await totals("tumbling"), windowTotals(made, 5));
    deepEqual(await totals("sliding"), windowTotals(made, 1));
    deepEqual(await totals("session"), sessionTotals(made));
  });
}

/** Each of these orders is in the table once, with the name of its customer and the discount. */
export async function eachOrderIsEnriched(
  world: InventoryWorld,
  made: readonly OracleOrder[],
): Promise<void> {
  const served = await withSql(
    world.postgresUrl,
    (sql) =>
      sql`select order_id::int, name, discount, amount, to_pay from orders_enriched
      where order_id <= 5000000 order by order_id`,
  );
  const signedUp = await withSql(world.customersUrl, (sql) => sql`select * from customers`);
  // Those that were given another number had signed up with the one before.
  const names = new Map(
    signedUp.flatMap(({ customer_id, name }) =>
      [Number(customer_id), customer_id - NEW_NUMBERS].map((id) => [id, name])
    ),
  );
  const wanted = made.toSorted((a, b) => a.order_id - b.order_id)
    .map(({ order_id, customer_id }) => [order_id, names.get(customer_id) ?? null]);
  deepEqual(
    served.filter(({ order_id }) => wanted.some(([id]) => id === order_id))
      .map(({ order_id, name }) => [order_id, name]),
    wanted,
  );
  for (const { discount, amount, to_pay } of served) {
    if (discount === null) equal(to_pay, null);
    else ok(Math.abs(amount * (1 - discount) - to_pay) < 0.006, `${amount} ${discount} ${to_pay}`);
  }
}

/** The topic of alerts has these orders, each once, with the headers of their records. */
export async function eachLargeOrderIsOneAlert(
  world: InventoryWorld,
  large: readonly number[],
): Promise<void> {
  const alerts = await recordsOf(world, world.topics.alerts);
  const values = alerts.map(({ value }) => JSON.parse(value!));
  const byNumber = (a: number, b: number) => a - b;
  deepEqual(values.map(({ order_id }) => order_id).sort(byNumber), [...large].sort(byNumber));
  for (const [i, { key, headers }] of alerts.entries()) {
    equal(key, String(values[i].customer_id));
    equal(values[i].rule, "large order");
    const texts = headers.map(({ key, value }) => [key, new TextDecoder().decode(value!)]);
    const wanted = values[i].order_id === 5_000_000
      ? ["traceparent", TRACE]
      : ["origin", "inventory"];
    deepEqual(texts.find(([name]) => name === wanted[0]), wanted);
  }
}

/** The DLQs have the records that are no changes, each once. */
export async function eachMalformedRecordIsInItsDlq(world: InventoryWorld): Promise<void> {
  const { orders, customers } = world.topics;
  for (const [topic, wanted] of [[orders, NO_ORDERS], [customers, NO_CUSTOMERS]] as const) {
    const letters = await recordsOf(world, dlqOf(topic));
    deepEqual(letters.map(({ value }) => value!).sort(), [...wanted].sort());
    for (const { headers } of letters) {
      ok(headers.some(({ key, value }) => key === "sluice.error" && value!.length > 0));
    }
  }
}

/** The topics have the partitions and settings that the job declares. */
export async function topicsAreAsDeclared({ brokers, topics }: InventoryWorld): Promise<void> {
  const settings = async (topic: string) => {
    const { partitions, configs } = await describeTopic({ brokers }, topic);
    const value = (name: string) => configs.find((config) => config.name === name)?.value;
    return [partitions.length, value("cleanup.policy"), value("retention.ms"), value("segment.ms")];
  };
  deepEqual(await settings(topics.orders), [3, "delete", "604800000", "86400000"]);
  deepEqual(await settings(topics.customers), [3, "delete", "604800000", "86400000"]);
  deepEqual((await settings(topics.currentOrders)).slice(0, 2), [3, "compact"]);
  equal((await settings(topics.currentOrders))[3], "3600000");
  deepEqual((await settings(dlqOf(topics.orders))).slice(0, 3), [3, "delete", "2592000000"]);
}
