import { deepEqual, equal } from "assert";
import type postgres from "postgres";
import { formatDateDays } from "sluice";
import { ConnectClient } from "../../lib/connect/mod.ts";
import { DeltaTable } from "../../lib/delta/mod.ts";
import { deleteTopicIfPresent, topicOffsets } from "../../lib/kafka/mod.ts";
import { stackStatus } from "../../lib/stack/mod.ts";
import { capture } from "../../pipelines/capture/capture.ts";
import { postgresSource } from "../../pipelines/capture/source_database.ts";
import { changeFunds, type FundChange } from "../../pipelines/producers/change_funds.ts";
import { until } from "../connect/change_source.ts";
import { checkout } from "../support/paths.ts";
import { rowText } from "../support/sink_rows.ts";
import { testConnect, testStack, testStackOptions } from "../support/stack.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { withSql } from "../support/trade_ledger.ts";

/** The tables that are captured. */
export const TABLES = ["fund_metadata", "fund_unit"] as const;
const KEYS = { fund_metadata: "fund_id", fund_unit: "unit_id" };
const NEVER = new AbortController().signal;

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A source with its connector and its trails, for one test. */
export interface World extends AsyncDisposable {
  /** Of the source's database, of the connector, its slot and its publication, and of the topics. */
  readonly name: string;
  readonly sourceUrl: string;
  readonly lake: string;
  /** Makes random transactions in the source; returns what they changed. */
  change(count: number, seed: number): Promise<FundChange[]>;
  /** Runs statements in the source. */
  source(statements: string): Promise<void>;
  /** Changes the fund with the longest description, which is left alone unless another is given. */
  touchLongest(description?: string): Promise<FundChange>;
  /** Has the tables captured, without waiting. */
  capture(): Promise<void>;
  /** Kills Kafka Connect and starts it again, if it is ours. */
  killConnect(): Promise<void>;
  /** How many records there are of a table. */
  records(table: string): Promise<number>;
  /** Runs the command to its end. */
  command(...flags: string[]): Promise<Ended>;
  /** Runs any command against the services of the test. */
  run(script: string, flags: readonly string[]): Promise<Ended>;
  /** Runs the command and kills it when it has told of so many batches. */
  killedAfter(batches: number, ...flags: string[]): Promise<void>;
  /** The changes in a Postgres trail, without rows that a snapshot read; in the order of the log. */
  trail(table: typeof TABLES[number]): Promise<FundChange[]>;
  /** Holds a Delta trail against that in Postgres, and the newest rows in there against the source. */
  refuseDifferences(table: typeof TABLES[number]): Promise<void>;
  /** Asks the database of the trails. */
  sql<T>(work: (sql: postgres.Sql) => Promise<T>): Promise<T>;
}

