import type { Sql } from "postgres";
import { withPostgres } from "../../lib/cli/mod.ts";

const HINT =
  "`deno task pipeline:orders_replica` makes databases and tables; otherwise see whether " +
  "the server runs, and whether address, user and password are right";

/**
 * Runs `work` with a connection to a database with orders; its times are UTC.
 *
 * @param attempted what it does, for messages.
 * @throws {SluiceError} `BAD_DATABASE_URL`; `POSTGRES_FAILED` with what the server or the driver says.
 */
export function withDatabase<T>(
  url: string,
  attempted: string,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  return withPostgres(url, attempted, work, HINT);
}
