/**
 * Copies a table, out of Debezium's change events in Kafka into Postgres and Delta, beside what one
 * writes by hand with delta-rs and psycopg: the same changes, the same machine, by turns in one run.
 * Every copy has to hold what the table holds in the end.
 *
 *     deno task bench:cdc
 *     deno task bench:cdc --envelopes 20000 --keys 2000 --batch 2000 --runs 1
 */
import {
  count,
  type Flags,
  parseFlags,
  print,
  printError,
  wholeNumber,
} from "../../lib/cli/mod.ts";
import { deleteTopicIfPresent } from "../../lib/kafka/mod.ts";
import { ensureStack } from "../../lib/stack/mod.ts";
import { checkout } from "../support/paths.ts";
import type { OrderHistory } from "./changed_orders.ts";
import { drainChanges, type DrainOptions, type Side, type TimedDrain } from "./drain_changes.ts";
import { produceOrders } from "./produce_orders.ts";
import type { ReplicaJob } from "./replicate_orders.ts";

const FLAGS = {
  envelopes: { type: "string", value: "n", help: "how many changes; default 1,000,000" },
  keys: { type: "string", value: "n", help: "of how many keys; default 100,000" },
  batch: { type: "string", value: "n", help: "maxOffsetsPerTrigger; default 100,000" },
  runs: { type: "string", value: "n", help: "how often each; default 2, the best counts" },
  seed: { type: "string", value: "n", help: "seed of the changes; default 1" },
} as const satisfies Flags;

const RESULTS = "data/bench/cdc.ndjson";

/** What is written; the first, read and brought down to the newest by key alone, is each side's floor. */
const CONTESTS: readonly { readonly name: string; readonly targets: ReplicaJob["targets"] }[] = [
  { name: "nowhere", targets: [] },
  { name: "Postgres", targets: ["postgres"] },
  { name: "Delta", targets: ["delta"] },
  { name: "both", targets: ["postgres", "delta"] },
];

type Results = Record<string, Record<Side, TimedDrain>>;

async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags("bench:cdc", args, FLAGS);
  const history: OrderHistory = {
    changes: wholeNumber("envelopes", flags.envelopes, 1) ?? 1_000_000,
    keys: wholeNumber("keys", flags.keys, 1) ?? 100_000,
    seed: wholeNumber("seed", flags.seed, 0) ?? 1,
  };
  const batchSize = wholeNumber("batch", flags.batch, 1) ?? 100_000;
  const runs = wholeNumber("runs", flags.runs, 1) ?? 2;
  const { kafkaBrokers: brokers, databaseUrl } = await ensureStack({ onProgress: printError });
  const topic = `bench_cdc_${crypto.randomUUID().slice(0, 8)}`;
  await Deno.mkdir(`${checkout}/data/bench`, { recursive: true });
  const file = `${checkout}/data/bench/${topic}.ndjson`;
  try {
    printError(`making ${count(history.changes)} changes`);
    const orders = await produceOrders(brokers, topic, file, history);
    const { c, u, d } = orders.ops;
    print(
      `\n${count(history.changes)} changes (${count(c)} c, ${count(u)} u, ${count(d)} d) of ` +
        `${count(history.keys)} keys in batches of ${count(batchSize)}, ` +
        `${count(orders.table.rows)} rows in the end\n`,
    );
    const results = await compete({ brokers, databaseUrl, orders, batchSize }, runs);
    const record = {
      timestamp: new Date().toISOString(),
      ...history,
      batchSize,
      results,
      cores: navigator.hardwareConcurrency,
      deno: Deno.version.deno,
    };
    await Deno.writeTextFile(`${checkout}/${RESULTS}`, `${JSON.stringify(record)}\n`, {
      append: true,
    });
    print(`\n  all copies are right; added to ${RESULTS}`);
  } finally {
    await deleteTopicIfPresent({ brokers }, topic);
    await Deno.remove(file).catch(() => {});
  }
}

async function compete(options: Omit<DrainOptions, "targets">, runs: number): Promise<Results> {
  const results: Results = {};
  print("  written to  by         rows/s  seconds    CPU  peak RSS  to floor  to Python");
  for (const { name, targets } of CONTESTS) {
    const best = await bestOf(runs, { ...options, targets });
    results[name] = best;
    for (const side of ["sluice", "python"] as const) {
      const { seconds, changes, cpuSeconds, peakRssMb } = best[side];
      const cells = [
        count(Math.round(changes / seconds)).padStart(11),
        seconds.toFixed(2).padStart(9),
        `${cpuSeconds.toFixed(1)} s`.padStart(7),
        `${peakRssMb.toFixed(0)} MB`.padStart(10),
        `${(seconds / results.nowhere![side].seconds).toFixed(2)}x`.padStart(10),
        ...side === "sluice" ? [`${(seconds / best.python.seconds).toFixed(2)}x`.padStart(11)] : [],
      ];
      print(`  ${(side === "sluice" ? name : "").padEnd(12)}${side}${cells.join("")}`);
    }
  }
  return results;
}

/** The fastest of each side, which take turns. */
async function bestOf(runs: number, options: DrainOptions): Promise<Record<Side, TimedDrain>> {
  const once = async () => ({
    sluice: await drainChanges("sluice", options),
    python: await drainChanges("python", options),
  });
  const best = await once();
  for (let run = 1; run < runs; run++) {
    const next = await once();
    for (const side of ["sluice", "python"] as const) {
      if (next[side].seconds < best[side].seconds) best[side] = next[side];
    }
  }
  return best;
}

if (import.meta.main) await main(Deno.args);
