import { deepEqual, equal, match, ok } from "assert";
import { DeltaTable } from "../../lib/delta/mod.ts";
import { type Fault, MultisinkProcess, PAUSED, runMultisink } from "../faults/multisink_process.ts";
import { withForeignProducer } from "../kafka/foreign_client.ts";
import { checkout } from "../support/paths.ts";
import { testStack } from "../support/stack.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { produceLedger, removeLedger, withSql } from "../support/trade_ledger.ts";

const TRADES = 500;
const BAD_EVERY = 100;
const MAX_OFFSETS_PER_TRIGGER = 100;
const AGREES =
  "audit: 6 batches agree: planned 505 records = 500 rows + 5 dead letters in each sink";

Deno.test("a query that ran to its end agrees, dead letters included", async () => {
  await using world = await prepare();
  await world.run();
  const { code, stdout, lastLine } = await world.audit();
  equal(code, 0);
  equal(lastLine, AGREES);
  match(stdout, /^BATCH +PLANNED +POSTGRES +DELTA +DEAD LETTERS +VERSION$/m);
  match(stdout, /^0 to 5 +505 +500 +500 +5 +5$/m);

  const { stdout: json } = await world.audit("--json");
  const { agrees, batches, notes } = JSON.parse(json);
  equal(agrees, true);
  deepEqual(notes, []);
  deepEqual(batches.map(({ deltaVersion }: { deltaVersion: number }) => deltaVersion), [
    ...Array(6).keys(),
  ]);
});

for (
  const { failpoint, where } of [
    { failpoint: "planned", where: "no sink has it yet" },
    { failpoint: "committing:1", where: "only postgres\\(\\w+\\) has it" },
    { failpoint: "sinks-committed", where: "both sinks have it" },
  ]
) {
  Deno.test(`a query killed at ${failpoint} agrees, and what the crash left is told`, async () => {
    await using world = await prepare();
    await world.run({ action: "kill", failpoint, hit: 3 });
    const killed = await world.audit();
    equal(killed.code, 0, killed.stdout);
    match(killed.stdout, /^2 +\d+ .* not done$/m);
    match(killed.stdout, new RegExp(`^batch 2 is planned and not done, .*: ${where}; `, "m"));
    match(killed.lastLine, /^audit: 2 batches agree: planned \d+ records = \d+ rows \+ /);
    await world.run();
    equal((await world.audit()).lastLine, AGREES);
  });
}

Deno.test("a row deleted in Postgres is found, in its batch", async () => {
  await using world = await prepare();
  await world.run();
  const { postgresRows: rows, planned, deadLetters } = await world.batch(2);
  const before = (await world.batch(0)).postgresRows + (await world.batch(1)).postgresRows;
  await world.sql(`vacuum (freeze) ${world.table}`); // rows still know who wrote them
  // COPY puts rows one after the other: after those of batches 0 and 1 come those of batch 2.
  await world.sql(
    `delete from ${world.table} where ctid =
      (select ctid from ${world.table} order by ctid offset ${before} limit 1)`,
  );
  const { code, lastLine, stdout } = await world.audit();
  equal(code, 1);
  equal(
    lastLine,
    `audit: batch 2 disagrees: planned ${planned} records, postgres(${world.table}) has ` +
      `${rows - 1} rows + ${letters(deadLetters)}`,
  );
  match(stdout, /^2 .* disagrees$/m);
});

Deno.test("rows in Postgres that no batch accounts for are found in the total", async () => {
  await using world = await prepare();
  await world.run();
  await world.sql(`insert into ${world.table} select * from ${world.table} limit 1`);
  const { code, lastLine } = await world.audit();
  equal(code, 1);
  equal(
    lastLine,
    "audit: the sinks disagree: planned 505 records in batches 0 to 5, " +
      `postgres(${world.table}) has 501 rows + 5 dead letters`,
  );
});

Deno.test("a lost dead letter and a progress that was turned back are found", async () => {
  await using world = await prepare();
  await world.run();
  const isOfSink = `sink = 'postgres(${world.table})'`;
  await world.sql(`update sluice_progress set batch_id = 4 where ${isOfSink}`);
  const behind = await world.audit();
  equal(behind.code, 1);
  match(
    behind.lastLine,
    /^audit: batch 4 disagrees: planned up to .*\(the first of 2 that disagree\)$/,
  );
  match(behind.stdout, /^5 .* disagrees$/m);
  await world.sql(`update sluice_progress set batch_id = 5 where ${isOfSink}`);
  equal((await world.audit()).code, 0);

  const [letter] = await world.sql(
    `delete from dead_letters where ctid =
      (select ctid from dead_letters where ${isOfSink} order by batch_id limit 1)
     returning batch_id::int`,
  );
  const { code, lastLine } = await world.audit();
  equal(code, 1);
  ok(lastLine.startsWith(`audit: batch ${letter?.batch_id} disagrees: planned `), lastLine);
});

