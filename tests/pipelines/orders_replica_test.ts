import { deepEqual, equal, match, ok, rejects } from "assert";
import { createHash } from "node:crypto";
import connectPostgres, { type Sql } from "postgres";
import { topicOffsets } from "../../lib/kafka/mod.ts";
import { stackStatus } from "../../lib/stack/mod.ts";
import { mariadbSource } from "../../pipelines/capture/source_database.ts";
import { untilBinlogCaptured } from "../../pipelines/capture/until_binlog_captured.ts";
import { untilCaptured } from "../../pipelines/capture/until_captured.ts";
import { changeOrders } from "../../pipelines/producers/orders.ts";
import { until } from "../connect/change_source.ts";
import { checkout } from "../support/paths.ts";
import { readRecords, withSource } from "../kafka/test_topic.ts";
import { testConnect, testStack, testStackOptions } from "../support/stack.ts";
import { type OrdersWorld, ordersWorld, withoutNames } from "./orders_world.ts";

const NEVER = new AbortController().signal;

/** A text that Postgres keeps outside of the row, and cannot make much smaller. */
const MEGABYTE = "(select string_agg(md5(n::text), '') from generate_series(1, 32768) n)";

Deno.test("the command captures a table into two copies, deletes included, and goes on at the next run", async () => {
  await using world = await ordersWorld();
  await changeOrders({
    sourceUrl: world.sourceUrl,
    count: 100,
    intervalMs: 0,
    seed: 1,
    signal: NEVER,
  });
  const first = await world.command("--changes", "400", "--seed", "7");
  equal(first.code, 0, first.stderr);
  match(first.stdout, /batchId 0 \| [\d,]+ records \| postgres\(orders\)/);
  match(first.stdout, /psql "\$DATABASE_URL" -c '\\c \w+_copies' -c 'select count/);
  match(first.stdout, /deno task compare --source \w+_source --destination \w+_copies --connector/);
  ok(!first.stdout.includes("sluice:sluice"), "a given password is on the screen");
  await requireEqual(world);

  const second = await world.command("--changes", "300", "--maxOffsetsPerTrigger", "100");
  equal(second.code, 0, second.stderr);
  match(second.stdout, /read +\d+ records in batches 1 to [3-9]\n/);
  await requireEqual(world);
  match((await world.command()).stdout, /Nothing new in KafkaV2\[Subscribe\[/);

  const totals = "select count(*)::int as rows, count(distinct order_id)::int as keys from orders";
  const [total] = await world.destination.unsafe(totals);
  const { rows, keys } = total!;
  ok(rows > 50 && rows === keys, `${rows} rows, ${keys} keys`);
  const columns = await world.destination`select column_name as name
    from information_schema.columns where table_name = 'orders_projected' order by ordinal_position`;
  deepEqual(columns.map(({ name }) => name), ["order_id", "user_id", "amount", "note"]);
});

Deno.test("a text of a megabyte that no update touches stays, whether it is sent along or not, and moves with its key", async () => {
  await using world = await ordersWorld();
  const { source } = world;
  await world.capture();
  await source.unsafe(`insert into orders (order_id, user_id, name, note)
    select n, n, 'old', ${MEGABYTE} from generate_series(1, 3) n`);
  await world.drain();
  await source`update orders set name = 'new', amount = 9007199254.99 where order_id <= 2`;
  await source`update orders set order_id = 11 where order_id = 1`;
  await world.drain();
  await requireEqual(world);

  // Without the row before it, Debezium is not told of the text.
  await source`alter table orders replica identity default`;
  await source`update orders set user_id = -5, amount = 0.01 where order_id in (2, 11)`;
  await source`update orders set note = null where order_id = 3`;
  await source`delete from orders where order_id = 2`;
  await world.drain();
  await requireEqual(world);
  const values = await valuesOf(world);
  equal(values.filter((value) => value.includes("__debezium_unavailable_value")).length, 2);
  const [{ length } = {}] = await world.destination`
    select length(note) from orders_projected where order_id = 11`;
  equal(length, 1_048_576);
});

Deno.test("a table that is there is captured when the whole snapshot of it is in the topic", async () => {
  await using world = await ordersWorld();
  const { brokers, source, sourceUrl, name, topic } = world;
  const rows = 100_000;
  await source`insert into orders (user_id, name) select n, 'old' from generate_series(1, ${rows}::int) n`;
  await world.capture();
  await untilCaptured(sourceUrl, name);
  const { latest } = await topicOffsets({ brokers }, topic);
  equal(sum(Object.values(latest[topic]!)), BigInt(rows));

  // Idle from here on: a Connect that starts again is at the end of the log.
  await world.connect.restart(name);
  await untilCaptured(sourceUrl, name);
  equal((await topicOffsets({ brokers }, topic)).latest[topic]![0], latest[topic]![0]);

  for (const [setting, value] of [["topic.prefix", "x"], ["table.include.list", "public.x"]]) {
    await rejects(world.capture({ [setting!]: value! }), {
      code: "CONNECTOR_DIFFERS",
      message: new RegExp(`a connector with ${setting} .*wanted "${value}".*--connector`),
    });
  }
  equal((await world.connect.config(name))!["topic.prefix"], name);
});

Deno.test("a new column arrives under load, and a change that does not fit stops the query by name", async () => {
  await using world = await ordersWorld();
  const { source, sourceUrl } = world;
  await world.capture();
  const change = (count: number, seed: number) =>
    changeOrders({ sourceUrl, count, intervalMs: 0, seed, signal: NEVER });
  await change(200, 1);
  const load = change(600, 2);
  await source`alter table orders add column channel text, add column weight numeric(10, 3)`;
  await load;
  await source`update orders set channel = 'shop ' || order_id, weight = order_id / 8.0`;
  await change(100, 3);
  await world.drain();
  await requireEqual(world);
  const [{ set } = {}] = await world.destination`
    select count(*)::int as set from orders_projected where channel like 'shop %' and weight > 0`;
  ok(set > 50, `${set} rows with the new columns`);

  const before = await world.copyRows();
  await source`alter table orders alter column user_id type text using 'user ' || user_id`;
  await source`insert into orders (user_id, name) values ('user X', 'Zoe')`;
  await rejects(world.drain(), { code: "SCHEMA_CHANGED", message: /user_id/ });
  deepEqual(await world.copyRows(), before);
});

Deno.test("Kafka Connect and the pipeline are killed under load, and the copies come to be the same as the source", async () => {
  await using world = await ordersWorld();
  await world.capture();
  const stop = new AbortController();
  const load = changeOrders({
    sourceUrl: world.sourceUrl,
    intervalMs: 2,
    seed: 20260303,
    signal: stop.signal,
  });
  try {
    await world.killedAfter(3, "--follow", "--maxOffsetsPerTrigger", "100");
    await until("its position is stored", async () => {
      const response = await fetch(`${world.connect.where}/connectors/${world.name}/offsets`);
      const [{ offset } = { offset: {} }] = (await response.json()).offsets ?? [];
      return "lsn" in offset && !("snapshot" in offset);
    });
    if (!Deno.env.get("CONNECT_URL")) await killConnect(); // else it is not ours to kill
    equal(await testConnect(), world.connect.where);
    await world.connect.waitUntilRunning(world.name);
    await world.killedAfter(2, "--follow", "--maxOffsetsPerTrigger", "50");
  } finally {
    stop.abort();
  }
  const { insert, update, rekey, delete: deleted } = await load;
  ok(Math.min(insert, update, rekey, deleted) > 0, "not all kinds of changes");
  await world.drain();
  await requireEqual(world);
});

Deno.test("a new snapshot brings what changed meanwhile, but not what was deleted: compare tells of it", async () => {
  await using world = await ordersWorld();
  const { source } = world;
  await source`insert into orders (user_id, name) select n, 'old' from generate_series(1, 50) n`;
  await world.capture();
  await source`update orders set name = 'newer' where order_id <= 20`;
  await world.drain();
  await requireEqual(world);

  await world.forgetConnector();
  await source`delete from orders where order_id in (7, 30)`;
  await source`update orders set amount = 5 where order_id in (8, 31)`;
  await source`update orders set order_id = 99 where order_id = 50`;
  await source`insert into orders (user_id, name) values (1, 'while nobody watched')`;
  await world.capture();
  await source`update orders set amount = 6 where order_id = 9`;
  await world.drain();

  const wanted = await world.sourceRows();
  const copied = await world.copyRows();
  deepEqual(wanted.filter((row) => !copied.includes(row)), []);
  const surplus = copied.filter((row) => !wanted.includes(row)).map((row) => JSON.parse(row));
  deepEqual(surplus.map(({ order_id }) => Number(order_id)).sort((a, b) => a - b), [7, 30, 50]);

  const compared = await world.run("pipelines/compare.ts", ...world.places);
  equal(compared.code, 1, compared.stdout + compared.stderr);
  match(compared.stdout, /orders: 49 equal, 0 different, 0 missing, 3 too many\n/);
  match(compared.stdout, /order 7 is not in the source\n.*order 30 .*\n.*order 50 /);
  const cleaned = await world.run("pipelines/compare.ts", ...world.places, "--delete-surplus");
  equal(cleaned.code, 0, cleaned.stdout + cleaned.stderr);
  match(cleaned.stderr, /deleted 6 rows from the copies\n/);
  await requireEqual(world);
});

Deno.test("a change of a transaction that was open while the snapshot was taken is in the copies, though its position is older", async () => {
  await using world = await ordersWorld();
  const { name, source } = world;
  await source`insert into orders (user_id, name) values (1, 'old'), (2, 'other')`;
  // Else Debezium would wait for the open transaction to change the table's identity.
  await source`alter table orders replica identity full`;
  await source.unsafe(`create publication ${name} for table orders`);
  const transactions = Array.from(
    { length: 3 },
    () => connectPostgres(world.sourceUrl, { max: 1 }),
  );
  const [first, second, third] = transactions as [Sql, Sql, Sql];
  // A slot waits for the transactions that it finds, and then for those that began meanwhile.
  await first.unsafe("begin; select pg_current_xact_id()");
  const captured = world.capture({
    // Its messages would give the change a commit before it.
    "heartbeat.action.query": "select 1",
    "publication.autocreate.mode": "disabled",
  });
  await until("the slot waits", () => isWaitingFor(source, first));
  await second.unsafe("begin; select pg_current_xact_id()");
  await first.unsafe("commit");
  await until("the slot waits again", () => isWaitingFor(source, second));
  await third.unsafe("begin; update orders set name = 'new' where order_id = 1");
  await second.unsafe("commit");
  await captured;
  await until("the snapshot is there", async () => {
    return sum(
      Object.values(
        (await topicOffsets({ brokers: world.brokers }, world.topic)).latest[world.topic]!,
      ),
    ) >= 2n;
  });
  await third.unsafe("commit");
  for (const transaction of transactions) await transaction.end();
  await world.drain();
  await requireEqual(world);

  const changes = (await valuesOf(world)).filter((value) => value.startsWith("{"))
    .map((value) => JSON.parse(value).payload).filter(({ after }) => after.order_id === 1);
  deepEqual(changes.map(({ op }) => op), ["r", "u"]);
  const [snapshot, change] = changes.map(({ source }) => BigInt(source.lsn));
  ok(change! < snapshot!, "the case was not met");
  equal(JSON.parse(changes[1].source.sequence)[0], null);
});

Deno.test("--help tells every flag, and a wrong one is refused by name", async () => {
  const run = async (...flags: string[]) => {
    const args = ["run", "-A", "--no-check", "pipelines/orders_replica.ts", ...flags];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  };
  const { code, stdout } = await run("--help");
  equal(code, 0);
  const told = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)(?: <\w+>)? {2,}\S/gm)];
  deepEqual(told.map(([, flag]) => flag), [
    "--follow",
    "--trigger",
    "--maxOffsetsPerTrigger",
    "--source",
    "--source-url",
    "--destination",
    "--connector",
    "--prefix",
    "--changes",
    "--seed",
    "--checkpoint",
    "--metrics-port",
    "--json",
    "--help",
  ]);
  const wrong = await run("--change", "x");
  equal(wrong.code, 2);
  match(wrong.stderr, /at --change: found no such flag/);
});

