import { deepEqual, equal, match, ok } from "assert";
import { checkout } from "../support/paths.ts";
import { freePorts } from "../support/ports.ts";
import { testStack } from "../support/stack.ts";
import { tempFolder } from "../support/temp_folder.ts";
import {
  deadLetterValues,
  deltaTradeIds,
  postgresTradeIds,
  removeLedger,
  withSql,
} from "../support/trade_ledger.ts";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

Deno.test("the command makes trades, drains them, sums up, and goes on at the next run", async () => {
  await using world = await prepare();
  const first = await world.command("--produce", "500", "--seed", "7");
  equal(first.code, 0, first.stderr);
  match(
    first.stdout,
    /batchId 0 \| 500 records \| postgres\(\w+\) 500 \| delta\(.*\) 500 \(version 0\)/,
  );
  match(first.stdout, /read +500 records in batch 0\n/);
  match(first.stdout, /dead letters +0\n +lag +0\n/);
  ok(!first.stdout.includes("sluice:sluice"), "a given password is on the screen");

  const second = await world.command("--produce", "300", "--maxOffsetsPerTrigger", "100");
  equal(second.code, 0, second.stderr);
  match(second.stdout, /read +300 records in batches 1 to 3\n/);

  const third = await world.command();
  match(third.stdout, /Nothing new in KafkaV2\[Subscribe\[\w+\]\]/);

  const ids = Array.from({ length: 800 }, (_, i) => BigInt(i + 1));
  deepEqual(await postgresTradeIds(world.databaseUrl, world.name), ids);
  deepEqual(await deltaTradeIds(world.lake), ids);
});

Deno.test("--json prints a StreamingQueryProgress object a batch, and nothing else", async () => {
  await using world = await prepare();
  const { stdout, code } = await world.command(
    "--produce",
    "250",
    "--maxOffsetsPerTrigger",
    "100",
    "--json",
  );
  equal(code, 0);
  const batches = stdout.trim().split("\n").map((line) => JSON.parse(line));
  deepEqual(batches.map(({ batchId }) => batchId), [0, 1, 2]);
  deepEqual(batches.map(({ numInputRows }) => numInputRows), [100, 100, 50]);
  ok(batches.every(({ sinks }) => sinks.length === 2));
});

Deno.test("a recorded topic goes through the same job without Kafka or Java", async () => {
  await using world = await prepare();
  const { stdout, code, stderr } = await world.withoutKafka(
    "--source",
    "data/samples/trades.ndjson",
    "--table",
    world.name,
    "--lake",
    world.lake,
    "--checkpoint",
    `${world.folder}/checkpoint`,
  );
  equal(code, 0, stderr);
  match(stdout, /read +2,003 records in batch 0\n/);
  match(stdout, /dead letters +3\n/);
  equal((await postgresTradeIds(world.databaseUrl, world.name)).length, 2_000);
  equal((await deltaTradeIds(world.lake)).length, 2_000);
  const letters = await deadLetterValues(world.databaseUrl, world.name);
  ok(letters.includes("not JSON at all"));
});

