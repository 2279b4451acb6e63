import { deepEqual, equal, match } from "assert";
import { createHash } from "node:crypto";
import { createProducer, createTopicIfAbsent } from "../../lib/kafka/mod.ts";
import type { ComparedCopy } from "../../pipelines/compare/compare_replica.ts";
import {
  type ComparedRow,
  compareRows,
  type SurplusRow,
} from "../../pipelines/compare/compare_rows.ts";
import { deleteSurplus } from "../../pipelines/compare/delete_surplus.ts";
import { Random } from "../support/random.ts";
import { type OrdersWorld, ordersWorld } from "./orders_world.ts";

const COMPARE = "pipelines/compare.ts";

Deno.test("compareRows() counts what is equal, different, missing and too many, as a model by key does", async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed);
    const [source, copy] = [someRows(random), someRows(random)];
    const found = await compareRows(["a", "b"], later(source), later(copy));

    const keys = [...new Set([...source.keys(), ...copy.keys()])].sort((a, b) => a - b);
    const kinds = keys.map((key) => {
      const [wanted, copied] = [source.get(key), copy.get(key)];
      if (wanted === undefined) return "surplus";
      if (copied === undefined) return "missing";
      return JSON.stringify(wanted) === JSON.stringify(copied) ? "equal" : "different";
    });
    const times = (kind: string) => kinds.filter((each) => each === kind).length;
    const { defaultColumns: _, differences, surplusRows, ...counts } = found;
    deepEqual(counts, {
      sourceRows: source.size,
      equal: times("equal"),
      different: times("different"),
      missing: times("missing"),
      surplus: times("surplus"),
    });
    const surplus = keys.filter((_, i) => kinds[i] === "surplus");
    deepEqual(surplusRows.map(({ key }) => Number(key)), surplus);
    const differing = keys.filter((_, i) => kinds[i] !== "equal").slice(0, 10);
    deepEqual(differences.map(({ key }) => Number(key)), differing, `seed ${seed}`);
  }
});

Deno.test("compareRows() names columns that differ as one that was added with a default does", async () => {
  const rows = (...values: ComparedRow["values"][]) => later(new Map(values.entries()));
  const found = async (...pairs: [source: string | null, copy: string | null][]) =>
    (await compareRows(
      ["a"],
      rows(...pairs.map(([source]) => [source])),
      rows(...pairs.map(([, copy]) => [copy])),
    )).defaultColumns;
  deepEqual(await found(["x", null], ["y", "y"], ["x", null]), ["a"]);
  deepEqual(await found(["x", "x"]), []);
  deepEqual(await found(["x", null], ["y", null], ["x", null]), []);
  deepEqual(await found(["x", null], ["x", "y"], ["x", null]), []);
  deepEqual(await found([null, "x"]), []);
});

Deno.test("compare tells which rows differ in what, and exits with 1 only when nothing is on its way", async () => {
  await using world = await copiedWorld(30);
  const equalCopies = await world.run(COMPARE, ...world.places);
  equal(equalCopies.code, 0, equalCopies.stderr);
  match(equalCopies.stdout, /^source {2}\w+_source\.orders: 30 rows\n/);
  match(equalCopies.stdout, /_copies\.orders: 30 equal, 0 different, 0 missing, 0 too many\n/);
  match(equalCopies.stdout, /no slot "\w+": nothing is captured; no topic /);
  match(equalCopies.stdout, /The copies are equal to the source\.\n$/);

  await world.destination.unsafe(`
    update orders set note = repeat('x', 100000), amount = 2 where order_id = 7;
    update orders set name = '' where order_id = 8;
    delete from orders_projected where order_id > 15;
    insert into orders_projected (order_id, user_id, amount) values (-1, 1, 1);`);
  await world.source`alter table orders add column channel text`;
  const differing = await world.run(COMPARE, ...world.places);
  equal(differing.code, 1, differing.stderr);
  const md5 = createHash("md5").update("x".repeat(100_000)).digest("hex");
  deepEqual(differing.stdout.split("\n").slice(1, 8), [
    `copy    ${world.name}_copies.orders: 28 equal, 2 different, 0 missing, 0 too many`,
    "          column channel is not in the copy",
    '          order 7 amount: source "7.00", copy "2.00"; note: source null, copy ' +
    `"${"x".repeat(60)}… of 100000 characters, md5 ${md5}"`,
    '          order 8 name: source "n8", copy ""',
    `copy    ${world.name}_copies.orders_projected: 15 equal, 0 different, 15 missing, 1 too many`,
    "          column channel is not in the copy",
    "          order -1 is not in the source",
  ]);
  match(differing.stdout, /order 24 is not in the copy\n {10}and 6 more\n/);
  match(differing.stdout, /The copies differ, and nothing is on its way to them\.\n$/);

  await world.destination`alter table orders add column channel text`;
  await world.source.unsafe(`alter table orders drop column channel;
    alter table orders add column channel text not null default 'shop'`);
  const added = await world.run(COMPARE, ...world.places);
  match(
    added.stdout,
    /column channel: old rows have its default .*: update orders set channel = ch/,
  );

  await send(world, 3);
  const behind = await world.run(COMPARE, ...world.places);
  equal(behind.code, 0, behind.stderr);
  match(behind.stdout, /; 3 records of topic \w+\.public\.orders\n/);
  match(behind.stdout, /The copies differ; changes may be on their way to them\.\n$/);
});

