import type { DatabaseSync } from "node:sqlite";
import { failpoint, makeFolder, SluiceError, syncFolder } from "../core/mod.ts";
import { OperatorState } from "./operator_state.ts";
import { StateDatabase } from "./state_database.ts";

/** Where the state is. */
export type StateLocation =
  /** The file of the database; it and its folder are made if they are not there. */
  | { readonly path: string }
  /** Gives a database that outlives the store: `close` leaves it open. For simulated crashes. */
  | { readonly database: () => DatabaseSync };

/** What is remembered of a batch beside the state: a value that JSON can hold. */
export type StateNotes = Readonly<Record<string, unknown>>;

/**
 * The state of all operators of a query, in one embedded database, as of the newest committed batch.
 * It may be larger than memory. A crash at any point leaves the state of a committed batch, whole.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "assert";
 * import { DatabaseSync } from "node:sqlite";
 * import { StateStore } from "./state_store.ts";
 *
 * const database = new DatabaseSync(":memory:");
 * using store = await StateStore.open({ database: () => database });
 * const seen = store.operator("0", "dedupe on id: long").table("seen");
 *
 * store.begin(0);
 * equal(seen.putIfAbsent(Uint8Array.of(7), Uint8Array.of()), true);
 * await store.commit({ maxEventTimeMs: 1_700_000_000_000 });
 *
 * store.begin(1);
 * equal(seen.putIfAbsent(Uint8Array.of(7), Uint8Array.of()), false);
 * seen.remove(Uint8Array.of(7));
 * store.rollback();
 * deepEqual([store.batchId, seen.numRows], [0, 1]);
 * database.close();
 * ```
 */
export class StateStore implements Disposable {
  readonly #database: StateDatabase;
  readonly #operators = new Map<string, OperatorState>();
  /** What is stored of the operators, and what is to be stored with the next commit. */
  readonly #descriptions: Map<string, string>;
  readonly #newDescriptions = new Map<string, string>();
  #batchId: number;
  #notes: StateNotes;
  /** What is being written: a batch, or without a `batchId` something outside of the batches. */
  #open: { readonly batchId?: number } | undefined;

  private constructor(database: StateDatabase) {
    this.#database = database;
    const [batch] = database.all("SELECT id, notes FROM batch");
    const [batchId, notes] = batch as [bigint, string];
    this.#batchId = Number(batchId);
    this.#notes = JSON.parse(notes);
    const operators = database.all("SELECT id, description FROM operators");
    this.#descriptions = new Map(operators as [string, string][]);
  }