Deno.test("versions that a restore took from the Delta table are found, and OPTIMIZE is not", async () => {
  await using world = await prepare();
  await world.run();
  const table = await DeltaTable.open(world.lakePath);
  await table.optimize();
  equal((await world.audit()).lastLine, AGREES);
  await table.restore({ version: 5 });
  equal((await world.audit()).lastLine, AGREES);

  const { deltaRows } = await world.batch(4);
  await table.restore({ version: 3 });
  const { code, lastLine } = await world.audit();
  equal(code, 1);
  match(
    lastLine,
    new RegExp(
      `^audit: batch 4 disagrees: .* has 0 rows \\+ \\d dead letters? \\(it wrote ${deltaRows} ` +
        "rows, then came RESTORE in version 8\\) \\(the first of 2 that disagree\\)$",
    ),
  );
  await table.restore({ version: 5 });
  equal((await world.audit()).lastLine, AGREES);
  await table.delete({ where: "trade_id = 9007199254000000" });
  match((await world.audit()).lastLine, /batch 0 disagrees: .* then came DELETE in version 10\)/);
});

Deno.test("rows that are gone after an OPTIMIZE moved them are found in the total", async () => {
  await using world = await prepare();
  await world.run();
  const table = await DeltaTable.open(world.lakePath);
  await table.optimize();
  await table.delete({ where: "trade_id = 9007199254000000" });
  const { code, lastLine } = await world.audit();
  equal(code, 1);
  match(lastLine, /^audit: the sinks disagree: delta\(.*\) has 499 rows, its batches 500: /);
});

Deno.test("batches whose plans or commits are cleaned up are told together", async () => {
  await using world = await prepare();
  await world.run();
  for (const batchId of [0, 1]) {
    await Deno.remove(`${world.checkpoint}/offsets/${batchId}`);
    await Deno.remove(`${world.checkpoint}/commits/${batchId}`);
  }
  const short = await world.audit("--json");
  equal(JSON.parse(short.stdout).line, AGREES);
  deepEqual(Object.values(JSON.parse(short.stdout).batches[0]).slice(0, 2), [0, 2]);

  const table = await DeltaTable.open(world.lakePath);
  await table.checkpoint();
  for (let version = 0; version < 5; version++) {
    await Deno.remove(`${world.lakePath}/_delta_log/${String(version).padStart(20, "0")}.json`);
  }
  const { code, lastLine, stdout } = await world.audit();
  equal(code, 0, stdout);
  equal(lastLine, AGREES);
  match(stdout, /^0 to 5 +505 +- +500 +5 +5$/m);
  await world.sql(`delete from ${world.table} where trade_id = 9007199254000000`);
  match((await world.audit()).lastLine, /has 499 rows \+ 5 dead letters$/);
});

Deno.test("a missing commits/N before the last is found", async () => {
  await using world = await prepare();
  await world.run();
  await Deno.remove(`${world.checkpoint}/commits/3`);
  const { code, lastLine } = await world.audit();
  equal(code, 1);
  equal(
    lastLine,
    "audit: batch 3 disagrees: later ones are planned, but commits/3 is not there",
  );
});

Deno.test("a checkpoint older than its sinks is found", async () => {
  await using world = await prepare();
  await world.run();
  for (const log of ["offsets", "commits"]) await Deno.remove(`${world.checkpoint}/${log}/5`);
  const { code, lastLine } = await world.audit();
  equal(code, 1);
  equal(
    lastLine,
    `audit: the sinks disagree: postgres(${world.table}) has batch 5, which the checkpoint did not ` +
      `plan; delta(${world.lakePath}) has batch 5, which the checkpoint did not plan`,
  );
});

Deno.test("a table to which another query has written is found", async () => {
  await using world = await prepare();
  await world.run();
  const other = { ...world.job, checkpointLocation: `${world.checkpoint}-2` };
  equal((await runMultisink(other)).code, 0);
  const { code, lastLine } = await world.audit();
  equal(code, 1);
  match(lastLine, /has 1,000 rows \+ 5 dead letters; other queries have written there too: 1; /);
  match(lastLine, /has 1,000 rows, its batches 500: others have written there too$/);
});