Deno.test("compare takes surplus rows out of the copies, but none that was written since, nor while changes are on their way", async () => {
  await using world = await copiedWorld(30);
  const { destination } = world;
  for (const table of ["orders", "orders_projected"]) {
    await destination`insert into ${
      destination(table)
    } (order_id, user_id) values (-1, 1), (99, 1)`;
  }
  const cleaned = await world.run(COMPARE, ...world.places, "--delete-surplus");
  equal(cleaned.code, 0, cleaned.stdout + cleaned.stderr);
  match(cleaned.stderr, /deleted 4 rows from the copies\n/);
  match(cleaned.stdout, /The copies are equal to the source\.\n$/);
  equal((await destination`select * from orders`).length, 30);

  // Seen, and then the order comes again.
  await destination`insert into orders (order_id, user_id) values (98, 1), (99, 1)`;
  const copies = await surplusOf(destination);
  await destination`update orders set user_id = 2 where order_id = 99`;
  equal(
    await deleteSurplus(world.destinationUrl, [{
      ...NO_DIFFERENCE,
      table: "orders",
      surplusRows: copies,
    }]),
    1,
  );
  deepEqual(
    (await destination`select order_id from orders where order_id > 30`).map((row) => row.order_id),
    [99],
  );

  await send(world, 3);
  const behind = await world.run(COMPARE, ...world.places, "--delete-surplus");
  equal(behind.code, 0, behind.stderr);
  match(behind.stderr, /deleted nothing from the copies: changes may be on their way to them\n/);
  match(behind.stdout, /orders: 30 equal, 0 different, 0 missing, 1 too many\n/);
});

Deno.test("compare holds a few rows at a time", async () => {
  await using world = await copiedWorld(150_000);
  await world.destination`delete from orders where order_id = 149999`;
  const { code, stdout, stderr } = await world.run(
    "--v8-flags=--max-old-space-size=60",
    COMPARE,
    ...world.places,
  );
  equal(code, 1, stderr);
  match(stdout, /orders: 149,999 equal, 0 different, 1 missing, 0 too many\n +order 149999 is not/);
});

Deno.test("compare's --help tells every flag; what is wrong or not there is told by name", async () => {
  await using world = await ordersWorld();
  const help = await world.run(COMPARE, "--help");
  equal(help.code, 0, help.stderr);
  const told = [...help.stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)(?: <\w+>)? {2,}\S/gm)];
  deepEqual(told.map(([, flag]) => flag), [
    "--source",
    "--source-url",
    "--destination",
    "--connector",
    "--prefix",
    "--delete-surplus",
    "--help",
  ]);
  const wrong = await world.run(COMPARE, "--sources", "x");
  equal(wrong.code, 2);
  match(wrong.stderr, /at --sources: found no such flag/);
  const absent = await world.run(COMPARE, ...world.places, "--destination", "no_such_database");
  equal(absent.code, 1);
  match(
    absent.stderr,
    /Cannot compare orders with their copies at .*no_such_database.*does not exist/,
  );
  equal(absent.stderr.includes("sluice:sluice"), false);
});

/** Rows of a few keys, by key, in order. */
function someRows(random: Random): Map<number, ComparedRow["values"]> {
  const keys = Array.from({ length: 40 }, (_, key) => key).filter(() => random.integer(0, 9) < 6);
  return new Map(
    keys.map((key) => [key, [random.pick(["x", null]), random.pick(["1", "1", "2"])]]),
  );
}

async function* later(
  rows: ReadonlyMap<number, ComparedRow["values"]>,
): AsyncGenerator<ComparedRow> {
  for (const [key, values] of rows) {
    yield await Promise.resolve({ key: BigInt(key), values, version: "" });
  }
}

/** A source with so many orders, and copies as a query would have made them; nothing is captured. */
async function copiedWorld(orders: number): Promise<OrdersWorld> {
  const world = await ordersWorld();
  const rows = `select n as order_id, n as user_id, 'n' || n as name, n::numeric(12, 2) as amount,
    null::text as note from generate_series(1, ${orders}) n`;
  await world.source.unsafe(`insert into orders ${rows}`);
  await world.destination.unsafe(`create table orders as ${rows};
    create table orders_projected as select order_id, user_id, amount, note from orders`);
  return world;
}

/** Puts records into the topic that no query has read. */
async function send({ brokers, topic }: OrdersWorld, count: number): Promise<void> {
  await createTopicIfAbsent({ brokers }, { topic, numPartitions: 3 });
  const producer = createProducer({ brokers });
  try {
    await producer.send(topic, Array.from({ length: count }, (_, i) => ({ value: `change ${i}` })));
  } finally {
    await producer.close();
  }
}

const NO_DIFFERENCE: Omit<ComparedCopy, "table" | "surplusRows"> = {
  sourceRows: 30,
  equal: 30,
  different: 0,
  missing: 0,
  surplus: 0,
  defaultColumns: [],
  differences: [],
  missingColumns: [],
};

/** The orders that no test made, as `compare` sees them now. */
async function surplusOf(destination: OrdersWorld["destination"]): Promise<SurplusRow[]> {
  const rows = await destination`
    select order_id::text as key, xmin::text as version from orders where order_id > 30`;
  return rows.map(({ key, version }) => ({ key: BigInt(key), version }));
}
