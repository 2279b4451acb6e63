import { createConnection } from "mysql2/promise";
import { SluiceError } from "../../core/mod.ts";
import { hasCode } from "./source_database.ts";

const CONNECT_TIMEOUT_MS = 10_000;

/** How to log in: by an address or by its parts. */
export interface MariadbLogin {
  /** `mysql://user:password@host:3306/database`. */
  readonly uri?: string;
  /** The server, where there is no address. */
  readonly host?: string;
  /** Its port. */
  readonly port?: number;
  /** Who logs in. */
  readonly user?: string;
  /** The password; it is never shown. */
  readonly password?: string;
  /** True: a query may be several statements. */
  readonly multipleStatements?: boolean;
}

/** A connection that can be asked. */
export interface MariadbConnection {
  /** Runs a statement with values for its `?`; returns its rows, or what it did. */
  query(statement: string, values?: unknown[]): Promise<readonly [rows: unknown, columns: unknown]>;
}

/**
 * Runs `work` with a connection to a MariaDB or MySQL server.
 *
 * @param where the server, for messages.
 * @param attempted what it does, for messages.
 * @throws {SluiceError} `MYSQL_FAILED` with what the server or the driver says.
 */
export async function withMariadb<T>(
  login: MariadbLogin,
  where: string,
  attempted: string,
  work: (connection: MariadbConnection) => Promise<T>,
): Promise<T> {
  try {
    const connection = await createConnection({ ...login, connectTimeout: CONNECT_TIMEOUT_MS });
    try {
      return await work(connection);
    } finally {
      connection.destroy();
    }
  } catch (error) {
    if (error instanceof SluiceError || !hasCode(error)) throw error;
    throw new SluiceError("MYSQL_FAILED", {
      attempted,
      where,
      found: (error as { message?: string }).message || error.code,
      hint: "see whether it runs, and whether address, user and password are right",
      cause: error,
    });
  }
}
