import connectPostgres, { type Sql } from "postgres";
import { SluiceError } from "sluice";

const CONNECT_TIMEOUT_SECONDS = 10;

/**
 * Runs `work` with a connection to a database with orders.
 *
 * @param attempted what it does, for messages.
 * @throws {SluiceError} `POSTGRES_FAILED` with what the server or the driver says.
 */
export async function withDatabase<T>(
  url: string,
  attempted: string,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const sql = connectPostgres(url, {
    max: 1,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    fetch_types: false,
    // Times are compared as texts.
    connection: { application_name: "sluice", TimeZone: "UTC" },
    onnotice: () => {},
  });
  try {
    return await work(sql);
  } catch (error) {
    // The server, the driver and the system give codes; anything else is a fault in the program.
    const { code, message } = error as { code?: unknown; message?: string };
    if (error instanceof SluiceError || typeof code !== "string") throw error;
    const { hostname, port, pathname } = new URL(url);
    throw new SluiceError("POSTGRES_FAILED", {
      attempted,
      where: `${hostname}${port === "" ? "" : `:${port}`}${pathname}`,
      found: message || code,
      hint:
        "`deno task pipeline:orders_replica` makes databases and tables; otherwise see whether " +
        "the server runs, and whether address, user and password are right",
      cause: error,
    });
  } finally {
    await sql.end({ timeout: 1 });
  }
}