Deno.test("offsets without a record are a disagreement until --gaps says that they are right", async () => {
  await using world = await prepare();
  const config = { transactionalId: world.table, maxInFlightRequests: 1 };
  await withForeignProducer(world.job, config, async (producer) => {
    const transaction = await producer.transaction();
    await transaction.send({ topic: world.table, messages: [{ partition: 0, value: "never" }] });
    await transaction.abort(); // leaves the record's offset and the abort marker's
  });
  await world.run();
  const strict = await world.audit();
  equal(strict.code, 1);
  match(
    strict.lastLine,
    /both sinks have \d+ rows \+ \d dead letters? \(are there offsets without a record\? --gaps\)/,
  );
  const { code, lastLine } = await world.audit("--gaps");
  equal(code, 0);
  equal(
    lastLine,
    "audit: 6 batches agree: planned 507 offsets = 500 rows + 5 dead letters in each sink + 2 " +
      "without a record",
  );
  await world.sql(`delete from ${world.table} where trade_id = 9007199254000000`);
  match((await world.audit("--gaps")).lastLine, /^audit: batch 0 disagrees: postgres/);
});

Deno.test("the query that runs is not audited, nor one that is not there", async () => {
  await using world = await prepare();
  const missing = await world.audit();
  equal(missing.code, 1);
  match(missing.stderr, /^Cannot audit the query at .*: found no checkpoint\./);
  const process = new MultisinkProcess({
    ...world.job,
    fault: { action: "pause", failpoint: "planned", hit: 1 },
  });
  await process.printed(PAUSED);
  const running = await world.audit();
  equal(running.code, 1);
  match(running.stderr, /^Cannot audit the query at .*: found it is run by process \d+, /);
  await process.resume();
  equal((await process.ended()).code, 0);
  equal((await world.audit()).lastLine, AGREES);
});

Deno.test("a wrong option is refused by name with exit code 2", async () => {
  await using world = await prepare();
  const { code, stderr } = await world.audit("--detla", "x");
  equal(code, 2);
  match(stderr, /at --detla: found no such flag, wanted one of --checkpoint, --postgres, --delta/);
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly lastLine: string;
}

/** A batch as `--json` prints it. */
interface BatchJson {
  readonly planned: number;
  readonly deadLetters: number;
  readonly postgresRows: number;
  readonly deltaRows: number;
}

async function prepare() {
  const { kafkaBrokers: brokers, databaseUrl } = await testStack();
  const folder = await tempFolder();
  const table = `audit_${crypto.randomUUID().slice(0, 8)}`;
  const deadLetterTopic = `${table}.dead`;
  await produceLedger(brokers, table, TRADES, BAD_EVERY);
  const lakePath = `${folder.path}/lake`;
  const checkpoint = `${folder.path}/checkpoint`;
  const job = {
    brokers,
    databaseUrl,
    topic: table,
    table,
    deadLetterTopic,
    lakePath,
    checkpointLocation: checkpoint,
    maxOffsetsPerTrigger: MAX_OFFSETS_PER_TRIGGER,
  };
  const audit = async (...more: string[]): Promise<Ended> => {
    const places = ["--checkpoint", checkpoint, "--postgres", table, "--delta", lakePath];
    const { code, ...output } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "lib/cli/audit.ts", ...places, ...more],
      cwd: checkout,
      env: { DATABASE_URL: databaseUrl },
    }).output();
    const stdout = new TextDecoder().decode(output.stdout);
    const stderr = new TextDecoder().decode(output.stderr);
    return { code, stdout, stderr, lastLine: stdout.trimEnd().split("\n").at(-1) ?? "" };
  };
  return {
    table,
    lakePath,
    checkpoint,
    job,
    audit,
    /** Runs the query to its end, or to the fault. */
    async run(fault?: Fault): Promise<void> {
      const { code, signal, stderr } = await runMultisink(
        fault === undefined ? job : { ...job, fault },
      );
      if (fault === undefined) equal(code, 0, stderr);
      else equal(signal, "SIGKILL", stderr);
    },
    /** What the audit has of a batch. */
    async batch(batchId: number): Promise<BatchJson> {
      return JSON.parse((await audit("--json")).stdout).batches[batchId];
    },
    sql: (statement: string) => withSql(databaseUrl, (sql) => sql.unsafe(statement)),
    async [Symbol.asyncDispose](): Promise<void> {
      await removeLedger(brokers, databaseUrl, [table, deadLetterTopic], table);
      await folder[Symbol.asyncDispose]();
    },
  };
}

function letters(count: number): string {
  return `${count} dead letter${count === 1 ? "" : "s"}`;
}
