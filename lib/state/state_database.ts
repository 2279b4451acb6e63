import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { SluiceError } from "../core/mod.ts";
import { stateError } from "./state_error.ts";

/** "Slce": tells the file from other databases (SQLite's `application_id`). */
const APPLICATION_ID = 0x536c6365;
/** The layout of the tables (SQLite's `user_version`); a new one gets the next number. */
const FORMAT_VERSION = 1;
/** How much of the database is held in memory; the rest is read from the file when it is needed. */
const CACHE_KIB = 64 * 1024;
/** A log that one large batch made longer than this is cut short again. */
const MAX_IDLE_LOG_BYTES = 64 * 1024 * 1024;

/** Arrays are read faster than objects. Deno's types do not know yet that a statement gives them. */
type ArrayStatement = StatementSync & { setReturnArrays(enabled: boolean): void };

/** What StateStore and its tables share: the connection, whether a transaction is open, and errors. */
export class StateDatabase {
  /** The file, or what stands for it, in errors. */
  readonly where: string;
  readonly #connection: DatabaseSync;
  readonly #isOwned: boolean;
  #inTransaction = false;
  #replacedRows = 0;

  private constructor(connection: DatabaseSync, where: string, isOwned: boolean) {
    this.#connection = connection;
    this.where = where;
    this.#isOwned = isOwned;
    connection.function("replaced", () => ++this.#replacedRows);
  }

  /**
   * Opens a database file, which is made if it is not there.
   *
   * @throws {SluiceError} `STATE_LOCKED`, `STATE_DAMAGED`, `STATE_NEWER`, `STATE_UNAVAILABLE`.
   */
  static openFile(path: string): StateDatabase {
    let connection: DatabaseSync | undefined;
    try {
      connection = new DatabaseSync(path);
      return StateDatabase.#prepare(connection, path, true);
    } catch (error) {
      connection?.close();
      throw stateError("open the state", path, error);
    }
  }

  /** Takes up a database that is open already, and that stays open; what was not committed in it is gone. */
  static takeUp(connection: DatabaseSync): StateDatabase {
    try {
      if (connection.isTransaction) connection.exec("ROLLBACK");
      return StateDatabase.#prepare(connection, "a database of the caller", false);
    } catch (error) {
      throw stateError("open the state", "a database of the caller", error);
    }
  }

  static #prepare(connection: DatabaseSync, where: string, isOwned: boolean): StateDatabase {
    // The lock first: whoever has it also has the log's index in memory, and needs no third file.
    connection.exec("PRAGMA locking_mode = EXCLUSIVE");
    connection.exec("PRAGMA journal_mode = WAL");
    connection.exec("PRAGMA synchronous = FULL");
    connection.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    connection.exec(`PRAGMA journal_size_limit = ${MAX_IDLE_LOG_BYTES}`);
    checkFormat(connection, where);
    return new StateDatabase(connection, where, isOwned);
  }

  /** True between `begin` and `commit` or `rollback`, unless a write failed. */
  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  /** How often `replaced()` was called in SQL: once for each row that an upsert found. */
  get replacedRows(): number {
    return this.#replacedRows;
  }

