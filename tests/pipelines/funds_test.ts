import { deepEqual, equal, match, ok } from "assert";
import { untilCaptured } from "../../pipelines/capture/until_captured.ts";
import type { FundChange } from "../../pipelines/producers/change_funds.ts";
import { until } from "../connect/change_source.ts";
import { runPython } from "../support/python.ts";
import { command, longText, postgresTrail, prepareFunds, TABLES } from "./funds_world.ts";

Deno.test("the command captures two tables, keeps every change once, and goes on at the next run", async () => {
  await using world = await prepareFunds();
  const first = await world.command("--changes", "150", "--seed", "3");
  equal(first.code, 0, first.stderr);
  match(first.stdout, /fund_metadata_trail: each change once/);
  match(first.stdout, /fund_unit_trail: each change once/);
  match(
    first.stdout,
    /psql "\$DATABASE_URL" -c 'select \* from "fund_metadata_trail" order by lsn/,
  );
  ok(!first.stdout.includes("sluice:sluice"), "a given password is on the screen");

  const history = await world.change(100, 4);
  const second = await world.command();
  equal(second.code, 0, second.stderr);
  for (const table of TABLES) {
    const trail = await world.trail(table);
    const made = history.filter((change) => change.table === table);
    deepEqual(trail.slice(-made.length), made);
    await world.refuseDifferences(table);
  }
  match(
    (await world.command()).stdout,
    /Nothing new in KafkaV2\[Subscribe\[\w+\.public\.fund_unit\]\]/,
  );

  const found = await runPython(
    "read_delta.py",
    `${world.lake}/fund_metadata`,
    "select deleted, count(*), sum(fund_price) from t group by deleted order by deleted",
  ) as { partitionColumns: string[]; answers: string[][][] };
  deepEqual(found.partitionColumns, ["change_date"]);
  const answers = await world.sql((sql) =>
    sql`select deleted, count(*)::text, sum(fund_price)::text from fund_metadata_trail
      group by deleted order by deleted`
  );
  deepEqual(
    found.answers[0],
    answers.map(({ deleted, count, sum }) => [deleted ? "True" : "False", count, sum]),
  );
});

Deno.test("Connect and the pipeline killed, changes sent again and read again: every change is in the trails once, and their ends are the source", async () => {
  await using world = await prepareFunds();
  await world.change(60, 1);
  // Before its first position is stored: it reads the tables a second time.
  await world.capture();
  await until("the tables are read", async () => (await world.records("fund_metadata")) > 0);
  await world.killConnect();
  await untilCaptured(world.sourceUrl, world.name);
  equal((await world.command()).code, 0);
  for (const table of TABLES) {
    deepEqual(await world.trail(table), [], "no change yet, only rows that were read");
    await world.refuseDifferences(table);
  }

  const history: FundChange[] = [];
  for (let round = 0; round < 3; round++) {
    const before = await world.records("fund_metadata");
    history.push(...await world.change(60, 10 + round));
    // In Kafka, but mostly not noted yet: it is sent again.
    await until("changes are there", async () => await world.records("fund_metadata") > before);
    if (round === 1) await world.killConnect();
    history.push(await world.touchLongest(round === 0 ? longText() : undefined));
    await world.killedAfter(round === 0 ? 1 : 2, "--maxOffsetsPerTrigger", "12");
  }
  equal((await world.command()).code, 0);
  for (const table of TABLES) {
    deepEqual(await world.trail(table), history.filter((change) => change.table === table));
    await world.refuseDifferences(table);
  }

  const [{ long } = {}] = await world.sql((sql) =>
    sql`select count(*)::int as long from fund_metadata_trail where length(fund_description) > 1e6`
  );
  ok(long >= 3, `a text that was left alone is in ${long} changes only`);

  // A query that knows nothing of the first reads all of it again, into the same tables.
  const rows = await world.sql((sql) => postgresTrail(sql, "fund_metadata_trail"));
  equal((await world.command("--checkpoint", `${world.lake}/../other`)).code, 0);
  deepEqual(await world.sql((sql) => postgresTrail(sql, "fund_metadata_trail")), rows);
  for (const table of TABLES) await world.refuseDifferences(table);
});

Deno.test("a new column of the source is in the trails from then on, and one of another type stops the query", async () => {
  await using world = await prepareFunds();
  await world.change(20, 5);
  equal((await world.command()).code, 0);
  await world.source("alter table fund_metadata add column risk_class numeric(6, 1)");
  const changes = [await world.touchLongest(), ...await world.change(30, 6)];
  await world.source("update fund_metadata set risk_class = fund_id + 1000.5");
  const { code, stderr } = await world.command();
  equal(code, 0, stderr);
  await world.refuseDifferences("fund_metadata");
  await world.refuseDifferences("fund_unit");
  const made = changes.filter(({ table }) => table === "fund_metadata");
  const trail = await world.trail("fund_metadata");
  deepEqual(
    trail.filter(({ row }) => row.includes('"risk_class": null')).slice(-made.length),
    made,
  );
  match(trail.at(-1)!.row, /"risk_class": 10\d\d\.5\b/);

  await world.source(`alter table fund_unit alter column fund_id type bigint;
    insert into fund_unit (unit_price, unit_date) values (1, '2026-01-01')`);
  const stopped = await world.command();
  equal(stopped.code, 1);
  match(
    stopped.stderr,
    /column "fund_id",.*: found int64( or null)?, where it was int32( or null)? before/,
  );
});

Deno.test("the producer's command shows the changes it makes, alike for a seed", async () => {
  await using world = await prepareFunds();
  await using other = await prepareFunds();
  const made: string[][] = [];
  for (const { name } of [world, other]) {
    const { code, stdout, stderr } = await world.run("pipelines/producers/funds.ts", [
      ...["--database", name, "--interval", "1", "--count", "30", "--seed", "1"],
    ]);
    equal(code, 0, stderr);
    made.push(stdout.replaceAll(name, "").replaceAll(/"updated_at": \d+/g, "").trim().split("\n"));
  }
  deepEqual(made[0], made[1]);
  const shown = made[0]!.slice(0, -1);
  ok(shown.every((line) => /^[cud] fund_(metadata|unit) \{.*\}$/.test(line)), shown.join("\n"));
  equal(made[0]!.at(-1), `${shown.length} changes of rows in database`);
});

Deno.test("--help tells every flag, and a wrong one is refused by name", async () => {
  const run = (...flags: string[]) => command("pipelines/funds.ts", flags, {}).output();
  const { code, stdout } = await run("--help");
  equal(code, 0);
  const told = [...new TextDecoder().decode(stdout).matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)];
  deepEqual(told.map(([, flag]) => flag), [
    "--follow",
    "--trigger",
    "--maxOffsetsPerTrigger",
    "--changes",
    "--seed",
    "--database",
    "--connector",
    "--prefix",
    "--lake",
    "--checkpoint",
    "--metrics-port",
    "--json",
    "--help",
  ]);
  const wrong = await run("--tables", "x");
  equal(wrong.code, 2);
  match(new TextDecoder().decode(wrong.stderr), /at --tables: found no such flag/);
});
