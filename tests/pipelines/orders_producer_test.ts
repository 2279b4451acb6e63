import { deepEqual, equal, match, ok } from "assert";
import { type OrderChange, OrderSimulator } from "../../pipelines/producers/order_simulator.ts";
import { changeOrders } from "../../pipelines/producers/orders.ts";
import { ordersWorld } from "./orders_world.ts";

const PRODUCER = "pipelines/producers/orders.ts";

Deno.test("OrderSimulator inserts orders, changes, moves and removes those that are there, alike for a seed", () => {
  deepEqual(simulate(1, 2_000), simulate(1, 2_000));
  ok(JSON.stringify(simulate(1, 50)) !== JSON.stringify(simulate(2, 50)));

  const present = new Set([1, 2, 3]);
  let nextId = 4;
  const ops = { insert: 0, update: 0, rekey: 0, delete: 0 };
  for (const change of simulate(1, 5_000)) {
    ops[change.op]++;
    if (change.op === "insert") {
      present.add(nextId++);
      continue;
    }
    ok(present.has(change.orderId), JSON.stringify(change));
    if (change.op === "update") equal(Object.keys(change.columns).length, 1);
    else present.delete(change.orderId);
    if (change.op === "rekey") present.add(nextId++);
  }
  ok(Object.values(ops).every((times) => times > 100), JSON.stringify(ops));
});

Deno.test("changeOrders() leaves the table as its changes say, and goes on with the orders that are there", async () => {
  await using world = await ordersWorld();
  const { source, sourceUrl } = world;
  const signal = new AbortController().signal;
  for (let run = 1; run <= 2; run++) {
    const before = await world.sourceRows();
    const changed = await changeOrders({ sourceUrl, count: 300, intervalMs: 0, seed: run, signal });
    equal(changed.insert + changed.update + changed.rekey + changed.delete, 300);
    equal((await world.sourceRows()).length - before.length, changed.insert - changed.delete);
    ok(Math.min(...Object.values(changed)) > 0, JSON.stringify(changed));
  }
  // Somebody else removes orders that it knows of.
  const removing = source`delete from orders where order_id % 2 = 0`;
  const changed = await changeOrders({ sourceUrl, count: 200, intervalMs: 0, seed: 3, signal });
  await removing;
  equal(Object.values(changed).reduce((sum, times) => sum + times, 0), 200);
});

Deno.test("the producer's command shows the changes it makes, and how many; --help tells its flags", async () => {
  await using world = await ordersWorld();
  const places = world.places.slice(0, 2);
  const flags = [...places, "--seed", "1", "--interval", "2", "--count", "20"];
  const { code, stdout, stderr } = await world.run(PRODUCER, ...flags);
  equal(code, 0, stderr);
  const lines = stdout.trim().split("\n");
  const changes = lines.slice(0, -1).map((line) => JSON.parse(line) as OrderChange);
  equal(changes.length, 20);
  const inserted = changes.filter(({ op }) => op === "insert").length;
  match(lines.at(-1)!, new RegExp(`^20 changes of orders: ${inserted} inserted, \\d+ updated, `));

  const help = await world.run(PRODUCER, "--help");
  const told = [...help.stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)(?: <\w+>)? {2,}\S/gm)];
  deepEqual(told.map(([, flag]) => flag), [
    "--interval",
    "--count",
    "--seed",
    "--source",
    "--source-url",
    "--help",
  ]);
  const wrong = await world.run(PRODUCER, ...places, "--count", "few");
  equal(wrong.code, 2);
  match(wrong.stderr, /--count: found "few", wanted a whole number/);
  const absent = await world.run(PRODUCER, "--source", "no_such_database", "--count", "1");
  equal(absent.code, 1);
  match(absent.stderr, /Cannot change orders at .*no_such_database.*does not exist/);
});

/** The changes of a seed, on a table with orders 1 to 3. */
function simulate(seed: number, count: number): OrderChange[] {
  const simulator = new OrderSimulator(seed, [1, 2, 3]);
  let nextId = 4;
  return Array.from({ length: count }, () => {
    const change = simulator.next();
    if (change.op === "delete" || change.op === "rekey") simulator.removed(change.orderId);
    if (change.op === "insert" || change.op === "rekey") simulator.added(nextId++);
    return change;
  });
}
