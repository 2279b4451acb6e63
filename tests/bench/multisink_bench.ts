/**
 * Drains a million trades from Kafka into Postgres and Delta with the real pipeline, and measures
 * beside it, in the same run, what its parts cost at the least.
 *
 *     deno task bench
 *     deno task bench --trades 200000 --runs 1
 */
import { Batch } from "../../lib/core/mod.ts";
import {
  count,
  type Flags,
  parseFlags,
  print,
  printError,
  wholeNumber,
} from "../../lib/cli/mod.ts";
import { DeltaTable } from "../../lib/delta/mod.ts";
import { json } from "../../lib/formats/json/mod.ts";
import { kafka } from "../../lib/kafka/mod.ts";
import { encodeParquet } from "../../lib/parquet/mod.ts";
import { createTableSql, encodeCopyBinary } from "../../lib/postgres/mod.ts";
import { ensureStack } from "../../lib/stack/mod.ts";
import { produceTrades } from "../../pipelines/producers/trades.ts";
import { Trade, type TradeRow } from "../../pipelines/trade.ts";
import { checkout } from "../support/paths.ts";
import { withSql } from "../support/trade_ledger.ts";

const FLAGS = {
  trades: { type: "string", value: "n", help: "how many trades; default 1,000,000" },
  runs: { type: "string", value: "n", help: "how often to drain them; default 3" },
  batch: { type: "string", value: "n", help: "maxOffsetsPerTrigger; default 100,000" },
} as const satisfies Flags;

/** One drain: the whole process, from its start to its end. */
interface Drain {
  readonly seconds: number;
  readonly peakRssMb: number;
}

/** What a part costs when nothing else is done, in seconds. */
interface Floors {
  readonly fetchSeconds: number;
  readonly decodeSeconds: number;
  readonly copySeconds: number;
  readonly parquetSeconds: number;
}

const POLL_MS = 20;
const RESULTS = "data/bench/multisink.ndjson";
const TARGET = "4 s and 400 MB for 1,000,000";

async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags("bench", args, FLAGS);
  const trades = wholeNumber("trades", flags.trades, 1) ?? 1_000_000;
  const runs = wholeNumber("runs", flags.runs, 1) ?? 3;
  const batchSize = wholeNumber("batch", flags.batch, 1) ?? 100_000;
  const { kafkaBrokers: brokers, databaseUrl } = await ensureStack({ onProgress: printError });
  const topic = `bench_trades_${trades}`;
  await fillTopic(brokers, topic, trades);

  const floors = await measureFloors(brokers, databaseUrl, topic, trades, batchSize);
  const drains: Drain[] = [];
  for (let run = 0; run < runs; run++) {
    drains.push(await drain(brokers, databaseUrl, topic, trades, batchSize));
  }
  const best = drains.reduce((least, each) => each.seconds < least.seconds ? each : least);
  const floorSum = floors.fetchSeconds + floors.copySeconds + floors.parquetSeconds;
  const rate = (seconds: number) => `${count(Math.round(trades / seconds)).padStart(9)} rows/s`;
  const line = (name: string, seconds: number, more = "") =>
    print(`  ${name.padEnd(34)}${seconds.toFixed(2).padStart(6)} s  ${rate(seconds)}${more}`);

  print(`\n${count(trades)} trades from Kafka into Postgres and Delta (aim: ${TARGET})\n`);
  for (const each of drains) {
    line("drain, process start to end", each.seconds, `  peak RSS ${each.peakRssMb.toFixed(0)} MB`);
  }
  print("");
  line("floor: fetch of the topic", floors.fetchSeconds);
  line("floor: COPY of ready-made bytes", floors.copySeconds);
  line("floor: Parquet of ready columns", floors.parquetSeconds);
  line("beside it: fetch and decode", floors.decodeSeconds);
  print(`\n  best drain / sum of the floors: ${(best.seconds / floorSum).toFixed(2)}`);

  const result = {
    timestamp: new Date().toISOString(),
    trades,
    batchSize,
    drains,
    floors,
    ratioToFloors: best.seconds / floorSum,
    cores: navigator.hardwareConcurrency,
    deno: Deno.version.deno,
  };
  await Deno.mkdir(`${checkout}/data/bench`, { recursive: true });
  await Deno.writeTextFile(`${checkout}/${RESULTS}`, `${JSON.stringify(result)}\n`, {
    append: true,
  });
  print(`  added to ${RESULTS}`);
}

/** Makes the topic once; later runs drain the same one. */
async function fillTopic(brokers: readonly string[], topic: string, trades: number): Promise<void> {
  const signal = AbortSignal.timeout(600_000);
  const produce = (missing: number) =>
    produceTrades({ brokers, topic, count: missing, seed: 1, signal });
  const there = await recordsIn(brokers, topic).catch(() => 0);
  if (there >= trades) return;
  printError(`making ${count(trades - there)} trades in topic ${topic}`);
  await produce(trades - there);
}

async function recordsIn(brokers: readonly string[], topic: string): Promise<number> {
  const source = kafka({ brokers, topic });
  try {
    const latest = await source.latestOffsets(AbortSignal.timeout(30_000));
    return Object.values(latest[topic]!).reduce((sum, end) => sum + Number(end), 0);
  } finally {
    await source.close();
  }
}