Deno.test("an address that is wrong is told by its place, without a trace and without its password", async () => {
  const { databaseUrl, kafkaBrokers } = await testStack();
  const login = new URL(databaseUrl);
  login.password = "hunter2";
  const env = { KAFKA_BROKERS: kafkaBrokers.join(","), CONNECT_URL: "http://127.0.0.1:1" };
  const wrong: [script: string, url: string, flags: string[], message: RegExp][] = [
    [
      "orders_replica",
      databaseUrl,
      ["--source-url", "hunter2"],
      /--source-url: found text that is no/,
    ],
    ["orders_replica", "hunter2", [], /at DATABASE_URL: found text that is no URL/],
    ["compare", "mysql://me:hunter2@x/y", [], /DATABASE_URL: found a URL that starts with mysql:/],
    ["funds", "postgres://me:hunter2%@x/y", [], /DATABASE_URL: found a % that is not followed by/],
    ["funds", "postgres://me:hunter2@127.0.0.1:1/y", [], /at 127.0.0.1:1\/y: found .*REFUSED/],
    ["inventory", "hunter2", [], /at (DATABASE|MYSQL)_URL: found text that is no URL/],
    ["orders_replica", login.href, [], /password authentication failed/],
  ];
  await Promise.all(wrong.map(async ([script, DATABASE_URL, flags, message]) => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", `pipelines/${script}.ts`, ...flags],
      cwd: checkout,
      env: { ...env, DATABASE_URL, MYSQL_URL: "hunter2" },
    }).output();
    const text = new TextDecoder().decode(stderr);
    match(text, message);
    equal(code, 1, text);
    ok(!/hunter2|^ +at |Uncaught/m.test(text), text);
  }));
  const away = "mysql://me:hunter2@127.0.0.1:1/shop";
  const told = { code: "MYSQL_FAILED", message: /at 127.0.0.1:1: found .*REFUSED/ };
  const schemaPath = `${checkout}/data/inventory/mariadb.sql`;
  await rejects(mariadbSource({ serverUrl: away, name: "x", schemaPath }), told);
  await rejects(untilBinlogCaptured(away, "http://127.0.0.1:1", "x"), told);
});

