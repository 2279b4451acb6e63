import { deepEqual, equal, match, ok, rejects } from "assert";
import type postgres from "postgres";
import { kafka } from "sluice";
import { onFailpoint } from "../../lib/core/mod.ts";
import { createProducer, createTopicIfAbsent } from "../../lib/kafka/mod.ts";
import { simulateUserEvents } from "../../pipelines/producers/user_event_simulator.ts";
import { produceUserEvents } from "../../pipelines/producers/user_events.ts";
import { userState } from "../../pipelines/user_state.ts";
import { readForeign } from "../kafka/foreign_client.ts";
import { checkout } from "../support/paths.ts";
import { Random } from "../support/random.ts";
import { deltaRows, postgresRows, rowText } from "../support/sink_rows.ts";
import { testStack } from "../support/stack.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { deadLetterValues, removeLedger, withSql } from "../support/trade_ledger.ts";

const PARTITIONS = 3;
const NEVER = new AbortController().signal;

/** Records that are no events, each for another reason. */
const NO_EVENTS = [
  "not JSON at all",
  '{"id":1,"name":"Alice","age":30,"op":"upsert","event_order":1,"ts":"2026-01-01T00:00:00Z"}',
  '{"id":1,"name":null,"age":30,"op":"update","event_order":2,"ts":"2026-01-01T00:00:00Z"}',
  '{"id":1,"name":"Alice","age":30,"op":"insert","event_order":3,"ts":"yesterday"}',
  '{"id":1,"name":"Alice","age":30,"op":"insert","ts":"2026-01-01T00:00:00Z"}',
  '{"id":1,"op":"delete","event_order":9223372036854775808,"ts":"2026-01-01T00:00:00Z"}',
];

Deno.test("the command makes events, keeps history and latest state, and goes on at the next run", async () => {
  await using world = await prepare();
  const first = await world.command("--produce", "2000", "--seed", "7");
  equal(first.code, 0, first.stderr);
  match(first.stdout, /read +2,000 records in batch 0\n/);
  match(
    first.stdout,
    /psql "\$DATABASE_URL" -c 'select \* from "\w+_latest" order by id limit 10'/,
  );
  ok(!first.stdout.includes("sluice:sluice"), "a given password is on the screen");

  const second = await world.command("--produce", "1000", "--maxOffsetsPerTrigger", "400");
  equal(second.code, 0, second.stderr);
  match(second.stdout, /read +1,000 records in batches 1 to 3\n/);
  match((await world.command()).stdout, /Nothing new in KafkaV2\[Subscribe\[\w+\]\]/);

  await withSql(world.databaseUrl, async (sql) => {
    const orders = await sql`select event_order::int as n from ${sql(world.history)} order by n`;
    deepEqual(orders.map(({ n }) => n), Array.from({ length: 3_000 }, (_, i) => i + 1));
    deepEqual(await deltaRows(world.lake), await postgresRows(sql, world.history));
    const [differing] = await sql`
      with newest as (
        select distinct on (id) * from ${sql(world.history)} order by id, event_order desc
      ), wanted as (select * from newest where op <> 'delete')
      select (select count(*)::int from wanted) as users,
        (select count(*)::int from
          ((table wanted except table ${sql(world.latest)}) union all
           (table ${sql(world.latest)} except table wanted)) as either) as differ`;
    equal(differing!.differ, 0);
    ok(differing!.users > 50 && differing!.users < 100, `${differing!.users} users`);
  });
});

Deno.test("killed at any time, behind a producer that is restarted, with old events again and bad ones between: the history has all, the latest state is right", async () => {
  await using world = await prepare();
  const random = new Random(20260202);
  const made: string[] = [];
  const sent: string[] = [];
  const bad: string[] = [];
  for (let run = 0; run < 3; run++) {
    const fresh = await world.produce(800, run);
    made.push(...fresh);
    // Upstream sends old events again, into any partition.
    const again = Array.from({ length: 150 }, () => random.pick(made));
    const noEvents = NO_EVENTS.map((value) => `${value}${" ".repeat(run)}`);
    await world.send([...again, ...noEvents].map((value) => ({
      value,
      partition: random.integer(0, PARTITIONS - 1),
    })));
    sent.push(...fresh, ...again);
    bad.push(...noEvents);
    await world.killedAfter(run + 2, "--maxOffsetsPerTrigger", "100");
  }
  const { code, stderr, stdout } = await world.command("--maxOffsetsPerTrigger", "1000");
  equal(code, 0, stderr);
  match(stdout, /dead letters +[1-9]/);

  equal(new Set(made.map(orderOf)).size, made.length, "an event_order was given twice");
  await withSql(world.databaseUrl, async (sql) => {
    const history = sent.map((json) => rowText(JSON.parse(json))).sort();
    deepEqual(await postgresRows(sql, world.history), history);
    deepEqual(await deltaRows(world.lake), history);
    deepEqual(await postgresRows(sql, world.latest), latestOf(made));
  });
  deepEqual(await deadLetterValues(world.databaseUrl, world.history), bad.sort());
});

