import mysql, { type Connection } from "mysql2/promise";
import connectPostgres, { type Sql } from "postgres";
import { ConnectClient, type ConnectorConfig } from "../../lib/connect/mod.ts";
import { deleteTopicIfPresent } from "../../lib/kafka/mod.ts";
import { type ReadRecord, readRecords, withSource } from "../kafka/test_topic.ts";
import { testConnect, testMariadb, testStack } from "../support/stack.ts";

/** A table whose changes a connector can bring into a topic. */
export interface ChangeSource {
  /** Name of the connector, of its topic prefix, and of all it has in its database. */
  readonly name: string;
  readonly connect: ConnectClient;
  /** Of a connector that reads the table. */
  readonly config: ConnectorConfig;
  /** The topic of the table's changes. */
  readonly topic: string;
  /** The table's name with its schema. */
  readonly table: string;
  /** Runs a statement in the database. */
  run(statement: string): Promise<void>;
  /** Waits until the topic has so many records; all of them, in order. */
  records(count: number): Promise<ReadRecord[]>;
}

/** One in Postgres, with what a test may ask the server. */
export interface PostgresSource extends ChangeSource {
  readonly sql: Sql;
  readonly databaseUrl: string;
  readonly kafkaBrokers: readonly string[];
  /** The process that sends changes to the connector; `undefined` while the slot is not read. */
  slotReader(): Promise<number | undefined>;
}

const TIMEOUT_MS = 40_000;

/** What both kinds of connectors have in common. */
const COMMON: ConnectorConfig = {
  "tasks.max": "1",
  "snapshot.mode": "initial",
  "decimal.handling.mode": "string",
  "poll.interval.ms": "50",
  "topic.creation.default.replication.factor": "-1",
  "topic.creation.default.partitions": "1",
};

/** Runs a test with a schema, table, publication and slot of its own in Postgres; no connector yet. */
export async function withPostgresSource(
  test: (source: PostgresSource) => Promise<void>,
): Promise<void> {
  const { kafkaBrokers, databaseUrl } = await testStack();
  const name = newName();
  const connect = new ConnectClient({ url: await testConnect() });
  const sql = connectPostgres(databaseUrl, { max: 1, fetch_types: false, onnotice: () => {} });
  const table = `${name}.orders`;
  const topic = `${name}.${table}`;
  try {
    await sql.unsafe(`create schema ${name};
      create table ${table} (id bigint primary key, amount numeric(30, 8));
      alter table ${table} replica identity full;
      create publication ${name} for table ${table}`);
    const { hostname, port, username, password, pathname } = new URL(databaseUrl);
    await test({
      name,
      connect,
      topic,
      table,
      sql,
      databaseUrl,
      kafkaBrokers,
      config: {
        ...COMMON,
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "database.hostname": hostname,
        "database.port": port,
        "database.user": username,
        "database.password": password,
        "database.dbname": pathname.slice(1),
        "topic.prefix": name,
        "table.include.list": table,
        "plugin.name": "pgoutput",
        "slot.name": name,
        "publication.name": name,
        "publication.autocreate.mode": "disabled",
      },
      run: async (statement) => {
        await sql.unsafe(statement);
      },
      records: (count) => recordsOf(kafkaBrokers, topic, count),
      slotReader: async () => {
        const [slot] = await sql`select active_pid as pid from pg_replication_slots
          where slot_name = ${name}`;
        return slot?.pid ?? undefined;
      },
    });
  } finally {
    await deleteConnector(connect, name);
    await until("the slot is let go", async () => {
      const [slot] = await sql`select active from pg_replication_slots where slot_name = ${name}`;
      return slot?.active !== true;
    });
    await sql`select pg_drop_replication_slot(slot_name) from pg_replication_slots
      where slot_name = ${name}`;
    await sql.unsafe(`drop publication if exists ${name}; drop schema ${name} cascade`);
    await sql.end();
    await deleteTopicIfPresent({ brokers: kafkaBrokers }, topic);
  }
}

/** Runs a test with a database and table of its own in MariaDB; no connector yet. */
export async function withMariadbSource(
  test: (source: ChangeSource) => Promise<void>,
): Promise<void> {
  const { kafkaBrokers } = await testStack();
  const url = new URL(await testMariadb());
  const name = newName();
  const connect = new ConnectClient({ url: await testConnect() });
  const connection: Connection = await mysql.createConnection(url.href);
  const table = `${name}.orders`;
  const topic = `${name}.${table}`;
  const historyTopic = `${name}.schema_history`;
  try {
    await connection.query(`create database ${name}`);
    await connection.query(`create table ${table} (id bigint primary key, amount decimal(30, 8))`);
    await test({
      name,
      connect,
      topic,
      table,
      config: {
        ...COMMON,
        "connector.class": "io.debezium.connector.mariadb.MariaDbConnector",
        "database.hostname": url.hostname,
        "database.port": url.port,
        "database.user": url.username,
        "database.password": url.password,
        "database.server.id": String(10_000 + Math.floor(Math.random() * 1e9)),
        "topic.prefix": name,
        "database.include.list": name,
        "table.include.list": table,
        "include.schema.changes": "false",
        "schema.history.internal.kafka.bootstrap.servers": kafkaBrokers.join(","),
        "schema.history.internal.kafka.topic": historyTopic,
      },
      run: async (statement) => {
        await connection.query(statement);
      },
      records: (count) => recordsOf(kafkaBrokers, topic, count),
    });
  } finally {
    await deleteConnector(connect, name);
    await connection.query(`drop database if exists ${name}`);
    await connection.end();
    await deleteTopicIfPresent({ brokers: kafkaBrokers }, topic);
    await deleteTopicIfPresent({ brokers: kafkaBrokers }, historyTopic);
  }
}

/** What Debezium's envelope says, as far as a test compares it. */
export function changeOf({ key, value }: ReadRecord): unknown {
  if (value === null) return { key, tombstone: true };
  const { op, before, after } = JSON.parse(value);
  return { op, before, after };
}

/** Asks again until the answer is true. */
export async function until(what: string, ask: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!await ask()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function recordsOf(
  brokers: readonly string[],
  topic: string,
  count: number,
): Promise<ReadRecord[]> {
  let records: ReadRecord[] = [];
  await until(`${topic} has ${count} records`, async () => {
    await withSource({ topic, connection: { brokers } }, async (source) => {
      records = await readRecords(source);
    }).catch((error) => {
      if (error.code !== "TOPIC_NOT_FOUND") throw error;
    });
    return records.length >= count;
  });
  return records;
}

/** Deleting one that is not there is fine. */
async function deleteConnector(connect: ConnectClient, name: string): Promise<void> {
  if (await connect.config(name) !== undefined) await connect.delete(name);
}

function newName(): string {
  return `test_${crypto.randomUUID().slice(0, 8)}`;
}
