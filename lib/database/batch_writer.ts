import {
  type CommitOutcome,
  failpoint,
  type MicroBatch,
  nothingStaged,
  SluiceError,
  type StagedBatch,
} from "../core/mod.ts";
import { judgeBatch, type Progress } from "./progress.ts";

/** A connection to a database. */
export interface DatabaseConnection {
  /** The server and the database, for messages. */
  readonly where: string;
  /** True once nothing can be asked any more. */
  readonly lost: boolean;
  /** Runs a statement. */
  query(statement: string): Promise<unknown>;
  /** Says goodbye. */
  close(): Promise<void>;
  /** Ends it at once; the server takes back what is open. */
  destroy(): void;
}

/** Statements on the progress of one sink of one query. */
export interface BatchProgress<Connection> {
  /** Reads the row; `undefined` if someone deleted it. */
  read(connection: Connection): Promise<Progress | undefined>;
  /**
   * Moves the row on to a batch, if the epoch still holds and the batch is newer; returns whether
   * it did. It is the last statement of the batch's transaction: it locks the row, and a run that
   * stalls with the lock keeps the next one from opening.
   */
  advance(connection: Connection, batch: MicroBatch, epoch: bigint): Promise<boolean>;
}

/** How batches get into the tables of one kind of database. */
export interface BatchTarget<Connection extends DatabaseConnection> {
  /** The database's name in failpoints: `postgres`. */
  readonly kind: string;
  /** The table, for messages: `Postgres table "trades"`. */
  readonly title: string;
  /** The row that says how far the query is. */
  readonly progress: BatchProgress<Connection>;
  /** The number that this run took when it opened. */
  readonly epoch: bigint;
  /** Opens another connection. */
  connect(): Promise<Connection>;
  /** Begins a transaction whose statements each see what is committed by then. */
  begin(connection: Connection): Promise<void>;
  /**
   * Brings rows and dead letters to the server, in the transaction. Takes no lock that another run
   * would wait for: a run that stalls with a batch staged must not keep its successor from writing it.
   */
  stage(connection: Connection, batch: MicroBatch): Promise<void>;
  /** Makes the table what it is with the rows; the commit follows at once. */
  apply(connection: Connection, batch: MicroBatch): Promise<void>;
  /** Commits the transaction, or throws if the server did not. */
  commit(connection: Connection, attempted: string): Promise<void>;
  /** What went wrong, for a person. */
  describe(error: unknown, attempted: string, connection: Connection): unknown;
}

/** Writes the batches of one run of one query, each in one transaction with its progress. */
export class BatchWriter<Connection extends DatabaseConnection> {
  readonly #target: BatchTarget<Connection>;
  /** `undefined` after a failure: whatever state the connection was in, the next one is clean. */
  #connection: Connection | undefined;
  #transactionOpen = false;
  /** The batch whose COMMIT this run sent last; its answer may have been lost. */
  #sentBatchId: number | undefined;

  /** Goes on with the connection that the epoch was taken on. */
  constructor(target: BatchTarget<Connection>, connection: Connection) {
    this.#target = target;
    this.#connection = connection;
  }

  /** The newest batch that the database holds; -1 if it holds none. */
  async lastBatchId(): Promise<number> {
    const { title, progress } = this.#target;
    return await this.#run(`read the progress of ${title}`, async (connection) => {
      return (await progress.read(connection))?.batchId ?? -1;
    });
  }

  /** Brings a batch to the server, where it only has to be committed. */
  async stage(batch: MicroBatch): Promise<StagedBatch> {
    const attempted = this.attempt("stage", batch);
    if (this.#transactionOpen) {
      throw new SluiceError("STAGE_ORDER", {
        attempted,
        found: "another batch staged but neither committed nor aborted",
        wanted: "one batch after the other",
      });
    }
    const { progress, epoch } = this.#target;
    return await this.#run(attempted, async (connection) => {
      this.#transactionOpen = true;
      await this.#target.begin(connection);
      const held = await progress.read(connection);
      if (judgeBatch(held, batch, epoch, attempted, connection.where) === "present") {
        await connection.query("rollback");
        this.#transactionOpen = false;
        return nothingStaged(this.#presentOutcome(batch));
      }
      await this.#target.stage(connection, batch);
      return {
        commit: () => this.#commit(batch, connection),
        abort: () => this.#abort(connection),
      };
    });
  }

  /** Ends the connection; a batch that is staged is taken back. */
  async close(): Promise<void> {
    if (this.#transactionOpen) this.#dropConnection();
    await this.#connection?.close();
    this.#connection = undefined;
  }

  /** What is done with a batch, for messages. */
  protected attempt(verb: string, { batchId }: MicroBatch): string {
    return `${verb} batch ${batchId} to ${this.#target.title}`;
  }

  async #commit(batch: MicroBatch, connection: Connection): Promise<CommitOutcome> {
    const attempted = this.attempt("commit", batch);
    const { kind, progress, epoch } = this.#target;
    // On the connection that holds the rows or not at all: elsewhere the progress would move on
    // without them.
    return await this.#runOn(connection, attempted, async () => {
      await this.#target.apply(connection, batch);
      await failpoint(`${kind}:applied`);
      if (!await progress.advance(connection, batch, epoch)) {
        const held = await progress.read(connection);
        judgeBatch(held, batch, epoch, attempted, connection.where);
        await connection.query("rollback");
        this.#transactionOpen = false;
        return this.#presentOutcome(batch);
      }
      await failpoint(`${kind}:committing`);
      this.#sentBatchId = batch.batchId;
      // The commit point. A crash before it leaves nothing of the batch; a crash after it leaves
      // all of it, and its progress row tells the next try so.
      await this.#target.commit(connection, attempted);
      this.#transactionOpen = false;
      await failpoint(`${kind}:committed`);
      return { status: "committed", numOutputRows: countRows(batch) };
    });
  }

  async #abort(connection: Connection): Promise<void> {
    try {
      await connection.query("rollback");
      this.#transactionOpen = false;
    } catch {
      this.#dropConnection(); // which rolls back too
    }
  }

  /** The outcome of a batch that the database holds, from an earlier try or an earlier run. */
  #presentOutcome(batch: MicroBatch): CommitOutcome {
    return this.#sentBatchId === batch.batchId
      ? { status: "committed", numOutputRows: countRows(batch) }
      : { status: "alreadyCommitted" };
  }

  /** Works on the writer's connection, or on a new one if that was lost. */
  async #run<T>(attempted: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.#connection?.lost === true) this.#dropConnection();
    const connection = this.#connection ??= await this.#target.connect();
    return await this.#runOn(connection, attempted, work);
  }

  async #runOn<T>(
    connection: Connection,
    attempted: string,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(connection);
    } catch (error) {
      this.#dropConnection();
      throw this.#target.describe(error, attempted, connection);
    }
  }

  #dropConnection(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
    this.#transactionOpen = false;
  }
}

/** Rows that a batch writes or takes away. */
function countRows({ batch, deletes }: MicroBatch): number {
  return batch.numRows + (deletes?.numRows ?? 0);
}