Deno.test("whoever asks for the latest state meanwhile sees whole batches only", async () => {
  await using world = await prepare();
  await world.produce(900, 3);
  const seen: { readonly ends: Record<string, number>; readonly rows: string[] }[] = [];
  await withSql(world.databaseUrl, async (sql) => {
    const query = await userState({
      source: kafka({ brokers: world.brokers, topic: world.name, maxOffsetsPerTrigger: 60 }),
      databaseUrl: world.databaseUrl,
      historyTable: world.history,
      lakePath: world.lake,
      latestTable: world.latest,
    }, { checkpointLocation: world.checkpoint, trigger: { availableNow: true } });
    onFailpoint(async (name) => {
      if (/^(staged|committing|committed|postgres|operators)/.test(name)) {
        seen.push(await look(sql, world));
      }
    });
    try {
      await query.awaitTermination();
    } finally {
      onFailpoint(undefined);
    }
    seen.push(await look(sql, world));
  });

  const records = await readForeign({ brokers: world.brokers }, world.name, PARTITIONS);
  const partitions = Array.from(
    { length: PARTITIONS },
    (_, partition) =>
      records.filter((record) => record.partition === partition).map(({ value }) => value!),
  );
  for (const { ends, rows } of seen) {
    deepEqual(rows, latestOf(partitions.flatMap((events, i) => events.slice(0, ends[i] ?? 0))));
  }
  const states = new Set(seen.map(({ ends }) => JSON.stringify(ends)));
  equal(states.size, 16, "before the first batch, and behind each of 15");
  ok(seen.length > 100, `only ${seen.length} looks`);
});

Deno.test("event_order goes on where the last events are far behind, and behind great numbers", async () => {
  await using world = await prepare();
  await world.produce(300, 1);
  await world.send(
    Array.from({ length: 4_000 }, (_, i) => ({ value: "no event", partition: i % PARTITIONS })),
  );
  ok(orderOf((await world.produce(1, 1))[0]!) > 300n);

  const great = (order: bigint) => ({ value: `{"id":1,"op":"delete","event_order":${order}}` });
  const last = 9_007_199_254_740_993n;
  await world.send([great(last), great(2n ** 63n)]);
  deepEqual((await world.produce(2, 1)).map(orderOf), [last + 1n, last + 2n]);
  await world.send([great(2n ** 63n - 1n)]);
  await rejects(world.produce(1, 1), /found an event with event_order 9223372036854775807/);
});

Deno.test("simulateUserEvents() inserts who is not there, changes and deletes who is, alike for a seed", () => {
  const start = { eventOrder: 5n, users: new Map([[1, { name: "Zoe", age: 3 }]]), now: () => 0 };
  const take = (seed: number) =>
    simulateUserEvents(seed, start).take(5_000).map(({ json }) => json).toArray();
  deepEqual(take(1), take(1));
  ok(take(1).join() !== take(2).join());

  const present = new Set([1]);
  const ops = { insert: 0, update: 0, delete: 0 };
  for (const [i, json] of take(1).entries()) {
    const { id, name, age, op, event_order } = JSON.parse(json);
    equal(event_order, 5 + i);
    equal(present.has(id), op !== "insert", json);
    equal(name === null && age === null, op === "delete", json);
    if (op === "delete") present.delete(id);
    else present.add(id);
    ops[op as keyof typeof ops]++;
  }
  ok(Object.values(ops).every((times) => times > 500), JSON.stringify(ops));
});

Deno.test("the producer's command shows the events it makes, and which", async () => {
  await using world = await prepare();
  const producer = ["--topic", world.name, "--seed", "1"];
  const { code, stdout, stderr } = await world.run("pipelines/producers/user_events.ts", [
    ...producer,
    ...["--interval", "2", "--count", "20"],
  ]);
  equal(code, 0, stderr);
  const lines = stdout.trim().split("\n");
  deepEqual(lines.slice(0, -1).map(orderOf), Array.from({ length: 20 }, (_, i) => BigInt(i + 1)));
  equal(lines.at(-1), `20 events into ${world.name}: event_order 1 to 20`);
});

