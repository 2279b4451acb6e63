import postgres from "postgres";
import { DeltaTable } from "../../lib/delta/mod.ts";
import { createProducer, createTopicIfAbsent, deleteTopicIfPresent } from "../../lib/kafka/mod.ts";
import { simulateTrades } from "../../pipelines/producers/trade_simulator.ts";
import type { TradeRow } from "../../pipelines/trade.ts";

/** What was put into a topic: the ledger that every sink must agree with. */
export interface Ledger {
  /** The ids of the good trades, ascending. */
  readonly tradeIds: readonly bigint[];
  /** The values of the records that are no trades, sorted. */
  readonly badValues: readonly string[];
}

const FIRST_ID = 9_007_199_254_000_000;

/**
 * Makes a topic of three partitions with `count` trades, in which every `badEvery`th record is
 * followed by one that is no trade.
 */
export async function produceLedger(
  brokers: readonly string[],
  topic: string,
  count: number,
  badEvery: number,
): Promise<Ledger> {
  await createTopicIfAbsent({ brokers }, { topic, numPartitions: 3 });
  const records: { key: string; value: string }[] = [];
  const tradeIds: bigint[] = [];
  const badValues: string[] = [];
  const start = { tradeId: FIRST_ID, timeMs: Date.UTC(2026, 0, 1), meanGapMs: 10 };
  const trades = simulateTrades(42, start);
  for (const { symbol, json, tradeId } of trades) {
    records.push({ key: symbol, value: json });
    tradeIds.push(BigInt(tradeId));
    if (tradeIds.length % badEvery === 0) {
      const value = badValue(tradeIds.length, json);
      badValues.push(value);
      records.push({ key: symbol, value });
    }
    if (tradeIds.length === count) break;
  }
  const producer = createProducer({ brokers });
  try {
    await producer.send(topic, records);
  } finally {
    await producer.close();
  }
  return { tradeIds, badValues: badValues.sort() };
}

/** The trade ids in a Postgres table, ascending, as SQL tells them. */
export async function postgresTradeIds(databaseUrl: string, table: string): Promise<bigint[]> {
  return await withSql(databaseUrl, async (sql) => {
    const rows = await sql`select trade_id::text as id from ${sql(table)} order by trade_id`;
    return rows.map((row) => BigInt(row.id));
  });
}

/** The values of the dead letters that were kept beside a Postgres table, sorted. */
export async function deadLetterValues(databaseUrl: string, table: string): Promise<string[]> {
  return await withSql(databaseUrl, async (sql) => {
    const rows = await sql`select value from dead_letters where sink = ${`postgres(${table})`}`;
    return rows.map((row) => new TextDecoder().decode(row.value)).sort();
  });
}

/** The trade ids in a Delta table, ascending. */
export async function deltaTradeIds(lakePath: string): Promise<bigint[]> {
  const table = await DeltaTable.open(lakePath);
  const ids: bigint[] = [];
  for await (const row of table.rows()) ids.push((row as TradeRow).trade_id);
  return ids.sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
}

/** Removes what a test put into Kafka and Postgres. */
export async function removeLedger(
  brokers: readonly string[],
  databaseUrl: string,
  topics: readonly string[],
  table: string,
): Promise<void> {
  for (const topic of topics) await deleteTopicIfPresent({ brokers }, topic);
  await withSql(databaseUrl, async (sql) => {
    await sql`drop table if exists ${sql(table)}`;
    const sink = `postgres(${table})`;
    if (!await exists(sql, "sluice_progress")) return;
    await sql`delete from sluice_progress where sink = ${sink}`;
    await sql`delete from dead_letters where sink = ${sink}`;
  });
}

/** Runs SQL on a connection that is closed afterwards. */
export async function withSql<T>(
  databaseUrl: string,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

async function exists(sql: postgres.Sql, table: string): Promise<boolean> {
  const [row] = await sql`select to_regclass(${table}) is not null as there`;
  return row!.there;
}

function badValue(index: number, json: string): string {
  switch (index % 5) {
    case 0:
      return `no json ${index}`;
    case 1:
      return json.replace(/"t":\d+,/, `"x":${index},`);
    case 2:
      return json.replace(/"p":"[^"]+"/, `"p":"${index} dollars"`);
    case 3:
      return json.replace(/"t":\d+/, `"t":9223372036854775808${index}`);
    default:
      return json.replace(/"q":"[^"]+"/, `"q":"1${index}000000000000.1"`);
  }
}
