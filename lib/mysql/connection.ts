import { type Connection, createConnection } from "mysql2/promise";
import { SluiceError } from "../core/mod.ts";
import { answerWithin } from "../database/mod.ts";
import { mysqlError } from "./mysql_error.ts";

/** A server that says nothing for this long is treated as gone. */
const ANSWER_TIMEOUT_MS = 300_000;
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * Session settings. Values that do not fit are errors and never cut or rounded to fit; a zero stays
 * one, also where the server would give a number of its own. The server ends a connection that is
 * silent for 15 minutes, so that one whose machine is gone does not hold its locks for ever.
 */
const SESSION_SQL: readonly string[] = [
  // Servers can be set up to give everyone another one.
  "set names utf8mb4 collate utf8mb4_bin",
  "set session sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION," +
  "NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', autocommit = 1, wait_timeout = 900, " +
  "lock_wait_timeout = 60",
  "set session transaction isolation level read committed",
];

/** A row of an answer; values as text. */
export type AnswerRow = Readonly<Record<string, string | null>>;

/** What a statement did. */
export interface Answer {
  readonly rows: readonly AnswerRow[];
  /** Rows that an `update` found, or that were written. */
  readonly count: number;
}

/**
 * One connection, never replaced by another behind the caller's back: once lost, every call throws,
 * so that no statement of a transaction ever runs outside it.
 */
export class MysqlConnection {
  /** Host, port and database, for messages. */
  readonly where: string;
  readonly #connection: Connection;
  #lost = false;
  #maxPacketBytes = 0;
  #keyCollation = "";

  private constructor(connection: Connection, where: string) {
    this.#connection = connection;
    this.where = where;
    const lose = () => {
      this.#lost = true;
    };
    connection.on("error", lose);
    connection.on("end", lose);
  }

  /**
   * Connects.
   *
   * @throws {SluiceError} `MYSQL_UNAVAILABLE` (retryable) within 10 s if there is no server, or what
   * it says against the login.
   */
  static async open(url: string): Promise<MysqlConnection> {
    const { hostname, port, pathname } = new URL(url);
    const where = `${hostname}:${port || 3306}/${decodeURIComponent(pathname.slice(1))}`;
    let connection: MysqlConnection | undefined;
    try {
      const options = {
        uri: url,
        charset: "utf8mb4_bin",
        enableKeepAlive: true,
        multipleStatements: false,
        // Numbers and times as the server writes them: none is rounded.
        typeCast: (field: { string(): string | null }) => field.string(),
      };
      connection = new MysqlConnection(await createConnection(options), where);
      for (const statement of SESSION_SQL) await connection.query(statement);
      await connection.#readSettings();
      return connection;
    } catch (error) {
      connection?.destroy();
      throw mysqlError(error, "connect to MySQL", where);
    }
  }

  /** True once the connection has ended, for whatever reason. */
  get lost(): boolean {
    return this.#lost;
  }

  /** The longest statement that the server takes, in bytes. */
  get maxPacketBytes(): number {
    return this.#maxPacketBytes;
  }

  /** A collation by which texts are equal only if their bytes are. */
  get keyCollation(): string {
    return this.#keyCollation;
  }

  /** Runs one statement. Throws what the server or the driver reports. */
  async query(statement: string): Promise<Answer> {
    this.#checkAlive();
    const [result] = await this.#answer(this.#connection.query(statement));
    return Array.isArray(result)
      ? { rows: result as unknown as AnswerRow[], count: result.length }
      : { rows: [], count: result.affectedRows };
  }

  /** Ends the connection in order. */
  async close(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_TIMEOUT_MS));
    try {
      if (!this.#lost) await Promise.race([this.#connection.end(), late]);
    } catch {
      // It was lost: that is an end too.
    } finally {
      clearTimeout(timer);
      this.destroy();
    }
  }

  /** Ends the connection at once; whatever transaction was open is rolled back. Does not throw. */
  destroy(): void {
    this.#lost = true;
    this.#connection.destroy();
  }

  // In `utf8mb4_bin`, the only one that older servers know, spaces at the end do not count.
  async #readSettings(): Promise<void> {
    const { rows } = await this.query(`select @@max_allowed_packet as packet,
  (select max(collation_name) from information_schema.collations
    where collation_name in ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin')) as exact`);
    this.#maxPacketBytes = Number(rows[0]?.packet);
    this.#keyCollation = rows[0]?.exact ?? "utf8mb4_bin";
  }

  #checkAlive(): void {
    if (this.#lost) {
      throw new SluiceError("MYSQL_UNAVAILABLE", {
        attempted: "use the connection to MySQL",
        where: this.where,
        found: "it was lost",
        hint: "the server ended it or cannot be reached; it is worth another try",
        retryable: true,
      });
    }
  }

  #answer<T>(answer: Promise<T>): Promise<T> {
    return answerWithin(answer, ANSWER_TIMEOUT_MS, () => {
      this.destroy();
      return new SluiceError("MYSQL_UNAVAILABLE", {
        attempted: "get an answer from MySQL",
        where: this.where,
        found: `none for ${ANSWER_TIMEOUT_MS / 1000} s`,
        hint: "look for locks in information_schema.innodb_trx and for a server that hangs",
        retryable: true,
      });
    });
  }
}
