/**
 * Simulates changes of orders: inserts, updates and deletes in a Postgres table.
 *
 *     deno task producer:orders --interval 100
 */
import type { Sql, TransactionSql } from "postgres";
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
import { withDatabase } from "../orders/orders_database.ts";
import { ordersSource, SOURCE_FLAGS } from "../orders/orders_places.ts";
import { type OrderChange, OrderSimulator } from "./order_simulator.ts";
import { producerFlags, producerSettings } from "./producer_flags.ts";

/** What to change, and how fast. */
export interface ChangeOrdersOptions {
  /** The database of the orders. */
  readonly sourceUrl: string;
  /** Changes to make; absent: until the signal. */
  readonly count?: number;
  /** Milliseconds from one change to the next; 0: as fast as they can be made. */
  readonly intervalMs: number;
  /** Default: the time. */
  readonly seed?: number;
  readonly signal: AbortSignal;
  /** Told of each change when it is committed. */
  readonly onChange?: (change: OrderChange) => void;
}

/** How many changes were made, by what they do. */
export type ChangedOrders = Record<OrderChange["op"], number>;

/** Without an interval, changes in one transaction. */
const MAX_TRANSACTION = 20;

/** Orders that are there and may be changed. */
const MAX_KNOWN = 100_000;

/**
 * Makes changes; others may change orders at the same time.
 *
 * @throws {SluiceError} `POSTGRES_FAILED`.
 */
export async function changeOrders(options: ChangeOrdersOptions): Promise<ChangedOrders> {
  const { intervalMs, signal, onChange } = options;
  const total = options.count ?? Infinity;
  const changed: ChangedOrders = { insert: 0, update: 0, rekey: 0, delete: 0 };
  await withDatabase(options.sourceUrl, "change orders", async (sql) => {
    const simulator = new OrderSimulator(options.seed ?? Date.now(), await knownOrders(sql));
    for (let made = 0; made < total && !signal.aborted;) {
      const size = intervalMs === 0 ? Math.min(MAX_TRANSACTION, total - made) : 1;
      const changes = await sql.begin((transaction) => change(transaction, simulator, size));
      for (const each of changes) {
        changed[each.op]++;
        onChange?.(each);
      }
      made += changes.length;
      if (intervalMs > 0 && made < total) await systemClock.sleep(intervalMs, signal);
    }
  });
  return changed;
}

async function knownOrders(sql: Sql): Promise<number[]> {
  const rows = await sql`select order_id from orders order by order_id limit ${MAX_KNOWN}`;
  return rows.map((row) => row.order_id);
}

/** Makes so many changes; those of orders that somebody else removed are left out. */
async function change(
  sql: TransactionSql,
  simulator: OrderSimulator,
  size: number,
): Promise<OrderChange[]> {
  const made: OrderChange[] = [];
  while (made.length < size) {
    const next = simulator.next();
    const orderId = await makeChange(sql, next);
    if (next.op === "insert") simulator.added(orderId!);
    else if (next.op !== "update" || orderId === undefined) {
      simulator.removed(next.orderId);
      if (next.op === "rekey" && orderId !== undefined) simulator.added(orderId);
    }
    if (orderId !== undefined) made.push(next);
  }
  return made;
}

/** The number of the order as it is then, or was; `undefined` if there is none to change. */
async function makeChange(sql: TransactionSql, next: OrderChange): Promise<number | undefined> {
  const [row] = await statementOf(sql, next);
  return row?.order_id;
}

function statementOf(sql: TransactionSql, next: OrderChange) {
  switch (next.op) {
    case "insert":
      return sql`insert into orders ${sql({ ...next.columns })} returning order_id`;
    case "update":
      return sql`update orders set ${sql({ ...next.columns })}
        where order_id = ${next.orderId} returning order_id`;
    case "rekey":
      return sql`update orders set order_id = default
        where order_id = ${next.orderId} returning order_id`;
    case "delete":
      return sql`delete from orders where order_id = ${next.orderId} returning order_id`;
  }
}

const FLAGS = {
  ...producerFlags("change", "the time"),
  ...SOURCE_FLAGS,
  help: { type: "boolean", help: "show this" },
} as const satisfies Flags;

function main(args: readonly string[]): Promise<number> {
  const about = "Simulates changes of orders in a Postgres table.";
  return flagCommand({ name: "producer:orders", about, flags: FLAGS }, args, async (values) => {
    const settings = producerSettings(values);
    const { databaseUrl } = await ensureStack({ services: ["postgres"], onProgress: printError });
    const stop = new AbortController();
    using _signals = stopOnSignals(() => stop.abort());
    const changed = await changeOrders({
      sourceUrl: ordersSource(values, databaseUrl),
      ...settings,
      ...(settings.intervalMs === 0 ? {} : { onChange: (change) => print(JSON.stringify(change)) }),
      signal: stop.signal,
    });
    const { insert, update, rekey, delete: deleted } = changed;
    print(
      `${count(insert + update + rekey + deleted)} changes of orders: ${count(insert)} inserted, ` +
        `${count(update)} updated, ${count(rekey)} given another number, ${count(deleted)} deleted`,
    );
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
