/**
 * Appends, scans, opens and merges Delta tables beside delta-rs: the same rows, the same machine, by
 * turns in one run. Both sides measure inside their process, without its start.
 *
 *     deno task bench:delta
 *     deno task bench:delta --rows 200000 --runs 1
 */
import { Batch, Decimal, type Int64Column } from "../../lib/core/mod.ts";
import {
  count,
  type Flags,
  parseFlags,
  print,
  printError,
  wholeNumber,
} from "../../lib/cli/mod.ts";
import { DeltaTable } from "../../lib/delta/mod.ts";
import { simulateTrades } from "../../pipelines/producers/trade_simulator.ts";
import { Trade, type TradeRow } from "../../pipelines/trade.ts";
import { EngineServer } from "../support/engine_server.ts";
import { checkout } from "../support/paths.ts";
import { enginesHome } from "../support/python.ts";

const FLAGS = {
  rows: { type: "string", value: "n", help: "how many trades; default 1,000,000" },
  commits: { type: "string", value: "n", help: "how many commits to open; default 10,000" },
  runs: { type: "string", value: "n", help: "how often each is done; default 5" },
} as const satisfies Flags;

const ROWS_PER_BATCH = 250_000;
const COMMITS_BEHIND_CHECKPOINT = 100;

/** Something that both sides do; seconds each. */
interface Contest {
  readonly name: string;
  readonly ours: () => Promise<number>;
  readonly theirs: () => Promise<number>;
}

