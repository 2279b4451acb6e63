import connect, { type Sql } from "postgres";
import { errorText, SluiceError } from "../../core/mod.ts";

const CONNECT_TIMEOUT_SECONDS = 10;

/**
 * Runs `work` with a connection to a Postgres that connectors read.
 *
 * @param attempted what it does, for messages.
 * @throws {SluiceError} `POSTGRES_FAILED` with what the server or the driver says.
 */
export async function withPostgres<T>(
  url: string,
  attempted: string,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const sql = connect(url, {
    max: 1,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    fetch_types: false,
    connection: { application_name: "sluice" },
    onnotice: () => {},
  });
  try {
    return await work(sql);
  } catch (error) {
    if (error instanceof SluiceError || !hasCode(error)) throw error;
    throw new SluiceError("POSTGRES_FAILED", {
      attempted,
      where: placeOf(url),
      found: errorText(error),
      hint: "see whether it runs, and whether address, user and password are right",
      cause: error,
    });
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** `host:port/database` of an address, without user and password. */
export function placeOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}${port === "" ? "" : `:${port}`}${pathname}`;
}

/** True for what the server, the driver or the system reports, as against a fault in the program. */
function hasCode(error: unknown): boolean {
  return typeof (error as { code?: unknown } | null)?.code === "string";
}
