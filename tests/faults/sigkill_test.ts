import { deepEqual, equal, match, ok } from "assert";
import { Random } from "../support/random.ts";
import { testStack } from "../support/stack.ts";
import { tempFolder } from "../support/temp_folder.ts";
import {
  deadLetterValues,
  deltaTradeIds,
  type Ledger,
  postgresTradeIds,
  produceLedger,
  removeLedger,
} from "../support/trade_ledger.ts";
import { topicValues } from "../support/topic_values.ts";
import { type Job, MultisinkProcess, PAUSED, runMultisink } from "./multisink_process.ts";

const SEED = 20260101;
const KILLS = 10;
const MAX_DELAY_MS = 60;
const TRADES = 20_000;

Deno.test("killed again and again, wherever it is then, each trade is in both sinks exactly once", async () => {
  await using world = await prepare(TRADES);
  const { job, ledger } = world;
  const random = new Random(SEED);
  for (let i = 0; i < KILLS; i++) {
    const process = new MultisinkProcess(job);
    await process.printed("batch");
    await new Promise((resolve) => setTimeout(resolve, random.integer(0, MAX_DELAY_MS)));
    process.signal("SIGKILL");
    equal((await process.ended()).signal, "SIGKILL", "the query ended before it was killed");
    const done = await postgresTradeIds(job.databaseUrl, job.table);
    ok(new Set(done).size === done.length, "doubled in Postgres");
  }
  equal((await runMultisink(job)).code, 0);
  await agree(job, ledger);
});

Deno.test("a second process on the same checkpoint is refused while the first runs", async () => {
  await using world = await prepare(2_000);
  const { job, ledger } = world;
  const first = new MultisinkProcess({
    ...job,
    fault: { action: "pause", failpoint: "postgres:copied", hit: 1 },
  });
  await first.printed(PAUSED);
  const second = await runMultisink(job);
  equal(second.code, 1);
  match(second.stderr, /ALREADY_RUNNING|it is run by process \d+/);
  await first.resume();
  equal((await first.ended()).code, 0);
  await agree(job, ledger);
});

Deno.test("a zombie that wakes up after another process took over writes nothing", async () => {
  for (const failpoint of ["planned", "postgres:copied", "committing:1", "delta:committing"]) {
    await using world = await prepare(2_000);
    const { job, ledger } = world;
    const zombie = new MultisinkProcess({
      ...job,
      fault: { action: "pause", failpoint, hit: 2 },
    });
    await zombie.printed(PAUSED);
    // As on another machine that shares the folder but not its locks.
    await Deno.remove(`${job.checkpointLocation}/sluice/run.lock`);
    const successor = await runMultisink(job);
    equal(successor.code, 0, successor.stderr);
    await zombie.resume();
    const ending = await zombie.ended();
    equal(ending.code, 1, `the zombie at ${failpoint} went on`);
    match(ending.stderr, /FENCED/);
    await agree(job, ledger);
  }
});

Deno.test("SIGTERM finishes the batch in hand; the next start goes on after it", async () => {
  await using world = await prepare(2_000);
  const { job, ledger } = world;
  const process = new MultisinkProcess({
    ...job,
    fault: { action: "pause", failpoint: "delta:staged", hit: 1 },
  });
  await process.printed(PAUSED);
  process.signal("SIGTERM");
  await process.resume();
  const { code, stderr } = await process.ended();
  equal(code, 0, stderr);
  deepEqual(await namesIn(`${job.checkpointLocation}/offsets`), ["0"]);
  deepEqual(await namesIn(`${job.checkpointLocation}/commits`), ["0"]);
  equal((await runMultisink(job)).code, 0);
  await agree(job, ledger);
});

interface World extends AsyncDisposable {
  readonly job: Job;
  readonly ledger: Ledger;
}

async function prepare(trades: number): Promise<World> {
  const { kafkaBrokers: brokers, databaseUrl } = await testStack();
  const folder = await tempFolder();
  const name = `faults_${crypto.randomUUID().slice(0, 8)}`;
  const job: Job = {
    brokers,
    databaseUrl,
    topic: name,
    table: name,
    deadLetterTopic: `${name}.DLQ`,
    lakePath: `${folder.path}/lake`,
    checkpointLocation: `${folder.path}/checkpoint`,
    maxOffsetsPerTrigger: Math.ceil(trades / 100),
  };
  return {
    job,
    ledger: await produceLedger(brokers, job.topic, trades, 100),
    async [Symbol.asyncDispose]() {
      await removeLedger(brokers, databaseUrl, [job.topic, job.deadLetterTopic], job.table);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Both sinks and both places of dead letters hold exactly what was produced. */
async function agree(job: Job, ledger: Ledger): Promise<void> {
  deepEqual(await postgresTradeIds(job.databaseUrl, job.table), ledger.tradeIds);
  deepEqual(await deltaTradeIds(job.lakePath), ledger.tradeIds);
  deepEqual(await deadLetterValues(job.databaseUrl, job.table), ledger.badValues);
  deepEqual((await topicValues(job.brokers, job.deadLetterTopic)).sort(), ledger.badValues);
}

function namesIn(folder: string): Promise<string[]> {
  return Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
}