Deno.test("--help tells every flag, and a wrong one is refused by name", async () => {
  await using world = await prepare();
  const { code, stdout } = await world.command("--help");
  equal(code, 0);
  const told = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)(?: <\w+>)? {2,}\S/gm)];
  deepEqual(told.map(([, flag]) => flag), [
    "--follow",
    "--trigger",
    "--maxOffsetsPerTrigger",
    "--topic",
    "--produce",
    "--seed",
    "--table",
    "--latest",
    "--lake",
    "--checkpoint",
    "--metrics-port",
    "--json",
    "--help",
  ]);
  const wrong = await world.command("--latests", "x");
  equal(wrong.code, 2);
  match(wrong.stderr, /at --latests: found no such flag/);
});

/** What a reader sees in one statement: the latest state, and up to which offsets it is said to be. */
async function look(sql: postgres.Sql, world: World) {
  const [row] = await sql`
    select
      (select array_agg(to_jsonb(t)::text) from ${sql(world.latest)} t) as rows,
      (select offsets -> ${world.name} from sluice_progress
       where sink = ${`postgres(${world.latest})`}) as ends`;
  const rows = (row!.rows as string[] | null ?? []).map((text) => rowText(JSON.parse(text)));
  return { ends: row!.ends as Record<string, number> ?? {}, rows: rows.sort() };
}

/** The latest state after these events, as rows; sorted. */
function latestOf(events: readonly string[]): string[] {
  const newest = new Map<number, string>();
  for (const json of events) {
    const { id } = JSON.parse(json);
    const before = newest.get(id);
    if (before === undefined || orderOf(before) < orderOf(json)) newest.set(id, json);
  }
  return [...newest.values()].map((json) => JSON.parse(json))
    .filter(({ op }) => op !== "delete").map(rowText).sort();
}

function orderOf(json: string): bigint {
  return BigInt(/"event_order":(\d+)/.exec(json)![1]!);
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface World extends AsyncDisposable {
  /** The topic. */
  readonly name: string;
  readonly history: string;
  readonly latest: string;
  readonly lake: string;
  readonly checkpoint: string;
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  /** Runs the producer once; returns the events it made. */
  produce(count: number, seed: number): Promise<string[]>;
  send(records: readonly { readonly value: string; readonly partition?: number }[]): Promise<void>;
  /** Runs the command on a topic and tables of this test. */
  command(...flags: string[]): Promise<Ended>;
  /** Runs the command and kills it when it has told of so many batches. */
  killedAfter(batches: number, ...flags: string[]): Promise<void>;
  /** Runs any command against the services of the test. */
  run(script: string, flags: readonly string[]): Promise<Ended>;
}

async function prepare(): Promise<World> {
  const { kafkaBrokers: brokers, databaseUrl } = await testStack();
  const folder = await tempFolder();
  const name = `users_${crypto.randomUUID().slice(0, 8)}`;
  const [history, latest] = [`${name}_events`, `${name}_latest`];
  const lake = `${folder.path}/lake`;
  const checkpoint = `${folder.path}/checkpoint`;
  const places = ["--table", history, "--latest", latest, "--lake", lake];
  const job = ["--topic", name, ...places, "--checkpoint", checkpoint];
  await createTopicIfAbsent({ brokers }, { topic: name, numPartitions: PARTITIONS });
  const spawn = (script: string, flags: readonly string[]) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", script, ...flags],
      cwd: checkout,
      env: { DATABASE_URL: databaseUrl, KAFKA_BROKERS: brokers.join(",") },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  const run = async (script: string, flags: readonly string[]): Promise<Ended> => {
    const { code, stdout, stderr } = await spawn(script, flags).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  };
  return {
    name,
    history,
    latest,
    lake,
    checkpoint,
    databaseUrl,
    brokers,
    async produce(count, seed) {
      const events: string[] = [];
      const onEvent = (json: string) => void events.push(json);
      const how = { count, seed, intervalMs: 0, signal: NEVER, onEvent };
      await produceUserEvents({ brokers, topic: name, ...how });
      return events;
    },
    async send(records) {
      const producer = createProducer({ brokers });
      try {
        await producer.send(name, records);
      } finally {
        await producer.close();
      }
    },
    command: (...flags) => run("pipelines/user_state.ts", [...job, ...flags]),
    async killedAfter(batches, ...flags) {
      const child = spawn("pipelines/user_state.ts", [...job, ...flags]);
      const stderr = new Response(child.stderr).text();
      let printed = "";
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        printed += text;
        if (printed.split("batchId ").length <= batches) continue;
        child.kill("SIGKILL");
        break;
      }
      equal(
        (await child.status).signal,
        "SIGKILL",
        `it ended before it was killed: ${await stderr}`,
      );
    },
    run,
    async [Symbol.asyncDispose]() {
      await removeLedger(brokers, databaseUrl, [name], history);
      await removeLedger(brokers, databaseUrl, [], latest);
      await folder[Symbol.asyncDispose]();
    },
  };
}
