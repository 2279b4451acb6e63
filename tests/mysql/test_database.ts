import { createConnection } from "mysql2/promise";
import type { OutputMode, Schema, SinkContext } from "../../lib/core/mod.ts";
import { sinkContext } from "../support/micro_batches.ts";
import { testMariadb } from "../support/stack.ts";

/** A database of a test's own on the real server. */
export interface TestDatabase {
  /** The address that sinks get. */
  readonly url: string;
  /** The database's name, and the name of the test's queries. */
  readonly name: string;
  /** Runs statements from outside, on a connection that no sink uses. */
  run(statements: string): Promise<void>;
  /** What `select` finds, values as text, one row a string with `|` between them. */
  rows(query: string): Promise<string[]>;
  /** The ids of the server for the connections of sinks. */
  connections(): Promise<string[]>;
  /** True while one of these connections waits for a lock. */
  isWaitingForLock(): Promise<boolean>;
  /** Another connection from outside, which may hold locks; the test ends it. */
  connect(): Promise<{ run(statements: string): Promise<void>; end(): Promise<void> }>;
}

/** Runs a test in a database of its own and drops that, and with it every table, at the end. */
export async function withDatabase(test: (db: TestDatabase) => Promise<void>): Promise<void> {
  const serverUrl = await testMariadb();
  const name = `sluice_test_${crypto.randomUUID().slice(0, 8)}`;
  const url = new URL(serverUrl);
  url.pathname = name;
  const connect = (uri: string) =>
    createConnection({
      uri,
      charset: "utf8mb4_bin",
      multipleStatements: true,
      rowsAsArray: true,
      typeCast: (field) => field.string(),
    });
  const outside = await connect(serverUrl);
  const rows = async (query: string) => {
    const [found] = await outside.query(query);
    return (found as (string | null)[][]).map((row) =>
      row.map((value) => value ?? "null").join("|")
    );
  };
  await outside.query("set time_zone = '+00:00'");
  const ownId = (await rows("select connection_id()"))[0]!;
  const others = new Set([ownId]);
  const connections = async () => {
    const ids = await rows(`select id from information_schema.processlist where db = '${name}'`);
    return ids.filter((id) => !others.has(id));
  };
  try {
    await outside.query(`create database ${name} character set utf8mb4; use ${name}`);
    await test({
      url: url.href,
      name,
      rows,
      connections,
      run: async (statements) => void await outside.query(statements),
      isWaitingForLock: async () => {
        // The server tells the same as before to whoever asks again within 0.1 s.
        await new Promise((resolve) => setTimeout(resolve, 120));
        const waiting = await rows(`select p.id from information_schema.processlist p
          left join information_schema.innodb_trx t on t.trx_mysql_thread_id = p.id
          where p.db = '${name}'
            and (t.trx_state = 'LOCK WAIT' or p.state like 'Waiting for table metadata lock%')`);
        return waiting.some((id) => !others.has(id));
      },
      connect: async () => {
        const another = await connect(url.href);
        others.add(String(another.threadId));
        return {
          run: async (statements) => void await another.query(statements),
          end: () => another.end(),
        };
      },
    });
  } finally {
    // A test that failed may have left a transaction open, whose locks the drop would wait for.
    for (const id of await connections()) await outside.query(`kill ${id}`).catch(() => {});
    await outside.query(`drop database if exists ${name}`);
    await outside.end();
  }
}

/** Runs a test with a user who may do anything in its database, within limits that the server sets. */
export async function withUser(
  db: TestDatabase,
  limits: string,
  test: (url: string) => Promise<void>,
): Promise<void> {
  const user = `${db.name}_u`;
  await db.run(`create user ${user} identified by 's3cret'`);
  try {
    await db.run(`grant all on ${db.name}.* to ${user} ${limits}`);
    const url = new URL(db.url);
    url.username = user;
    url.password = "s3cret";
    await test(url.href);
  } finally {
    await db.run(`drop user ${user}`);
  }
}

/** What the engine tells a sink; the query is named after the test's database. */
export function contextOf(
  db: TestDatabase,
  schema: Schema,
  queryId = "query-1",
  more: Partial<SinkContext> = {},
): SinkContext {
  return { ...sinkContext(schema, queryId, db.name), ...more };
}

/** What the engine tells a sink of a query in a mode; the rows are told apart by a column `id`. */
export function contextIn(db: TestDatabase, schema: Schema, outputMode: OutputMode): SinkContext {
  const keyColumns = outputMode === "append" ? [] : ["id"];
  return contextOf(db, schema, "query-1", { outputMode, keyColumns });
}