  /**
   * Opens the state, or makes it where there is none.
   *
   * @throws {SluiceError} `STATE_LOCKED` if another process has it, `STATE_DAMAGED`, `STATE_NEWER` if a
   * newer version wrote it, `STATE_UNAVAILABLE` if the file cannot be opened.
   */
  static async open(location: StateLocation): Promise<StateStore> {
    if ("database" in location) {
      return new StateStore(StateDatabase.takeUp(location.database()));
    }
    const folder = location.path.replace(/\/?[^/]*$/, "") || ".";
    await makeFolder(folder);
    const database = StateDatabase.openFile(location.path);
    try {
      await syncFolder(folder);
      return new StateStore(database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** The newest committed batch; -1 if there is none. */
  get batchId(): number {
    return this.#batchId;
  }

  /** The notes of the newest committed batch; empty if there is none. */
  get notes(): StateNotes {
    return this.#notes;
  }

  /** Bytes in the database, with the pages that are free for new entries. */
  get sizeBytes(): number {
    return this.#database.sizeBytes;
  }

  /**
   * The state of an operator. All operators of the query are to be asked for before the first batch is
   * begun. The description says in one line what the state is, and is kept with it.
   *
   * @throws {SluiceError} `STATE_MISMATCH` if the stored state is another, or if there are batches but
   * no state of this operator.
   */
  operator(id: string, description: string): OperatorState {
    const stored = this.#descriptions.get(id) ?? this.#newDescriptions.get(id);
    if (stored === undefined ? this.#batchId >= 0 : stored !== description) {
      throw this.#mismatch(id, stored ?? "no state of this operator", description);
    }
    let operator = this.#operators.get(id);
    if (operator === undefined) {
      operator = new OperatorState(this.#database, id);
      this.#operators.set(id, operator);
      if (stored === undefined) this.#newDescriptions.set(id, description);
    }
    return operator;
  }

  /**
   * Begins a batch: the one behind `batchId`.
   *
   * @throws {SluiceError} `STATE_BEHIND` or `STATE_AHEAD` if it is another, `STATE_MISMATCH` if there is
   * state of an operator that was not asked for, `STATE_NOT_COMMITTED` if a batch is open.
   */
  begin(batchId: number): void {
    const attempted = `begin batch ${batchId} of the state`;
    this.#refuseOtherBatch(attempted, batchId);
    for (const [id, description] of this.#descriptions) {
      if (!this.#operators.has(id)) throw this.#mismatch(id, description, "no such operator");
    }
    this.#begin(attempted, { batchId });
  }

  /**
   * Commits the batch that was begun, with its notes.
   *
   * @throws {SluiceError} `STATE_DISK_FULL`, `STATE_UNAVAILABLE`; nothing of the batch is kept then.
   * `STATE_NOT_BEGUN` if no batch is open, or a write of it failed.
   */
  async commit(notes: StateNotes): Promise<void> {
    const batchId = this.#open?.batchId;
    const attempted = `commit batch ${batchId ?? "(none)"} of the state`;
    if (batchId === undefined) throw this.#database.notBegun(attempted);
    const text = JSON.stringify(notes);
    this.#storeCatalogue(attempted);
    this.#database.write(
      attempted,
      () => this.#database.all("UPDATE batch SET id = ?, notes = ?", batchId, text),
    );
    await failpoint("state:committing");
    this.#commit(attempted);
    this.#batchId = batchId;
    this.#notes = JSON.parse(text);
    await failpoint("state:committed");
  }

  /** Takes everything back since `begin`; does nothing if nothing is open. */
  rollback(): void {
    if (this.#open === undefined) return;
    this.#open = undefined;
    this.#database.rollback();
    for (const operator of this.#operators.values()) operator.rolledBack();
  }

  /**
   * Does work outside of the batches, all or nothing: for what a batch that is run again is to find.
   *
   * @throws {SluiceError} `STATE_NOT_COMMITTED` if a batch is open, and as `commit`; what the work
   * throws.
   */
  async transaction<T>(work: () => T | Promise<T>): Promise<T> {
    const attempted = "write to the state outside of a batch";
    this.#begin(attempted, {});
    try {
      const result = await work();
      this.#storeCatalogue(attempted);
      this.#commit(attempted);
      return result;
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Closes the database; what was not committed is gone. May be called again. */
  close(): void {
    this.#open = undefined;
    this.#database.close();
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #begin(attempted: string, open: { readonly batchId?: number }): void {
    if (this.#open !== undefined) {
      const { batchId } = this.#open;
      throw new SluiceError("STATE_NOT_COMMITTED", {
        attempted,
        where: this.#database.where,
        found: batchId === undefined ? "a transaction is open" : `batch ${batchId} is open`,
        wanted: "one after the other",
      });
    }
    this.#database.begin(attempted);
    this.#open = open;
    for (const operator of this.#operators.values()) operator.began();
  }

  /** Writes what is known of operators and tables, into the same transaction as their entries. */
  #storeCatalogue(attempted: string): void {
    this.#database.write(attempted, () => {
      for (const [id, description] of this.#newDescriptions) {
        this.#database.all("INSERT INTO operators VALUES (?, ?)", id, description);
      }
      for (const operator of this.#operators.values()) operator.storeCounts();
    });
  }

  #commit(attempted: string): void {
    try {
      this.#database.commit(attempted);
    } catch (error) {
      this.rollback();
      throw error;
    }
    this.#open = undefined;
    for (const [id, description] of this.#newDescriptions) this.#descriptions.set(id, description);
    this.#newDescriptions.clear();
    for (const operator of this.#operators.values()) operator.committed();
  }

  #refuseOtherBatch(attempted: string, batchId: number): void {
    if (batchId === this.#batchId + 1) return;
    const isBehind = batchId > this.#batchId;
    throw new SluiceError(isBehind ? "STATE_BEHIND" : "STATE_AHEAD", {
      attempted,
      where: this.#database.where,
      found: this.#batchId < 0 ? "no batch" : `the state of batch ${this.#batchId}`,
      wanted: batchId === 0 ? "no batch" : `the state of batch ${batchId - 1}`,
      hint: isBehind
        ? "the file is older than the rest of the checkpoint, or was lost: put the checkpoint " +
          "back as a whole, or start the query anew with another checkpointLocation"
        : "the file is newer than the rest of the checkpoint: put the checkpoint back as a whole",
    });
  }

  #mismatch(id: string, found: string, wanted: string): SluiceError {
    return new SluiceError("STATE_MISMATCH", {
      attempted: `go on with the state of operator "${id}"`,
      where: this.#database.where,
      found,
      wanted,
      hint: "the query was changed since its last run: change it back, or start it anew with " +
        "another checkpointLocation",
    });
  }
}
