import connect, { type Sql } from "postgres";
import { SluiceError } from "../../core/mod.ts";
import { postgresUrl } from "../database_url.ts";

const CONNECT_TIMEOUT_SECONDS = 10;

/**
 * Runs `work` with a connection to a Postgres; its times are UTC.
 *
 * @param attempted what it does, for messages.
 * @param hint what to do where that fails.
 * @throws {SluiceError} `BAD_DATABASE_URL`; `POSTGRES_FAILED` with what the server or the driver says.
 */
export async function withPostgres<T>(
  url: string,
  attempted: string,
  work: (sql: Sql) => Promise<T>,
  hint = "see whether it runs, and whether address, user and password are right",
): Promise<T> {
  const where = placeOf(url);
  const sql = connect(url, {
    max: 1,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    fetch_types: false,
    connection: { application_name: "sluice", TimeZone: "UTC" },
    onnotice: () => {},
  });
  try {
    return await work(sql);
  } catch (error) {
    if (error instanceof SluiceError || !hasCode(error)) throw error;
    const found = (error as { message?: string }).message || error.code;
    throw new SluiceError("POSTGRES_FAILED", { attempted, where, found, hint, cause: error });
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/**
 * `host:port/database` of an address, without user and password.
 *
 * @throws {SluiceError} `BAD_DATABASE_URL`.
 */
export function placeOf(url: string): string {
  const { hostname, port, pathname } = postgresUrl(url);
  return `${hostname}${port === "" ? "" : `:${port}`}${pathname}`;
}

/** True for what the server, the driver or the system reports, as against a fault in the program. */
export function hasCode(error: unknown): error is { readonly code: string } {
  return typeof (error as { code?: unknown } | null)?.code === "string";
}