/** Makes a database with the two tables and one for their trails, and a folder; all goes with the test. */
export async function prepareFunds(): Promise<World> {
  const { kafkaBrokers: brokers, databaseUrl: serverUrl } = await testStack();
  const connectUrl = await testConnect();
  const folder = await tempFolder();
  const name = `funds_${crypto.randomUUID().slice(0, 8)}`;
  const topics = TABLES.map((table) => ({ topic: `${name}.public.${table}`, numPartitions: 3 }));
  const schemaPath = `${checkout}/data/funds/source.sql`;
  const sourceUrl = await postgresSource({ serverUrl, name, schemaPath });
  // The trails have a database of their own: one of the same server, in which nothing is yet.
  await folder.write("none.sql", "select 1");
  const trailsUrl = await postgresSource({
    serverUrl,
    name: `${name}_trails`,
    schemaPath: `${folder.path}/none.sql`,
  });
  const lake = `${folder.path}/lake`;
  const job = ["--database", name, "--connector", name, "--prefix", name, "--lake", lake];
  const flags = [...job, "--checkpoint", `${folder.path}/checkpoint`];
  const spawn = (script: string, flags: readonly string[]) =>
    command(script, flags, {
      DATABASE_URL: trailsUrl,
      KAFKA_BROKERS: brokers.join(","),
      CONNECT_URL: connectUrl,
    }).spawn();
  const run = async (script: string, flags: readonly string[]): Promise<Ended> => {
    const { code, stdout, stderr } = await spawn(script, flags).output();
    return { code, stdout: text(stdout), stderr: text(stderr) };
  };
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return {
    name,
    sourceUrl,
    lake,
    async change(count, seed) {
      const changes: FundChange[] = [];
      const onChange = (change: FundChange) => void changes.push(change);
      await changeFunds({
        databaseUrl: sourceUrl,
        count,
        seed,
        intervalMs: 0,
        signal: NEVER,
        onChange,
      });
      return changes;
    },
    source: (statements) =>
      withSql(sourceUrl, async (sql) => {
        await sql.unsafe(statements);
      }),
    touchLongest: (description) =>
      withSql(sourceUrl, async (sql) => {
        const set = description === undefined ? sql`` : sql`, fund_description = ${description}`;
        const [changed] = await sql`
          update fund_metadata t set fund_price = fund_price - 0.01 ${set} where fund_id =
            (select fund_id from fund_metadata order by length(fund_description) desc nulls last limit 1)
          returning to_jsonb(t)::text as row`;
        return { table: "fund_metadata", op: "u", row: changed!.row };
      }),
    capture: () =>
      capture({
        connectUrl,
        brokers,
        connectorPath: `${checkout}/data/connectors/funds.json`,
        postgresUrl: sourceUrl,
        topics,
        name,
        settings: { "slot.name": name, "publication.name": name, "topic.prefix": name },
      }),
    async killConnect() {
      if (Deno.env.get("CONNECT_URL")) return; // not ours to kill
      const { stateDir } = testStackOptions();
      const status = async () =>
        (await stackStatus({ stateDir: stateDir!, services: ["connect"] }))[0];
      Deno.kill((await status())!.pid!, "SIGKILL");
      await until("it is dead", async () => (await status())?.state === "died");
      await testConnect();
      await new ConnectClient({ url: connectUrl }).waitUntilRunning(name);
    },
    async records(table) {
      const { latest } = await topicOffsets({ brokers }, `${name}.public.${table}`);
      return Object.values(Object.values(latest)[0]!).reduce((sum, end) => sum + Number(end), 0);
    },
    command: (...more) => run("pipelines/funds.ts", [...flags, ...more]),
    run,
    async killedAfter(batches, ...more) {
      const child = spawn("pipelines/funds.ts", [...flags, ...more]);
      const stderr = new Response(child.stderr).text();
      let printed = "";
      for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
        printed += part;
        if (printed.split("batchId ").length <= batches) continue;
        child.kill("SIGKILL");
        break;
      }
      equal((await child.status).signal, "SIGKILL", `it ended by itself: ${await stderr}`);
    },
    trail: (table) =>
      withSql(trailsUrl, async (sql) => {
        const rows = await sql`
          select op, deleted, source_system, source_ts is not null as is_dated, ${
          sourceRow(sql, table)
        }::text as row
          from ${sql(`${table}_trail`)} as t where op <> 'r' order by lsn, deleted desc`;
        for (const { op, deleted, source_system, is_dated } of rows) {
          deepEqual([deleted, source_system, is_dated], [op === "d", "finance_db", true]);
        }
        return rows.map(({ op, row }) => ({ table, op, row }));
      }),
    async refuseDifferences(table) {
      const trail = `${table}_trail`;
      const there = await withSql(
        sourceUrl,
        (sql) => sql`select to_jsonb(t)::text as row from ${sql(table)} t order by 1`,
      );
      await withSql(trailsUrl, async (sql) => {
        const key = sql(KEYS[table]);
        const latest = await sql`
          select ${sourceRow(sql, table)}::text as row from (
            select distinct on (${key}) * from ${sql(trail)} order by ${key}, lsn desc, deleted
          ) as t where not deleted order by 1`;
        deepEqual(latest.map(({ row }) => row), there.map(({ row }) => row));
        deepEqual(await deltaTrail(`${lake}/${table}`), await postgresTrail(sql, trail));
        const [{ dead } = {}] = await sql`select count(*)::int as dead from dead_letters`;
        equal(dead, 0);
      });
    },
    sql: (work) => withSql(trailsUrl, work),
    async [Symbol.asyncDispose]() {
      const connect = new ConnectClient({ url: connectUrl });
      if (await connect.config(name) !== undefined) await connect.delete(name);
      await withSql(serverUrl, async (sql) => {
        await until("the slot is let go", async () => {
          const [slot] = await sql`
            select active from pg_replication_slots where slot_name = ${name}`;
          return slot?.active !== true;
        });
        await sql`select pg_drop_replication_slot(slot_name) from pg_replication_slots
          where slot_name = ${name}`;
        await sql`drop database ${sql(name)} with (force)`;
        await sql`drop database ${sql(`${name}_trails`)} with (force)`;
      });
      for (const { topic } of topics) await deleteTopicIfPresent({ brokers }, topic);
      await deleteTopicIfPresent({ brokers }, `__debezium-heartbeat.${name}`);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** More than a megabyte that does not compress well: Postgres stores it apart from its row. */
export function longText(): string {
  return Array.from({ length: 32_000 }, () => crypto.randomUUID()).join("");
}

/** The rows of a trail in Postgres, with all digits; sorted. */
export async function postgresTrail(sql: postgres.Sql, table: string): Promise<string[]> {
  const rows = await sql`
    select to_jsonb(t) || jsonb_build_object(
        'source_ts', (extract(epoch from source_ts) * 1000000)::bigint::text,
        'lsn', lsn::text, ${
    sql.unsafe(
      table.startsWith("fund_unit") ? "'unit_price', unit_price" : "'fund_price', fund_price",
    )
  }::text
      ) as row
    from ${sql(table)} t`;
  return rows.map(({ row }) => rowText(row)).sort();
}

/** The rows of a trail in Delta, alike. */
async function deltaTrail(path: string): Promise<string[]> {
  const table = await DeltaTable.open(path);
  const rows = await Array.fromAsync(table.rows(), (row) => {
    const days = Object.entries(row).filter(([name]) => name.endsWith("_date"));
    const dates = days.map((
      [name, day],
    ) => [name, day === null ? null : formatDateDays(day as number)]);
    return rowText({ ...row, ...Object.fromEntries(dates) });
  });
  return rows.sort();
}

/** The row `t` of a trail, as the source has it. */
function sourceRow(sql: postgres.Sql, table: typeof TABLES[number]) {
  const told = sql`'{source_system,lsn,op,source_ts,change_date,deleted}'::text[]`;
  return table === "fund_unit"
    ? sql`(to_jsonb(t) - ${told})`
    : sql`(to_jsonb(t) - ${told} - 'name' || jsonb_build_object('fund_name', name))`;
}

/** Any command of the checkout. */
export function command(script: string, flags: readonly string[], env: Record<string, string>) {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, ...flags],
    cwd: checkout,
    env,
    stdout: "piped",
    stderr: "piped",
  });
}