async function requireEqual(world: OrdersWorld): Promise<void> {
  const wanted = await world.sourceRows();
  deepEqual(readable(await world.copyRows()), readable(wanted));
  deepEqual(readable(await world.copyRows("orders_projected")), readable(withoutNames(wanted)));
}

/** Rows with a hash for each long text, so that a failure fits on a screen. */
function readable(rows: readonly string[]): string[] {
  return rows.map((row) =>
    row.replace(/\w{1000,}/g, (text) => `sha256 ${createHash("sha256").update(text).digest("hex")}`)
  );
}

async function valuesOf({ brokers, topic }: OrdersWorld): Promise<string[]> {
  let values: string[] = [];
  await withSource({ topic, connection: { brokers } }, async (source) => {
    values = (await readRecords(source)).map(({ value }) => value ?? "");
  });
  return values;
}

/** True if a session waits for a transaction to end. */
async function isWaitingFor(sql: Sql, transaction: Sql): Promise<boolean> {
  const [{ pid } = {}] = await transaction`select pg_backend_pid() as pid`;
  const [waiting] =
    await sql`select 1 from pg_stat_activity where ${pid} = any(pg_blocking_pids(pid))`;
  return waiting !== undefined;
}

function sum(offsets: readonly bigint[]): bigint {
  return offsets.reduce((total, offset) => total + offset, 0n);
}

/** Kills the tests' own Kafka Connect; it is gone when this returns. */
async function killConnect(): Promise<void> {
  const { stateDir } = testStackOptions();
  const status = async () => (await stackStatus({ stateDir: stateDir!, services: ["connect"] }))[0];
  Deno.kill((await status())!.pid!, "SIGKILL");
  await until("it is dead", async () => (await status())?.state === "died");
}