Deno.test("--metrics-port serves what the query does while it runs", async () => {
  await using world = await prepare();
  const port = freePorts(1);
  const metrics = `http://127.0.0.1:${port}/metrics`;
  const running = world.start("--follow", "--produce", "250", "--metrics-port", String(port));
  try {
    let text = "";
    while (!/^sluice_input_rows_total\{.*\} 250$/m.test(text)) {
      text = await fetch(metrics).then((answer) => answer.text(), () => "");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    match(text, /^sluice_query_up\{query="multisink",.*\} 1$/m);
  } finally {
    running.kill("SIGTERM");
    equal((await running.output()).code, 0);
  }
});

Deno.test("without Java the command says so and offers the recorded topic", async () => {
  await using world = await prepare();
  const { code, stderr } = await world.withoutKafka();
  equal(code, 1);
  match(stderr, /no Java 17/);
  match(stderr, /pipeline:multisink --source data\/samples\/trades\.ndjson/);
});

Deno.test("a table that does not fit stops the command before anything is read", async () => {
  await using world = await prepare();
  await withSql(
    world.databaseUrl,
    (sql) => sql.unsafe(`create table ${world.name} (symbol text, price double precision)`),
  );
  const { code, stderr } = await world.command("--produce", "10");
  equal(code, 1);
  match(stderr, new RegExp(world.name));
  match(stderr, /^ {2}price: double precision, wanted numeric\(18,8\) not null$/m);
  match(stderr, /^ {2}trade_id: no such column, wanted bigint not null$/m);
});

Deno.test("a flag that nobody reads, or that makes no sense, is refused by name", async () => {
  await using world = await prepare();
  for (
    const [flags, message] of [
      [["--folow"], /at --folow: found no such flag, wanted one of --follow, /],
      [["--table"], /at --table: found nothing, wanted a value <name> after it/],
      [["--lake", "--json"], /at --lake: found --json, wanted a value <path> after it/],
      [["trades"], /at "trades": found no flag/],
      [["--maxOffsetsPerTrigger", "many"], /--maxOffsetsPerTrigger: found "many"/],
      [["--trigger", "soon"], /--trigger: found "soon", wanted availableNow, once, or an interval/],
      [["--follow", "--trigger", "once"], /once together with --follow/],
      [["--source", "x", "--topic", "y"], /--topic: found --source beside it/],
      [["--dlq-topic", world.name], /the topic that is read/],
    ] as const
  ) {
    const { code, stderr } = await world.command(...flags);
    equal(code, 2);
    match(stderr, message);
  }
});

Deno.test("--help tells every flag", async () => {
  await using world = await prepare();
  for (const help of ["--help", "-h"]) {
    const { code, stdout } = await world.command(help);
    equal(code, 0);
    const told = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)(?: <\w+>)? {2,}\S/gm)];
    deepEqual(told.map(([, flag]) => flag).sort(), [
      "--checkpoint",
      "--dlq-topic",
      "--follow",
      "--help",
      "--json",
      "--lake",
      "--maxOffsetsPerTrigger",
      "--metrics-port",
      "--produce",
      "--seed",
      "--source",
      "--table",
      "--topic",
      "--trigger",
    ]);
  }
});

interface World extends AsyncDisposable {
  readonly name: string;
  readonly folder: string;
  readonly lake: string;
  readonly databaseUrl: string;
  /** Runs the command on a topic and tables of this test. */
  command(...flags: string[]): Promise<Ended>;
  /** As `command`, while it goes on. */
  start(...flags: string[]): Deno.ChildProcess;
  /** Runs it where there is neither Kafka nor Java. */
  withoutKafka(...flags: string[]): Promise<Ended>;
}

async function prepare(): Promise<World> {
  const { kafkaBrokers: brokers, databaseUrl } = await testStack();
  const folder = await tempFolder();
  const name = `command_${crypto.randomUUID().slice(0, 8)}`;
  const lake = `${folder.path}/lake`;
  const spawn = (flags: string[], env: Record<string, string>) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "pipelines/multisink.ts", ...flags],
      cwd: checkout,
      env: { DATABASE_URL: databaseUrl, ...env },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  const run = async (flags: string[], env: Record<string, string>): Promise<Ended> => {
    const { code, stdout, stderr } = await spawn(flags, env).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  };
  const withKafka = { KAFKA_BROKERS: brokers.join(",") };
  const places = ["--table", name, "--lake", lake, "--checkpoint", `${folder.path}/checkpoint`];
  return {
    name,
    folder: folder.path,
    lake,
    databaseUrl,
    command: (...flags) => {
      const topic = flags.includes("--source") ? [] : ["--topic", name];
      return run([...topic, ...places, ...flags], withKafka);
    },
    start: (...flags) => spawn(["--topic", name, ...places, ...flags], withKafka),
    withoutKafka: (...flags) => run(flags, { KAFKA_BROKERS: "", PATH: folder.path, JAVA_HOME: "" }),
    async [Symbol.asyncDispose]() {
      await removeLedger(brokers, databaseUrl, [name], name);
      await folder[Symbol.asyncDispose]();
    },
  };
}
