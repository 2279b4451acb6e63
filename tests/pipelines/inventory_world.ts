import { equal } from "assert";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { ConnectClient } from "../../lib/connect/mod.ts";
import { createProducer, deleteTopicIfPresent, type ProducerRecord } from "../../lib/kafka/mod.ts";
import {
  type CaptureInventoryOptions,
  untilInventoryCaptured,
} from "../../pipelines/inventory/capture_inventory.ts";
import {
  declaredTopics,
  type InventoryTopics,
  inventoryTopics,
} from "../../pipelines/inventory/inventory_topics.ts";
import { produceInventory } from "../../pipelines/producers/inventory.ts";
import { until } from "../connect/change_source.ts";
import { checkout } from "../support/paths.ts";
import { testConnect, testMariadb, testStack } from "../support/stack.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { withSql } from "../support/trade_ledger.ts";

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Databases, topics, connectors and tables of a test's own. */
export interface InventoryWorld extends AsyncDisposable {
  /** The name of the captured databases. */
  readonly database: string;
  readonly topics: InventoryTopics;
  readonly brokers: readonly string[];
  readonly connect: ConnectClient;
  /** The captured databases. */
  readonly customersUrl: string;
  readonly ordersUrl: string;
  /** The databases that the job writes. */
  readonly postgresUrl: string;
  readonly mysqlUrl: string;
  /** Runs the job. */
  command(...flags: string[]): Promise<Ended>;
  /** Runs the job and kills it when it has told of so many batches. */
  killedAfter(batches: number, ...flags: string[]): Promise<void>;
  /** Runs any command against the services of the test. */
  run(script: string, flags: readonly string[]): Promise<Ended>;
  /** Makes changes in both databases. */
  change(count: number, seed: number): Promise<void>;
  /** Waits until all changes are in the topics. */
  untilCaptured(): Promise<void>;
  /** Runs a statement in the database of orders; its rows, with times as text. */
  orders(statement: string, values?: unknown[]): Promise<RowDataPacket[]>;
  /** Runs a statement in the MariaDB database that the job writes. */
  servedOrders(statement: string): Promise<RowDataPacket[]>;
  send(topic: string, records: readonly ProducerRecord[]): Promise<void>;
}

/** Makes them; the first run of the job fills them. */
export async function inventoryWorld(): Promise<InventoryWorld> {
  const { kafkaBrokers: brokers, databaseUrl } = await testStack();
  const serverUrl = await testMariadb();
  const connect = new ConnectClient({ url: await testConnect() });
  const folder = await tempFolder();
  const database = `inv_${crypto.randomUUID().slice(0, 5)}`;
  const topics = inventoryTopics(database);
  const at = (url: string, name: string) => Object.assign(new URL(url), { pathname: name }).href;
  const customersUrl = at(databaseUrl, database);
  const ordersUrl = at(serverUrl, database);
  const mysqlUrl = at(serverUrl, `${database}_serving`);
  const captured: CaptureInventoryOptions = {
    database,
    connectUrl: connect.where,
    brokers,
    customersUrl,
    ordersUrl,
  };
  const job = ["--database", database, "--checkpoint", `${folder.path}/checkpoint`];
  const spawn = (script: string, flags: readonly string[]) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", script, ...flags],
      cwd: checkout,
      env: {
        DATABASE_URL: databaseUrl,
        KAFKA_BROKERS: brokers.join(","),
        CONNECT_URL: connect.where,
        MYSQL_URL: serverUrl,
      },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  const run = async (script: string, flags: readonly string[]): Promise<Ended> => {
    const { code, stdout, stderr } = await spawn(script, flags).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  };
  return {
    database,
    topics,
    brokers,
    connect,
    customersUrl,
    ordersUrl,
    postgresUrl: at(databaseUrl, `${database}_serving`),
    mysqlUrl,
    run,
    command: (...flags) => run("pipelines/inventory.ts", [...job, ...flags]),
    async killedAfter(batches, ...flags) {
      const child = spawn("pipelines/inventory.ts", [...job, ...flags]);
      const stderr = new Response(child.stderr).text();
      let printed = "";
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        printed += text;
        if (printed.split("batchId ").length <= batches) continue;
        child.kill("SIGKILL");
        break;
      }
      const { signal } = await child.status;
      equal(signal, "SIGKILL", `it ended before it was killed: ${await stderr}`);
    },
    async change(count, seed) {
      const { signal } = new AbortController();
      await produceInventory({ customersUrl, ordersUrl, count, seed, intervalMs: 0, signal });
    },
    untilCaptured: () => untilInventoryCaptured(captured),
    orders: (statement, values) => mariadbRows(ordersUrl, statement, values),
    servedOrders: (statement) => mariadbRows(mysqlUrl, statement),
    async send(topic, records) {
      const producer = createProducer({ brokers });
      try {
        await producer.send(topic, records);
      } finally {
        await producer.close();
      }
    },
    async [Symbol.asyncDispose]() {
      // One that was just started knows of no connector for a moment.
      await until("Connect answers", () => connect.list().then(() => true, () => false));
      for (const name of [database, `${database}_customers`]) {
        if (await connect.config(name) !== undefined) await connect.delete(name);
      }
      await dropPostgres(databaseUrl, database);
      for (const name of [database, `${database}_serving`]) {
        await mariadbRows(serverUrl, `drop database if exists ${name}`);
      }
      const prefixes = [`${database}.dbserver1`, `${database}.pgserver1`];
      const all = [
        ...declaredTopics(topics).map(({ topic }) => topic),
        `${database}.dbserver1.schema_history`,
        ...prefixes.map((prefix) => `__debezium-heartbeat.${prefix}`),
      ];
      for (const topic of all) await deleteTopicIfPresent({ brokers }, topic);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Drops the slot, as soon as nobody reads it, and both databases. */
async function dropPostgres(databaseUrl: string, database: string): Promise<void> {
  await withSql(databaseUrl, async (sql) => {
    const slot = `${database}_customers`;
    await until("the slot is let go", async () => {
      const [found] = await sql`select active from pg_replication_slots where slot_name = ${slot}`;
      return found?.active !== true;
    });
    await sql`select pg_drop_replication_slot(slot_name) from pg_replication_slots
      where slot_name = ${slot}`;
    for (const name of [database, `${database}_serving`]) {
      await sql`drop database if exists ${sql(name)} with (force)`;
    }
  });
}

async function mariadbRows(
  url: string,
  statement: string,
  values: unknown[] = [],
): Promise<RowDataPacket[]> {
  const connection = await createConnection({
    uri: url,
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(statement, values);
    return rows;
  } finally {
    await connection.end();
  }
}
