import { deepEqual, equal, match, ok } from "assert";
import { stackStatus } from "../../lib/stack/mod.ts";
import { simulateInventory } from "../../pipelines/producers/inventory_simulator.ts";
import { until } from "../connect/change_source.ts";
import type { ReadRecord } from "../kafka/test_topic.ts";
import { hasMariadb, testConnect, testStackOptions } from "../support/stack.ts";
import { withSql } from "../support/trade_ledger.ts";
import {
  currentRowsAreThoseOfTheSource,
  eachLargeOrderIsOneAlert,
  eachMalformedRecordIsInItsDlq,
  eachOrderIsEnriched,
  NEW_NUMBERS,
  NO_CUSTOMERS,
  NO_ORDERS,
  recordsOf,
  topicsAreAsDeclared,
  totalsAreThoseOf,
  TRACE,
} from "./inventory_checks.ts";
import { changeIn, madeOrders } from "./inventory_oracle.ts";
import { type InventoryWorld, inventoryWorld } from "./inventory_world.ts";

const HOUR_MS = 3_600_000;

Deno.test({
  name:
    "inventory: with Connect and the job killed, records sent again, malformed and late, all tables and topics are right",
  ignore: !hasMariadb,
  async fn() {
    await using world = await inventoryWorld();
    // Rows for the snapshot, which stay as they are meanwhile: a snapshot that is taken again, since
    // Connect was killed in the middle of it, does not tell what was deleted between.
    const made = await world.run("pipelines/producers/inventory.ts", [
      ...["--database", world.database, "--interval", "0", "--count", "300", "--seed", "6"],
    ]);
    equal(made.code, 0, made.stderr);
    const snapshot = await world.command();
    equal(snapshot.code, 0, snapshot.stderr);
    const first = await world.command("--changes", "300", "--seed", "7");
    equal(first.code, 0, first.stderr);
    match(first.stdout, /order_alerts +\d+ records .* dead letters 0/);
    ok(!first.stdout.includes("sluice:sluice"), "a given password is on the screen");

    // Under load: Kafka Connect dies, the job dies, Debezium's records come again, and others between.
    const running = world.change(400, 8);
    if (Deno.env.get("CONNECT_URL") === undefined) await killConnect();
    await running;
    equal(await testConnect(), world.connect.where);
    await world.connect.waitUntilRunning(world.database);
    await world.connect.waitUntilRunning(`${world.database}_customers`);
    await world.untilCaptured();
    await sendMalformed(world);
    await sendTraced(world);
    const resent = await sendAgain(world, 40);
    ok(resent > 20, `${resent} records sent again`);
    await world.killedAfter(4, "--maxOffsetsPerTrigger", "100");
    const changing = world.change(200, 9);
    await alterTables(world);
    await changing;
    await world.killedAfter(12, "--maxOffsetsPerTrigger", "60");
    const second = await world.command("--maxOffsetsPerTrigger", "500");
    equal(second.code, 0, second.stderr);

    // An order that is too late, and one that ends the wait for customers who did not sign up.
    const late = await insertOrder(world, Date.now() - 2 * HOUR_MS);
    const third = await world.command();
    equal(third.code, 0, third.stderr);
    await withSql(
      world.customersUrl,
      (sql) =>
        sql`insert into customers (customer_id, name, city, tier, signed_up, updated_at) values
        (1000000, 'Last', 'Delft', 'gold', now() + interval '2 hours', now())`,
    );
    const last = await insertOrder(world, Date.now() + 2 * HOUR_MS);
    const fourth = await world.command();
    equal(fourth.code, 0, fourth.stderr);
    match((await world.command()).stdout, /current_orders +nothing new\n/);

    const records = (await recordsOf(world, world.topics.orders))
      .filter(({ value }) => !NO_ORDERS.includes(value!));
    const orders = madeOrders(records)
      .filter(({ order_id }) => order_id !== late);
    ok(orders.length > 400, `${orders.length} orders`);
    await currentRowsAreThoseOfTheSource(world);
    await totalsAreThoseOf(world, orders);
    await eachOrderIsEnriched(world, orders.filter(({ order_id }) => order_id !== last));
    await withSql(world.postgresUrl, async (sql) => {
      const rows = await sql`select order_id::int from late_orders`;
      deepEqual(rows.map(({ order_id }) => order_id), [late]);
    });
    const large = orders.filter(({ cents }) => cents >= 100_000n).map(({ order_id }) => order_id);
    await eachLargeOrderIsOneAlert(world, large);
    await eachMalformedRecordIsInItsDlq(world);
    await topicsAreAsDeclared(world);

    // A table that was lost does not come back empty.
    await withSql(world.postgresUrl, (sql) => sql`drop table order_totals_session`);
    const lost = await world.command("--changes", "20");
    equal(lost.code, 1, lost.stdout);
    match(lost.stderr, /table "order_totals_session" .* found no such table/);
  },
});

