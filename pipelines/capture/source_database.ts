import { createConnection } from "mysql2/promise";
import connectPostgres from "postgres";

const POSTGRES_SETTINGS = { max: 1, fetch_types: false, onnotice: () => {} };

/** A database whose tables are captured. */
export interface SourceDatabaseOptions {
  /** Any database of the server; its user may make others. */
  readonly serverUrl: string;
  /** The name of the database. */
  readonly name: string;
  /** A file of SQL that makes its tables where they are absent: it is run each time. */
  readonly schemaPath: string;
}

/** Makes a Postgres database with its tables, if there is none; returns its address. */
export async function postgresSource(options: SourceDatabaseOptions): Promise<string> {
  const url = await postgresDatabase(options.serverUrl, options.name);
  const database = connectPostgres(url, POSTGRES_SETTINGS);
  try {
    await database.unsafe(await Deno.readTextFile(options.schemaPath));
  } finally {
    await database.end();
  }
  return url;
}

/** Makes an empty Postgres database, if there is none of that name; returns its address. */
export async function postgresDatabase(serverUrl: string, name: string): Promise<string> {
  const server = connectPostgres(serverUrl, POSTGRES_SETTINGS);
  try {
    const [found] = await server`select 1 from pg_database where datname = ${name}`;
    if (found === undefined) await server`create database ${server(name)}`;
  } finally {
    await server.end();
  }
  return withDatabase(serverUrl, name);
}

/** Makes a MariaDB or MySQL database with its tables, if there is none; returns its address. */
export async function mariadbSource(options: SourceDatabaseOptions): Promise<string> {
  const { serverUrl, name, schemaPath } = options;
  const url = withDatabase(serverUrl, name);
  const connection = await createConnection({ uri: serverUrl, multipleStatements: true });
  try {
    await connection.query("create database if not exists ??", [name]);
    await connection.query("use ??", [name]);
    await connection.query(await Deno.readTextFile(schemaPath));
  } finally {
    await connection.end();
  }
  return url;
}

/** The address of a database beside that of an address. */
export function withDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${encodeURIComponent(name)}`;
  return url.href;
}
