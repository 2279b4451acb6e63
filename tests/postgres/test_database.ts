import connect, { type Sql } from "postgres";
import {
  Batch,
  type MicroBatch,
  type Offsets,
  type OutputMode,
  type Row,
  type Schema,
  type SinkContext,
} from "../../lib/core/mod.ts";
import { microBatch, sinkContext } from "../support/micro_batches.ts";
import { testStack } from "../support/stack.ts";

/** A Postgres schema of a test's own on the real server. */
export interface TestDatabase {
  /** The address that sinks get; tables without a schema are found in the test's own. */
  readonly url: string;
  /** The schema's name, and the name of the test's queries. */
  readonly schema: string;
  /** Connections from outside, which no sink uses. */
  readonly sql: Sql;
  /** The process ids of the server for connections of the test's queries. */
  connections(): Promise<number[]>;
  /** True while one of these connections waits for a lock. */
  isWaitingForLock(): Promise<boolean>;
  /** What `select` finds, values as text, one row a string with `|` between them. */
  rows(query: string): Promise<string[]>;
}

/** Runs a test in a schema of its own and drops that, and with it every table, at the end. */
export async function withDatabase(test: (db: TestDatabase) => Promise<void>): Promise<void> {
  const { databaseUrl } = await testStack();
  const schema = `sluice_test_${crypto.randomUUID().slice(0, 8)}`;
  const url = new URL(databaseUrl);
  url.searchParams.set("search_path", schema);
  url.searchParams.set("TimeZone", "UTC");
  const sql = connect(url.href, { max: 2, fetch_types: false, onnotice: () => {} });
  try {
    await sql.unsafe(`create schema ${schema}`);
    await test({
      url: url.href,
      schema,
      sql,
      connections: async () => {
        const rows = await sql`select pid from pg_stat_activity
          where application_name = ${`sluice ${schema}`}`;
        return rows.map((row) => row.pid);
      },
      isWaitingForLock: async () => {
        const rows = await sql`select from pg_stat_activity
          where application_name = ${`sluice ${schema}`} and wait_event_type = 'Lock'`;
        return rows.length > 0;
      },
      rows: async (query) => {
        const rows = await sql.unsafe(query).values();
        return rows.map((row: unknown[]) => row.map((value) => String(value ?? "null")).join("|"));
      },
    });
  } finally {
    // A test that failed may have left a transaction open, whose locks the drop would wait for.
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = ${`sluice ${schema}`}`;
    await sql.unsafe(`drop schema ${schema} cascade`);
    await sql.end();
  }
}

/** What the engine tells a sink; the query is named after the test's schema. */
export function contextOf(
  db: TestDatabase,
  schema: Schema,
  queryId = "query-1",
  more: Partial<SinkContext> = {},
): SinkContext {
  return { ...sinkContext(schema, queryId, db.schema), ...more };
}

/** The query's result in each mode, told apart by a column `id`. */
export const MODES: readonly OutputMode[] = ["append", "update", "complete"];

/** What the engine tells a sink of a query in a mode. */
export function contextIn(
  db: TestDatabase,
  schema: Schema,
  outputMode: OutputMode,
): SinkContext {
  const keyColumns = outputMode === "append" ? [] : ["id"];
  return contextOf(db, schema, "query-1", { outputMode, keyColumns });
}

/** A micro-batch of the given rows: one offset of one partition a batch. */
export function rowsBatch<S extends Schema>(
  batchId: number,
  schema: S,
  rows: readonly Row<S>[],
  more: Partial<MicroBatch> = {},
): MicroBatch {
  const batch = new Batch<Record<string, unknown>>(schema);
  for (const row of rows) batch.append(row);
  return microBatch(batchId, batch, {
    startOffsets: endAt(BigInt(batchId)),
    endOffsets: endAt(BigInt(batchId) + 1n),
    ...more,
  });
}

/** Offsets of one partition. */
export function endAt(offset: bigint): Offsets {
  return { trades: { 0: offset } };
}

/** Asks again until the answer is true; the server says when, no clock does. */
export async function until(what: string, ask: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!await ask()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