Deno.test({
  name: "the producer's command shows the changes it makes, and which",
  ignore: !hasMariadb,
  async fn() {
    await using world = await inventoryWorld();
    const { code, stdout, stderr } = await world.run("pipelines/producers/inventory.ts", [
      ...["--database", world.database, "--seed", "1", "--interval", "2", "--count", "20"],
    ]);
    equal(code, 0, stderr);
    const lines = stdout.trim().split("\n");
    const changes = lines.slice(0, -1).map((line) => JSON.parse(line));
    equal(changes.length, 20);
    equal(
      lines.at(-1),
      `20 changes in databases ${world.database} of Postgres and MariaDB`,
    );
    const orders = changes.filter(({ table }) => table === "orders");
    const gone = orders.filter(({ op }) => op === "delete").length;
    const there = orders.filter(({ op }) => op === "insert").length - gone;
    equal((await world.orders("select * from orders")).length, there);

    const help = await world.command("--help");
    equal(help.code, 0);
    match(help.stdout, /--changes <n> +sample changes to make first/);
    const wrong = await world.command("--change", "1");
    equal(wrong.code, 2);
    match(wrong.stderr, /at --change: found no such flag/);
  },
});

Deno.test("simulateInventory() changes and deletes what is there, alike for a seed", () => {
  const start = { customers: [], orders: [], nextOrderId: 5, now: () => 1_000_000_000_000 };
  const take = (seed: number) => simulateInventory(seed, start).take(3_000).toArray();
  deepEqual(take(1), take(1));
  ok(JSON.stringify(take(1)) !== JSON.stringify(take(2)));
  const ids = { customers: new Set<number>(), orders: new Set<number>() };
  const counts: Record<string, number> = {};
  for (const { table, op, row } of take(1)) {
    const id = "order_id" in row ? row.order_id : row.customer_id;
    equal(ids[table].has(id), op !== "insert", `${op} ${id}`);
    if ("order_id" in row) ok(ids.customers.has(row.customer_id), "an order of nobody");
    if (op === "delete") ids[table].delete(id);
    else ids[table].add(id);
    counts[`${table} ${op}`] = (counts[`${table} ${op}`] ?? 0) + 1;
  }
  equal(Object.keys(counts).length, 5);
  ok(Object.values(counts).every((times) => times > 50), JSON.stringify(counts));
});

/** Kills the tests' own Kafka Connect; it is gone when this returns. */
async function killConnect(): Promise<void> {
  const { stateDir } = testStackOptions();
  const status = async () => (await stackStatus({ stateDir: stateDir!, services: ["connect"] }))[0];
  Deno.kill((await status())!.pid!, "SIGKILL");
  await until("it is dead", async () => (await status())?.state === "died");
}

/** The tables get columns, and rows get other keys: the newest orders, as others would be late. */
async function alterTables({ orders, customersUrl }: InventoryWorld): Promise<void> {
  await orders("alter table orders add column channel varchar(20)");
  await orders("update orders set channel = 'web' where order_id % 3 = 0");
  await orders("update orders set order_id = -order_id order by order_id desc limit 5");
  await withSql(customersUrl, async (sql) => {
    await sql`alter table customers add column phone text`;
    // Stored apart from its row, and left alone by the updates behind it.
    const note = Array.from({ length: 32_000 }, () => crypto.randomUUID()).join("");
    await sql`update customers set note = ${note} where customer_id = 2`;
    await sql`update customers set phone = '+31 ' || customer_id where customer_id % 2 = 0`;
    await sql`update customers set customer_id = customer_id + ${NEW_NUMBERS}
      where customer_id % 10 = 1`;
  });
}

async function sendMalformed({ send, topics }: InventoryWorld): Promise<void> {
  await send(topics.orders, NO_ORDERS.map((value, i) => ({ value, partition: i % 3 })));
  await send(topics.customers, NO_CUSTOMERS.map((value, i) => ({ value, partition: i % 3 })));
}

/** A large order of nobody, made and deleted, with the trace of whoever made it. */
async function sendTraced({ send, topics }: InventoryWorld): Promise<void> {
  const key = '{"order_id":5000000}';
  const order = {
    order_id: 5_000_000,
    customer_id: 900_000,
    amount: "2500.00",
    status: "new",
    ordered_at: Date.now() * 1000,
    updated_at: Date.now() * 1000,
  };
  const source = { ts_us: Date.now() * 1000, file: "binlog.999999", pos: 1, row: 0 };
  const headers = [{ key: "traceparent", value: new TextEncoder().encode(TRACE) }];
  await send(topics.orders, [
    { key, headers, value: JSON.stringify({ before: null, after: order, source, op: "c" }) },
    {
      key,
      headers,
      value: JSON.stringify({ before: order, after: null, source: { ...source, pos: 2 }, op: "d" }),
    },
  ]);
}

/** Sends the last records of partitions again, as Debezium does after a crash; how many. */
async function sendAgain(world: InventoryWorld, each: number): Promise<number> {
  const records = await recordsOf(world, world.topics.orders);
  const again = [0, 1, 2].flatMap((partition) =>
    records.filter((record) => record.partition === partition && isRecent(record)).slice(-each)
  );
  await world.send(
    world.topics.orders,
    again.map(({ partition, key, value, headers }) => ({ partition, key, value, headers })),
  );
  return again.length;
}

/** Not of an order that would be late. */
function isRecent({ value }: ReadRecord): boolean {
  if (value === null || !value.includes('"source"')) return false;
  const { before, after } = changeIn(value);
  return (after ?? before).ordered_at > (Date.now() - 8 * 60_000) * 1000;
}

async function insertOrder(world: InventoryWorld, orderedAtMs: number): Promise<number> {
  const at = new Date(orderedAtMs).toISOString().replace("T", " ").replace("Z", "");
  await world.orders(
    "insert into orders (customer_id, amount, status, ordered_at, updated_at) " +
      "values (1, 5, 'new', ?, ?)",
    [at, at],
  );
  const [row] = await world.orders("select max(order_id) as id from orders");
  return Number(row!.id);
}