  /** Bytes of all pages, those that are free too. */
  get sizeBytes(): number {
    return this.run(
      "measure the state",
      () => pragma(this.#connection, "page_count") * pragma(this.#connection, "page_size"),
    );
  }

  /** A statement that gives its rows as arrays, with integers as `bigint`. */
  prepare(sql: string): StatementSync {
    return this.run("prepare the state", () => {
      const statement = this.#connection.prepare(sql) as ArrayStatement;
      statement.setReturnArrays(true);
      statement.setReadBigInts(true);
      return statement;
    });
  }

  /** The rows of a statement that is run once. */
  all(sql: string, ...values: SQLInputValue[]): unknown[][] {
    return this.run(
      "read the state",
      () => this.prepare(sql).all(...values) as unknown as unknown[][],
    );
  }

  /** Runs SQL that gives no rows. */
  exec(attempted: string, sql: string): void {
    this.run(attempted, () => this.#connection.exec(sql));
  }

  /** Runs a step on the connection; what SQLite throws becomes an error that says what to do. */
  run<T>(attempted: string, step: () => T): T {
    try {
      return step();
    } catch (error) {
      throw this.failed(attempted, error);
    }
  }

  /** What SQLite threw, as an error that says what to do. */
  failed(attempted: string, error: unknown): unknown {
    return stateError(attempted, this.where, error);
  }

  /** Opens a transaction. */
  begin(attempted: string): void {
    this.exec(attempted, "BEGIN IMMEDIATE");
    this.#inTransaction = true;
  }

  /** Commits the transaction; if that fails, everything of it is gone. */
  commit(attempted: string): void {
    if (!this.#inTransaction) throw this.notBegun(attempted);
    try {
      this.exec(attempted, "COMMIT");
      this.#inTransaction = false;
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Runs a step that writes in a transaction of its own. */
  transaction(attempted: string, step: () => void): void {
    this.begin(attempted);
    try {
      step();
      this.commit(attempted);
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Takes back what was written since `begin`; SQLite may have done that already. */
  rollback(): void {
    this.#inTransaction = false;
    if (this.#connection.isTransaction) this.exec("roll the state back", "ROLLBACK");
  }

  /** The error for a write where no transaction is open: it would be committed at once. */
  notBegun(attempted: string): SluiceError {
    return new SluiceError("STATE_NOT_BEGUN", {
      attempted,
      where: this.where,
      found: "no batch was begun, or a write of it failed",
      wanted: "a write between begin and commit",
    });
  }

  /**
   * Runs a step that writes in the open transaction. If it fails, nothing more is written: a disk that
   * is full makes SQLite end the transaction, and every write behind it would be committed by itself.
   *
   * @throws {SluiceError} `STATE_NOT_BEGUN` if none is open.
   */
  write<T>(attempted: string, step: () => T): T {
    if (!this.#inTransaction) throw this.notBegun(attempted);
    try {
      return step();
    } catch (error) {
      this.#inTransaction = false;
      throw this.failed(attempted, error);
    }
  }

  /** Lets go of the file; a database of the caller stays open. */
  close(): void {
    if (!this.#connection.isOpen) return;
    this.rollback();
    if (this.#isOwned) this.#connection.close();
  }
}

function checkFormat(connection: DatabaseSync, where: string): void {
  const application = pragma(connection, "application_id");
  const version = pragma(connection, "user_version");
  if (application === APPLICATION_ID && version === FORMAT_VERSION) return;
  const [tables] = Object.values(
    connection.prepare("SELECT count(*) FROM sqlite_schema").get() ?? {},
  );
  if (application === 0 && version === 0 && tables === 0) return makeTables(connection);
  if (application === APPLICATION_ID && version > FORMAT_VERSION) {
    throw new SluiceError("STATE_NEWER", {
      attempted: "open the state",
      where,
      found: `format version ${version}`,
      wanted: `at most ${FORMAT_VERSION}`,
      hint: "a newer version of Sluice wrote it: run the query with that version",
    });
  }
  throw new SluiceError("STATE_DAMAGED", {
    attempted: "open the state",
    where,
    found: `a database of another program (application id ${application}, version ${version})`,
    wanted: "the state of a query",
    hint: "give the query a checkpointLocation that nothing else writes to",
  });
}

/** All in one transaction: a crash on the way leaves an empty database. */
function makeTables(connection: DatabaseSync): void {
  connection.exec(`
    BEGIN;
    CREATE TABLE batch (only INTEGER PRIMARY KEY CHECK (only = 0), id INTEGER NOT NULL,
      notes TEXT NOT NULL) STRICT;
    INSERT INTO batch VALUES (0, -1, '{}');
    CREATE TABLE operators (id TEXT PRIMARY KEY, description TEXT NOT NULL) STRICT;
    CREATE TABLE tables (id INTEGER PRIMARY KEY, operator TEXT NOT NULL, name TEXT NOT NULL,
      num_rows INTEGER NOT NULL, UNIQUE (operator, name)) STRICT;
    PRAGMA application_id = ${APPLICATION_ID};
    PRAGMA user_version = ${FORMAT_VERSION};
    COMMIT`);
}

function pragma(connection: DatabaseSync, name: string): number {
  const [value] = Object.values(connection.prepare(`PRAGMA ${name}`).get() ?? {});
  if (typeof value !== "number") throw new Error(`PRAGMA ${name} gave ${value}`);
  return value;
}
