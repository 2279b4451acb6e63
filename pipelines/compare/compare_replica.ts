import type { Sql, TransactionSql } from "postgres";
import { withDatabase } from "../orders/orders_database.ts";
import type { OrdersPlaces } from "../orders/orders_places.ts";
import { compareRows, type Comparison } from "./compare_rows.ts";
import { type ReplicaLag, replicaLag, slotLag } from "./replica_lag.ts";
import { columnNames, tableRows } from "./table_rows.ts";

/** One copy, held against the source. */
export interface ComparedCopy extends Comparison {
  readonly table: string;
  /** The columns of the source that it is to have, and has not. */
  readonly missingColumns: readonly string[];
}

/** The source, its copies, and how far these are behind. */
export interface ComparedReplica {
  readonly copies: readonly ComparedCopy[];
  readonly lag: ReplicaLag;
  /**
   * True if all that the source had done was in the copies, and nothing changed meanwhile: what differs
   * then will stay so.
   */
  readonly isSettled: boolean;
}

/** The copies, and the columns of the source that they leave out. */
const COPIES = [
  { table: "orders", without: [] },
  { table: "orders_projected", without: ["name"] },
] as const;

const KEY = "order_id";
const SNAPSHOT = "isolation level repeatable read read only";

/** A slot confirms every few seconds what its connector has sent; on a busy machine it takes longer. */
const CAPTURE_MS = 20_000;

/** How long to wait for a query that reads nothing. */
const READ_MS = 5_000;
/** How long to wait for a source that changes all the time. */
const SETTLE_MS = 60_000;
const POLL_MS = 100;

/**
 * Compares the orders with their copies, each as of one moment. It waits some seconds for changes that
 * are on their way.
 *
 * @throws {SluiceError} `POSTGRES_FAILED`; `KAFKA_UNAVAILABLE`.
 */
export async function compareReplica(
  brokers: readonly string[],
  places: OrdersPlaces,
): Promise<ComparedReplica> {
  const attempted = "compare orders with their copies";
  return await withDatabase(places.sourceUrl, attempted, (source) =>
    // Another one, to ask how far all is while the first one's transaction is open.
    withDatabase(places.sourceUrl, attempted, (asked) =>
      withDatabase(places.destinationUrl, attempted, async (destination) => {
        const lag = await settledLag(asked, brokers, places);
        const { copies, lsn } = await compareSnapshots(source, destination);
        const isSettled = isDone(lag) && await untilConfirmed(asked, places.connector, lsn) &&
          (await replicaLag(asked, brokers, places)).topicEnd === lag.topicEnd;
        return { copies, lag, isSettled };
      })));
}

/** The lag when there is none, or when it has not changed for a while, or never stops to. */
async function settledLag(
  sql: Sql,
  brokers: readonly string[],
  places: OrdersPlaces,
): Promise<ReplicaLag> {
  // A mark in the log, for a connector that was started again confirms nothing before it reads something.
  await sql`select pg_logical_emit_message(true, 'heartbeat', '')`;
  const { sourceLsn } = await replicaLag(sql, brokers, places);
  const deadline = performance.now() + SETTLE_MS;
  let before = "";
  let changedMs = 0;
  for (;;) {
    const slot = await slotLag(sql, places.connector, sourceLsn);
    const lag = { ...await replicaLag(sql, brokers, places), slot };
    if (isDone(lag)) return lag;
    const now = `${slot?.bytes} ${lag.topicRecords}`;
    if (now !== before) changedMs = performance.now();
    const patienceMs = isCaptured(lag) ? READ_MS : CAPTURE_MS;
    if (performance.now() > Math.min(deadline, changedMs + patienceMs)) return lag;
    before = now;
    await pause();
  }
}

/** True if nothing is on its way. */
function isDone(lag: ReplicaLag): boolean {
  return isCaptured(lag) && (lag.topicRecords ?? 0n) === 0n;
}

/**
 * True if the slot has confirmed all; without one nothing will come. A new slot is read when the snapshot
 * is taken, and has all confirmed that was there before.
 */
function isCaptured({ slot }: Pick<ReplicaLag, "slot">): boolean {
  return slot === undefined || (slot.isRead && slot.bytes === 0n);
}

/** Waits until a slot has confirmed a position; false when the time is up. */
async function untilConfirmed(sql: Sql, slot: string, lsn: string): Promise<boolean> {
  for (const deadline = performance.now() + CAPTURE_MS; performance.now() < deadline;) {
    if (isCaptured({ slot: await slotLag(sql, slot, lsn) })) return true;
    await pause();
  }
  return false;
}

/** Compares what both databases have now; tells where the source's log was then, or a moment later. */
async function compareSnapshots(
  source: Sql,
  destination: Sql,
): Promise<{ readonly copies: ComparedCopy[]; readonly lsn: string }> {
  return await source.begin(
    SNAPSHOT,
    (sourceRows) =>
      destination.begin(SNAPSHOT, async (copiedRows) => {
        const columns = await columnNames(sourceRows, "orders");
        const [log] = await sourceRows`select pg_current_wal_lsn()::text as lsn`;
        const copies: ComparedCopy[] = [];
        for (const { table, without } of COPIES) {
          const wanted = columns.filter((name) => !(without as readonly string[]).includes(name));
          copies.push(await compareCopy(sourceRows, copiedRows, table, wanted));
        }
        return { copies, lsn: log!.lsn as string };
      }),
  ) as { copies: ComparedCopy[]; lsn: string };
}

async function compareCopy(
  source: TransactionSql,
  destination: TransactionSql,
  table: string,
  wanted: readonly string[],
): Promise<ComparedCopy> {
  const there = await columnNames(destination, table);
  const columns = wanted.filter((name) => there.includes(name));
  const comparison = await compareRows(
    columns,
    tableRows(source, "orders", KEY, columns),
    tableRows(destination, table, KEY, columns),
  );
  const missingColumns = wanted.filter((name) => !there.includes(name));
  return { table, missingColumns, ...comparison };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
