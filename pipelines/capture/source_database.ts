import { mysqlUrl, postgresUrl, withMariadb, withPostgres } from "../../lib/cli/mod.ts";

/** A database whose tables are captured. */
export interface SourceDatabaseOptions {
  /** Any database of the server; its user may make others. */
  readonly serverUrl: string;
  /** The name of the database. */
  readonly name: string;
  /** A file of SQL that makes its tables where they are absent: it is run each time. */
  readonly schemaPath: string;
}

/**
 * Makes a Postgres database with its tables, if there is none; returns its address.
 *
 * @throws {SluiceError} `BAD_DATABASE_URL`; `POSTGRES_FAILED`.
 */
export async function postgresSource(options: SourceDatabaseOptions): Promise<string> {
  const { serverUrl, name, schemaPath } = options;
  const url = await postgresDatabase(serverUrl, name);
  const schema = await Deno.readTextFile(schemaPath);
  await withPostgres(url, `make the tables of ${schemaPath}`, (sql) => sql.unsafe(schema));
  return url;
}

/**
 * Makes an empty Postgres database, if there is none of that name; returns its address.
 *
 * @throws {SluiceError} `BAD_DATABASE_URL`; `POSTGRES_FAILED`.
 */
export async function postgresDatabase(serverUrl: string, name: string): Promise<string> {
  await withPostgres(serverUrl, `make database "${name}" where it is absent`, async (sql) => {
    const [found] = await sql`select 1 from pg_database where datname = ${name}`;
    if (found === undefined) await sql`create database ${sql(name)}`;
  });
  return databaseBeside(serverUrl, name);
}

/**
 * Makes a MariaDB or MySQL database with its tables, if there is none; returns its address.
 *
 * @throws {SluiceError} `BAD_MYSQL_URL`; `MYSQL_FAILED`.
 */
export async function mariadbSource(options: SourceDatabaseOptions): Promise<string> {
  const { serverUrl, name, schemaPath } = options;
  const server = mysqlUrl(serverUrl);
  const schema = await Deno.readTextFile(schemaPath);
  const login = { uri: server.href, multipleStatements: true };
  const attempted = `make database "${name}" with the tables of ${schemaPath}`;
  await withMariadb(login, server.host, attempted, async (connection) => {
    await connection.query("create database if not exists ??", [name]);
    await connection.query("use ??", [name]);
    await connection.query(schema);
  });
  return withPath(server, name);
}

/**
 * The address of a Postgres database beside that of an address.
 *
 * @throws {SluiceError} `BAD_DATABASE_URL`.
 */
export function databaseBeside(serverUrl: string, name: string): string {
  return withPath(postgresUrl(serverUrl), name);
}

/**
 * The address of a MariaDB or MySQL database beside that of an address.
 *
 * @throws {SluiceError} `BAD_MYSQL_URL`.
 */
export function withMysqlDatabase(serverUrl: string, name: string): string {
  return withPath(mysqlUrl(serverUrl), name);
}

function withPath(server: URL, name: string): string {
  const url = new URL(server);
  url.pathname = `/${encodeURIComponent(name)}`;
  return url.href;
}