async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags("bench:delta", args, FLAGS);
  const rows = wholeNumber("rows", flags.rows, 1) ?? 1_000_000;
  const commits = wholeNumber("commits", flags.commits, 1) ?? 10_000;
  const runs = wholeNumber("runs", flags.runs, 1) ?? 5;
  const folder = await Deno.makeTempDir({ prefix: "sluice-bench-", dir: `${checkout}/.sluice` });
  await using server = await EngineServer.start(enginesHome, "bench/serve_delta_rs.py");
  try {
    printError(`making ${count(rows)} trades and ${count(commits)} commits`);
    const contests = await prepare(folder, server, rows, commits);
    print(
      `${navigator.hardwareConcurrency} cores, ${await processor()}, Deno ${Deno.version.deno}`,
    );
    print(`${"median seconds of " + runs}`.padEnd(44) + "   sluice  delta-rs     ratio");
    for (const { name, ours, theirs } of contests) {
      const times: [ours: number, theirs: number][] = [];
      // One that does not count warms both sides up.
      for (let run = -1; run < runs; run++) {
        const pair: [number, number] = [await ours(), await theirs()];
        if (run >= 0) times.push(pair);
      }
      const [us, them] = [median(times.map(([us]) => us)), median(times.map(([, them]) => them))];
      const cells = [us.toFixed(3), them.toFixed(3), (us / them).toFixed(2)];
      print(name.padEnd(42) + cells.map((cell) => cell.padStart(10)).join(""));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function prepare(
  folder: string,
  server: EngineServer,
  rows: number,
  commits: number,
): Promise<Contest[]> {
  const batches = tradeBatches(0, rows);
  const base = `${folder}/base`;
  const table = await DeltaTable.create(base, { schema: Trade });
  for (const batch of batches) await table.append(batch);
  await server.ask({ do: "load", path: base, name: "rows" });

  // Half of the keys are there already, spread over the whole table.
  const keys = Math.ceil(rows / 10);
  const source = tradeBatches(rows - keys / 2, keys)
    .map((batch) => spreadKeys(batch, rows, keys));
  const sourcePath = `${folder}/source`;
  const sourceTable = await DeltaTable.create(sourcePath, { schema: Trade });
  for (const batch of source) await sourceTable.append(batch);
  await server.ask({ do: "load", path: sourcePath, name: "source" });

  const long = `${folder}/long`;
  await writeLongLog(long, commits);
  const answer = (request: Record<string, unknown> & { do: string }) =>
    server.ask(request) as Promise<number>;
  return [
    {
      name: `append ${count(rows)} rows`,
      ours: () =>
        withFolder(folder, async (path) => {
          const table = await DeltaTable.create(path, { schema: Trade });
          return await seconds(() => table.append(batches));
        }),
      theirs: () => withFolder(folder, (path) => answer({ do: "append", path, name: "rows" })),
    },
    {
      name: `read and sum up ${count(rows)} rows`,
      ours: () => seconds(() => sumUp(base)),
      theirs: () => answer({ do: "scan", path: base }),
    },
    {
      name: `open a table of ${count(commits)} commits`,
      ours: () => seconds(async () => (await DeltaTable.open(long)).files()),
      theirs: () => answer({ do: "open_table", path: long }),
    },
    {
      name: `merge ${count(keys)} keys into ${count(rows)} rows`,
      ours: () =>
        withFolder(folder, async (path) => {
          await copyFolder(base, path);
          const table = await DeltaTable.open(path);
          return await seconds(() =>
            table.merge(source, { on: "target.trade_id = source.trade_id" })
              .whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()
          );
        }),
      theirs: () =>
        withFolder(folder, async (path) => {
          await copyFolder(base, path);
          return await answer({ do: "merge", path, name: "source" });
        }),
    },
  ];
}

function tradeBatches(firstId: number, rows: number): Batch[] {
  const batches: Batch<TradeRow>[] = [];
  const start = { tradeId: firstId, timeMs: Date.UTC(2026, 0, 1), meanGapMs: 10 };
  let made = 0;
  for (const { json } of simulateTrades(firstId + 1, start)) {
    let batch = batches.at(-1);
    if (batch === undefined || batch.numRows === ROWS_PER_BATCH) {
      batches.push(batch = new Batch(Trade, Math.min(rows - made, ROWS_PER_BATCH)));
    }
    batch.append(tradeOf(JSON.parse(json)));
    if (++made === rows) return batches as Batch[];
  }
  throw new Error("the simulation ended");
}

function tradeOf(trade: Record<string, string & number & boolean>): TradeRow {
  return {
    event_type: trade.e!,
    event_time: BigInt(trade.E!) * 1000n,
    symbol: trade.s!,
    trade_id: BigInt(trade.t!),
    price: Decimal.parse(trade.p!),
    quantity: Decimal.parse(trade.q!),
    buyer_order_id: BigInt(trade.b!),
    seller_order_id: BigInt(trade.a!),
    trade_time: BigInt(trade.T!) * 1000n,
    is_buyer_maker: trade.m!,
    is_best_match: trade.M!,
  };
}

/** Every second row gets an id that is in the table: every twentieth of them. */
function spreadKeys(batch: Batch, rows: number, keys: number): Batch {
  const spread = new Batch(batch.schema, batch.numRows);
  for (let row = 0; row < batch.numRows; row++) {
    const isThere = row % 2 === 0;
    const trade_id = isThere ? BigInt(Math.floor(row / 2 * (2 * rows / keys))) : BigInt(rows + row);
    spread.append({ ...batch.row(row), trade_id });
  }
  return spread;
}

/** A log of that many commits of one file each; the files are not there, as nobody reads them. */
async function writeLongLog(path: string, commits: number): Promise<void> {
  await DeltaTable.create(path, { schema: Trade });
  const checkpointAt = commits - COMMITS_BEHIND_CHECKPOINT;
  for (let version = 1; version < commits; version++) {
    const name = String(version).padStart(20, "0");
    const commitInfo = { timestamp: version, operation: "WRITE", operationParameters: {} };
    const stats = JSON.stringify({
      numRecords: 100,
      minValues: { trade_id: version * 100, symbol: "ADAUSDT" },
      maxValues: { trade_id: version * 100 + 99, symbol: "XRPUSDT" },
      nullCount: { trade_id: 0, symbol: 0 },
    });
    const file = { path: `part-${name}.parquet`, partitionValues: {}, size: 10_000, stats };
    const add = { ...file, modificationTime: version, dataChange: true };
    await Deno.writeTextFile(
      `${path}/_delta_log/${name}.json`,
      `${JSON.stringify({ commitInfo })}\n${JSON.stringify({ add })}\n`,
    );
    if (version === checkpointAt) await (await DeltaTable.open(path)).checkpoint();
  }
}

/** Rows, quantity and highest price by symbol. */
async function sumUp(path: string): Promise<void> {
  const table = await DeltaTable.open(path);
  const sums = new Map<string, { rows: number; quantity: bigint; maxPrice: bigint }>();
  for await (const batch of table.toBatches({ columns: ["symbol", "price", "quantity"] })) {
    const symbols = batch.column("symbol");
    const prices = (batch.column("price") as Int64Column).values;
    const quantities = (batch.column("quantity") as Int64Column).values;
    for (let row = 0; row < batch.numRows; row++) {
      const symbol = symbols.get(row) as string;
      let sum = sums.get(symbol);
      if (sum === undefined) sums.set(symbol, sum = { rows: 0, quantity: 0n, maxPrice: 0n });
      sum.rows++;
      sum.quantity += quantities[row]!;
      if (prices[row]! > sum.maxPrice) sum.maxPrice = prices[row]!;
    }
  }
}

async function withFolder<T>(folder: string, work: (path: string) => Promise<T>): Promise<T> {
  const path = `${folder}/${crypto.randomUUID()}`;
  try {
    return await work(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

async function processor(): Promise<string> {
  const info = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  return /model name\s*:\s*(.*)/.exec(info)?.[1] ?? Deno.build.arch;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

if (import.meta.main) await main(Deno.args);
