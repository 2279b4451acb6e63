/**
 * Simulates customers in Postgres and their orders in MariaDB.
 *
 *     deno task producer:inventory --interval 100
 */
import {
  count,
  flagCommand,
  type Flags,
  print,
  printError,
  stopOnSignals,
} from "../../lib/cli/mod.ts";
import { systemClock } from "../../lib/core/mod.ts";
import { ensureStack } from "../../lib/stack/mod.ts";
import { inventorySources } from "../inventory/inventory_sources.ts";
import { InventoryDatabases, type InventoryState } from "./inventory_databases.ts";
import { type InventoryChange, simulateInventory } from "./inventory_simulator.ts";
import { producerFlags, producerSettings } from "./producer_flags.ts";

/** What to simulate, and where. */
export interface ProduceInventoryOptions {
  /** The Postgres database of the customers. */
  readonly customersUrl: string;
  /** The MariaDB database of the orders. */
  readonly ordersUrl: string;
  /** Changes to make; absent: until the signal. */
  readonly count?: number;
  /**
   * Milliseconds from one change to the next; 0: as fast as they can be made, with times that are
   * spread from the newest row to now, over half an hour at most.
   */
  readonly intervalMs: number;
  /** Absent: the next order's id, so that each run goes on differently. */
  readonly seed?: number;
  readonly signal: AbortSignal;
  /** Told of each change when it is made. */
  readonly onChange?: (change: InventoryChange) => void;
}

const MAX_SPREAD_MS = 30 * 60_000;
/** Changes in one transaction where there is no interval between them. */
const MAX_BATCH = 50;

/** Makes changes; returns how many were made. One run at a time: two would make the same ids. */
export async function produceInventory(options: ProduceInventoryOptions): Promise<number> {
  const { intervalMs, signal, onChange } = options;
  const limit = options.count ?? Infinity;
  await using databases = await InventoryDatabases.open(options.customersUrl, options.ordersUrl);
  const state = await databases.state();
  const changes = simulateInventory(options.seed ?? state.nextOrderId, {
    ...state,
    now: intervalMs === 0 && limit !== Infinity ? timesUntilNow(state, limit) : Date.now,
  });
  let made = 0;
  while (made < limit && !signal.aborted) {
    const size = intervalMs === 0 ? Math.min(MAX_BATCH, limit - made) : 1;
    const batch = Array.from({ length: size }, () => changes.next().value!);
    await databases.apply(batch);
    batch.forEach((change) => onChange?.(change));
    made += size;
    if (intervalMs > 0 && made < limit) await systemClock.sleep(intervalMs, signal);
  }
  return made;
}

/** Times for so many changes, as if they had been made since the newest one. */
function timesUntilNow({ customers, orders }: InventoryState, changes: number): () => number {
  const nowMs = Date.now();
  const startMs = [...customers, ...orders]
    .reduce((newest, { updated_at }) => Math.max(newest, updated_at), nowMs - MAX_SPREAD_MS);
  let made = 0;
  return () => Math.floor(startMs + (nowMs - startMs) * ++made / changes);
}

const FLAGS = {
  ...producerFlags("change", "the next order's id"),
  database: {
    type: "string",
    value: "name",
    help: "the name of both databases, made if they are absent; default inventory",
  },
  help: { type: "boolean", help: "show this" },
} as const satisfies Flags;

function main(args: readonly string[]): Promise<number> {
  const about = "Simulates customers in Postgres and their orders in MariaDB.";
  return flagCommand({ name: "producer:inventory", about, flags: FLAGS }, args, async (values) => {
    const settings = producerSettings(values);
    const database = values.database ?? "inventory";
    const servers = await ensureStack({
      services: ["postgres", "mariadb"],
      onProgress: printError,
    });
    const sources = await inventorySources(servers, database);
    const stop = new AbortController();
    using _signals = stopOnSignals(() => stop.abort());
    const made = await produceInventory({
      ...sources,
      ...settings,
      ...(settings.intervalMs === 0 ? {} : { onChange: (change) => print(JSON.stringify(change)) }),
      signal: stop.signal,
    });
    print(`${count(made)} changes in databases ${database} of Postgres and MariaDB`);
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