async function measureFloors(
  brokers: readonly string[],
  databaseUrl: string,
  topic: string,
  trades: number,
  batchSize: number,
): Promise<Floors> {
  const fetchSeconds = await seconds(() => readTopic(brokers, topic, () => {}));
  const batches: Batch<TradeRow>[] = [];
  const decoder = json(Trade);
  const decodeSeconds = await seconds(() =>
    readTopic(brokers, topic, async (block) => {
      let batch = batches.at(-1);
      if (batch === undefined || batch.numRows >= batchSize) {
        batches.push(batch = new Batch(Trade, batchSize));
      }
      await decoder.decode(block, batch);
    })
  );
  const rows = batches.reduce((sum, batch) => sum + batch.numRows, 0);
  if (rows !== trades) throw new Error(`the topic has ${rows} trades, not ${trades}`);

  const chunks = batches.map((batch) => Array.from(encodeCopyBinary(batch), (c) => c.slice()));
  const copySeconds = await copyChunks(databaseUrl, chunks);
  await encodeParquet(batches[0]!.take(new Int32Array(1)));
  const parquetSeconds = await seconds(async () => {
    for (const batch of batches) await encodeParquet(batch);
  });
  return { fetchSeconds, decodeSeconds, copySeconds, parquetSeconds };
}

type OnBlock = (block: Parameters<ReturnType<typeof json>["decode"]>[0]) => void | Promise<void>;

async function readTopic(brokers: readonly string[], topic: string, onBlock: OnBlock) {
  const source = kafka({ brokers, topic });
  const signal = AbortSignal.timeout(120_000);
  try {
    const start = await source.earliestOffsets(signal);
    const end = await source.latestOffsets(signal);
    for await (const block of source.read(start, end, { signal })) await onBlock(block);
  } finally {
    await source.close();
  }
}

/** One transaction a batch, as the sink does it. */
async function copyChunks(databaseUrl: string, batches: Uint8Array[][]): Promise<number> {
  const table = "bench_copy_floor";
  return await withSql(databaseUrl, async (sql) => {
    await sql.unsafe(`drop table if exists ${table}`);
    await sql.unsafe(createTableSql(table, Trade));
    const elapsed = await seconds(async () => {
      for (const chunks of batches) {
        const copy = await sql.unsafe(`copy ${table} from stdin (format binary)`).writable();
        for (const chunk of chunks) {
          if (!copy.write(chunk)) await new Promise((resolve) => copy.once("drain", resolve));
        }
        await new Promise((resolve, reject) => {
          copy.once("finish", resolve).once("error", reject);
          copy.end();
        });
      }
    });
    await sql.unsafe(`drop table ${table}`);
    return elapsed;
  });
}

async function drain(
  brokers: readonly string[],
  databaseUrl: string,
  topic: string,
  trades: number,
  batchSize: number,
): Promise<Drain> {
  const folder = await Deno.makeTempDir({ prefix: "sluice-bench-", dir: `${checkout}/.sluice` });
  const table = "bench_trades";
  await withSql(databaseUrl, (sql) => sql.unsafe(`drop table if exists ${table}`));
  try {
    const started = performance.now();
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "pipelines/multisink.ts", "--json", "--produce", "0"]
        .concat(["--topic", topic, "--table", table, "--maxOffsetsPerTrigger", String(batchSize)])
        .concat(["--lake", `${folder}/lake`, "--checkpoint", `${folder}/checkpoint`]),
      env: { KAFKA_BROKERS: brokers.join(","), DATABASE_URL: databaseUrl },
      cwd: checkout,
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    let peakRssMb = 0;
    const poll = setInterval(() => {
      peakRssMb = Math.max(peakRssMb, residentPeakMb(child.pid));
    }, POLL_MS);
    const { code } = await child.status;
    const elapsed = (performance.now() - started) / 1000;
    clearInterval(poll);
    if (code !== 0) throw new Error(`the pipeline ended with code ${code}`);
    await checkCounts(databaseUrl, table, `${folder}/lake`, trades);
    return { seconds: elapsed, peakRssMb };
  } finally {
    await withSql(databaseUrl, (sql) => sql.unsafe(`drop table if exists ${table}`));
    await Deno.remove(folder, { recursive: true });
  }
}

async function checkCounts(databaseUrl: string, table: string, lake: string, trades: number) {
  const [inPostgres] = await withSql(
    databaseUrl,
    (sql) =>
      sql.unsafe(`select count(*)::int as n, count(distinct trade_id)::int as d from ${table}`),
  );
  let inDelta = 0;
  for await (const { stats } of (await DeltaTable.open(lake)).files()) {
    inDelta += JSON.parse(stats!).numRecords;
  }
  if (inPostgres!.n !== trades || inPostgres!.d !== trades || inDelta !== trades) {
    throw new Error(
      `wanted ${trades}, found ${JSON.stringify(inPostgres)} and ${inDelta} in Delta`,
    );
  }
}

/** The most memory the process has had, in MB; 0 once it has ended. */
function residentPeakMb(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

if (import.meta.main) await main(Deno.args);
