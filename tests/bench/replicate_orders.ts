/**
 * One drain of a table's changes out of a topic into copies of the table, in a process of its own;
 * prints what it took as one line of JSON. `cdc_bench.ts` starts it, and `replicate_orders.py`, which
 * does the same with delta-rs and psycopg.
 *
 * @module
 */
import process from "node:process";
import { print } from "../../lib/cli/mod.ts";
import { debezium, delta, kafka, pipeline, postgres, type Sink } from "../../lib/mod.ts";
import { foreachBatch } from "../../lib/streaming/mod.ts";
import { Order } from "./changed_orders.ts";

/** What is to be copied, and where to. */
export interface ReplicaJob {
  /** Topic or NDJSON file, whichever is read. */
  readonly from: string;
  readonly targets: readonly ("postgres" | "delta")[];
  readonly table: string;
  readonly lake: string;
  readonly checkpoint: string;
  /** Changes in a batch. */
  readonly batchSize: number;
}

/** What one drain took. */
export interface Drained {
  readonly batches: number;
  readonly changes: number;
  /** Processor time of the process, in all its threads. */
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

const MAX_ENVELOPE_BYTES = 2_000;

async function replicate(job: ReplicaJob): Promise<Drained> {
  let batches = 0;
  let changes = 0;
  const sinks: Record<ReplicaJob["targets"][number], () => Sink> = {
    postgres: () => postgres({ table: job.table }),
    delta: () => delta({ path: job.lake }),
  };
  const query = await pipeline("orders replica")
    .from(kafka({
      topic: job.from,
      maxOffsetsPerTrigger: job.batchSize,
      // No batch is cut short by its bytes, so that each is the same on both sides.
      maxBytesPerTrigger: job.batchSize * MAX_ENVELOPE_BYTES,
    }))
    .decode(debezium(Order, { key: ["id"] }))
    .applyChanges({ key: ["id"] })
    .to(
      ...job.targets.length === 0
        ? [foreachBatch(() => {})]
        : job.targets.map((target) => sinks[target]()),
    )
    .start({
      checkpointLocation: job.checkpoint,
      outputMode: "update",
      trigger: { availableNow: true },
      listener: {
        onProgress: ({ numInputRows }) => {
          batches += numInputRows > 0 ? 1 : 0;
          changes += numInputRows;
        },
      },
    });
  await query.awaitTermination();
  const { user, system } = process.cpuUsage();
  const status = await Deno.readTextFile("/proc/self/status");
  return {
    batches,
    changes,
    cpuSeconds: (user + system) / 1_000_000,
    peakRssMb: Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1024,
  };
}

if (import.meta.main) print(JSON.stringify(await replicate(JSON.parse(Deno.args[0]!))));
