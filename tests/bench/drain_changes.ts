import { deepEqual } from "assert";
import type { RowsDigest } from "../support/canonical_rows.ts";
import { checkout } from "../support/paths.ts";
import { postgresDigest } from "../support/postgres_digest.ts";
import { pythonCommand, type PythonHome, runPython } from "../support/python.ts";
import { removeLedger } from "../support/trade_ledger.ts";
import { Replica } from "./changed_orders.ts";
import type { ProducedOrders } from "./produce_orders.ts";
import type { Drained, ReplicaJob } from "./replicate_orders.ts";

/** Who makes the copies: `replicate_orders.ts` or `replicate_orders.py`. */
export type Side = "sluice" | "python";

/** What a drain has to do, and with which services. */
export interface DrainOptions {
  readonly brokers: readonly string[];
  readonly databaseUrl: string;
  readonly orders: ProducedOrders;
  readonly targets: ReplicaJob["targets"];
  /** Changes in a batch. */
  readonly batchSize: number;
}

/** A drain, the start and the end of its process included. */
export type TimedDrain = Drained & { readonly seconds: number };

/** The opponent, and orjson, which no fast reader in Python goes without. */
const HOME: PythonHome = {
  folder: "venv-cdc",
  packages: ["deltalake==1.6.6", "pyarrow==26.0.1", "psycopg[binary]==3.3.9", "orjson==3.13.0"],
};

/**
 * Makes copies of the table out of its changes in a process of its own, holds them against what the
 * table holds, as SQL and delta-rs tell it, and removes them.
 */
export async function drainChanges(side: Side, options: DrainOptions): Promise<TimedDrain> {
  const { brokers, databaseUrl, orders, targets, batchSize } = options;
  await Deno.mkdir(`${checkout}/.sluice`, { recursive: true });
  const folder = await Deno.makeTempDir({ prefix: "sluice-bench-", dir: `${checkout}/.sluice` });
  const table = `${orders.topic}_${side}`;
  const lake = `${folder}/lake`;
  try {
    const job: ReplicaJob = {
      from: side === "sluice" ? orders.topic : orders.file,
      targets,
      table,
      lake,
      checkpoint: `${folder}/checkpoint`,
      batchSize,
    };
    const command = await commandOf(side, job);
    const started = performance.now();
    const { code, stdout } = await new Deno.Command(command.command, {
      args: command.args,
      env: { KAFKA_BROKERS: brokers.join(","), DATABASE_URL: databaseUrl },
      cwd: checkout,
      stderr: "inherit",
    }).output();
    const seconds = (performance.now() - started) / 1000;
    if (code !== 0) throw new Error(`the drain by ${side} ended with code ${code}`);
    const drained: Drained = JSON.parse(new TextDecoder().decode(stdout));
    const { changes, batches } = drained;
    deepEqual({ changes, batches }, {
      changes: orders.history.changes,
      batches: Math.ceil(orders.history.changes / batchSize),
    });
    if (targets.includes("postgres")) {
      const found = await postgresDigest(databaseUrl, table, Replica);
      refuseOther(`the table of ${side} in Postgres`, found, orders.table);
    }
    if (targets.includes("delta")) {
      const found = await runPython("read_delta.py", lake) as RowsDigest;
      refuseOther(`the Delta table of ${side}`, found, orders.table);
    }
    return { ...drained, seconds };
  } finally {
    await removeLedger(brokers, databaseUrl, [], table);
    await Deno.remove(folder, { recursive: true });
  }
}

async function commandOf(
  side: Side,
  job: ReplicaJob,
): Promise<{ command: string; args: string[] }> {
  const argument = JSON.stringify(job);
  if (side === "python") return await pythonCommand(HOME, "bench/replicate_orders.py", [argument]);
  return {
    command: Deno.execPath(),
    args: ["run", "-A", "--no-check", "tests/bench/replicate_orders.ts", argument],
  };
}

/** A drain that comes to a wrong table is worth nothing, however fast it is. */
function refuseOther(what: string, found: RowsDigest, wanted: RowsDigest): void {
  if (found.rows === wanted.rows && found.digest === wanted.digest) return;
  throw new Error(
    `${what} is wrong: it has ${found.rows} rows of digest ${found.digest}, the source has ` +
      `${wanted.rows} of ${wanted.digest}`,
  );
}
