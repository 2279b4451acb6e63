import connect, { type Sql } from "postgres";
import { connect as connectSocket, type Socket } from "node:net";
import type { Writable } from "node:stream";
import { SluiceError } from "../core/mod.ts";
import { answerWithin } from "../database/mod.ts";
import { postgresError } from "./postgres_error.ts";

const CONNECT_TIMEOUT_SECONDS = 10;
/** A server that says nothing for this long is treated as gone. */
const ANSWER_TIMEOUT_MS = 300_000;
const CLOSE_TIMEOUT_SECONDS = 5;

/**
 * Session settings. The server notices within a minute that this process' machine is gone, and ends
 * a transaction nobody finishes, so that neither holds its locks for ever.
 */
const SESSION_SQL = `set tcp_keepalives_idle = 30;
set tcp_keepalives_interval = 10;
set tcp_keepalives_count = 3;
set idle_in_transaction_session_timeout = '15min'`;

/** A row of an answer; values as text unless the query says otherwise. */
export type AnswerRow = Readonly<Record<string, unknown>>;

/** A column of an answer. */
export interface AnswerColumn {
  readonly name: string;
  /** The id of its type in `pg_type`. */
  readonly type: number;
}

/** What a statement did. */
export interface Answer {
  readonly rows: readonly AnswerRow[];
  /** The columns of the rows; none where a statement gives none. */
  readonly columns: readonly AnswerColumn[];
  /** `UPDATE`, `COMMIT`, `ROLLBACK`, … */
  readonly command: string;
  /** Rows read or written. */
  readonly count: number;
}

/**
 * One connection, never replaced by another behind the caller's back: once lost, every call throws,
 * so that no statement of a transaction ever runs outside it.
 */
export class PostgresConnection {
  /** Host, port and database, for messages. */
  readonly where: string;
  readonly #sql: Sql;
  #lost = false;

  private constructor(url: string, applicationName: string) {
    this.#sql = connect(url, {
      max: 1,
      ...(new URL(url).searchParams.has("connect_timeout")
        ? {}
        : { connect_timeout: CONNECT_TIMEOUT_SECONDS }),
      idle_timeout: 0,
      max_lifetime: null,
      fetch_types: false,
      prepare: false,
      connection: { application_name: applicationName },
      onnotice: () => {},
      ...promptSockets(),
      onclose: () => {
        this.#lost = true;
      },
    });
    const { host, port, database } = this.#sql.options;
    this.where = `${host[0]}:${port[0]}/${database}`;
  }

  /**
   * Connects.
   *
   * @throws {SluiceError} `POSTGRES_UNAVAILABLE` (retryable) within 10 s if there is no server, or
   * what it says against the login.
   */
  static async open(url: string, applicationName: string): Promise<PostgresConnection> {
    const connection = new PostgresConnection(url, applicationName);
    try {
      await connection.#answer(connection.#sql.unsafe(SESSION_SQL));
    } catch (error) {
      connection.destroy();
      throw postgresError(error, "connect to Postgres", connection.where);
    }
    return connection;
  }

  /** True once the connection has ended, for whatever reason. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Runs one statement. Throws what the server or the driver reports. */
  async query(statement: string, parameters: readonly (string | number)[] = []): Promise<Answer> {
    this.#checkAlive();
    const result = await this.#answer(this.#sql.unsafe(statement, [...parameters]));
    const { command, count, columns = [] } = result;
    return { rows: [...result], columns, command, count };
  }

  /**
   * Runs a `copy … from stdin` and feeds it; encoding a chunk overlaps with sending the one before.
   * Throws what the server or the driver reports; the connection must then be destroyed.
   */
  async copyIn(statement: string, chunks: Iterable<Uint8Array>): Promise<Answer> {
    this.#checkAlive();
    const query = this.#sql.unsafe(statement);
    const writable = await this.#answer(query.writable());
    const completed = copyCompleted(query);
    writable.on("error", () => {}); // `completed` and `sent` say the same
    let sent: Promise<void> = Promise.resolve();
    for (const chunk of chunks) {
      await this.#answer(Promise.race([sent, completed]));
      sent = send(writable, chunk);
    }
    await this.#answer(Promise.race([sent, completed]));
    writable.end();
    return await this.#answer(completed);
  }

  /** Ends the connection in order; the server has let go of it when this returns. */
  async close(): Promise<void> {
    await this.#sql.end({ timeout: CLOSE_TIMEOUT_SECONDS });
  }

  /** Ends the connection at once; whatever transaction was open is rolled back. Does not throw. */
  destroy(): void {
    this.#lost = true;
    this.#sql.end({ timeout: 0 }).catch(() => {});
  }

  // The driver would connect again for the next statement, outside the transaction.
  #checkAlive(): void {
    if (this.#lost) {
      throw new SluiceError("POSTGRES_UNAVAILABLE", {
        attempted: "use the connection to Postgres",
        where: this.where,
        found: "it was lost",
        hint: "the server ended it or cannot be reached; it is worth another try",
        retryable: true,
      });
    }
  }

  #answer<T>(answer: PromiseLike<T>): Promise<T> {
    return answerWithin(answer, ANSWER_TIMEOUT_MS, () => {
      this.destroy();
      return new SluiceError("POSTGRES_UNAVAILABLE", {
        attempted: "get an answer from Postgres",
        where: this.where,
        found: `none for ${ANSWER_TIMEOUT_MS / 1000} s`,
        hint: "look for locks in pg_locks and for a server that hangs",
        retryable: true,
      });
    });
  }
}

/** What the driver tells whoever makes its sockets. */
interface Address {
  readonly host: readonly string[];
  readonly port: readonly number[];
  /** Of a Unix socket. */
  readonly path?: string | false;
}

/**
 * Sockets that send at once what they are given. Those of the driver hold the end of a COPY back until
 * the server has confirmed what came before, which it takes 40 ms for.
 */
function promptSockets(): object {
  let next = 0;
  return {
    // Not connected yet: what the driver writes waits, and its handlers see how connecting ends.
    socket({ host, port, path }: Address): Socket {
      const i = next++ % port.length;
      const address = { host: host[i]!, port: port[i]! };
      const socket = path ? connectSocket(path) : connectSocket(address);
      socket.once("connect", () => socket.setNoDelay(true));
      return Object.assign(socket, address); // the driver asks the server's certificate for the name
    },
  };
}

/** The driver settles a query through these, also a second time for the end of a COPY. */
interface SettledQuery {
  resolve(result: { command: string; count: number }): void;
  reject(error: unknown): void;
}

// A COPY's query was settled by the answer that opened its stream, and an error that comes after
// the last byte (a deferred constraint, a lost connection) then reaches neither it nor the stream.
// The driver calls these two again when the COPY ends, so this is where its end can be seen.
function copyCompleted(query: unknown): Promise<Answer> {
  const completed = new Promise<Answer>((resolve, reject) => {
    const settled = query as SettledQuery;
    settled.resolve = ({ command, count }) => resolve({ rows: [], columns: [], command, count });
    settled.reject = reject;
  });
  completed.catch(() => {});
  return completed;
}

function send(writable: Writable, chunk: Uint8Array): Promise<void> {
  const sent = new Promise<void>((resolve, reject) => {
    writable.write(chunk, (error) => error ? reject(error) : resolve());
  });
  sent.catch(() => {});
  return sent;
}
