import { SluiceError } from "../core/mod.ts";
import { type TableLayout, tableLayout } from "./files/table_layout.ts";
import { localLogStore } from "./log/local_log_store.ts";
import type { LogStore } from "./log/log_store.ts";
import { loadSnapshot, type Snapshot, updateSnapshot } from "./log/snapshot.ts";
import { type TimeTravel, versionAt } from "./log/time_travel.ts";
import { withStorageErrors } from "./protocol/delta_error.ts";
import { tablePathOf } from "./protocol/table_path.ts";
import { Checkpointer } from "./transactions/after_commit.ts";

/** How to open a table. */
export interface OpenOptions {
  /** A version, by number or time; absent: the newest. */
  readonly at?: number | TimeTravel;
  /** Where the log is; absent: in the table's folder. */
  readonly store?: LogStore;
  /** Told of what went wrong without harm: a checkpoint that has to wait. */
  readonly onNotice?: (message: string) => void;
}

/** A table as one process knows it. It moves on as the process commits, or looks again. */
export class TableState {
  /** The table's folder. */
  readonly path: string;
  /** Its log. */
  readonly store: LogStore;
  /** What is known of it. */
  snapshot: Snapshot;
  /** Writes checkpoints behind this process's commits. */
  readonly checkpointer: Checkpointer;
  #layout: TableLayout | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** Use `open`, unless the table was made just now. */
  constructor(
    path: string,
    store: LogStore,
    snapshot: Snapshot,
    notice: (message: string) => void = () => {},
  ) {
    this.path = path;
    this.store = store;
    this.snapshot = snapshot;
    this.checkpointer = new Checkpointer(store, notice);
  }

  /**
   * Opens a table.
   *
   * @throws {SluiceError} `TABLE_NOT_FOUND`, `VERSION_NOT_FOUND`, `CORRUPT_LOG`,
   * `UNSUPPORTED_FEATURE`, `BAD_PATH`.
   */
  static async open(path: string, options: OpenOptions = {}): Promise<TableState> {
    const tablePath = tablePathOf(path);
    const store = options.store ?? localLogStore(tablePath);
    const snapshot = await withStorageErrors(
      "open a Delta table",
      tablePath,
      () => snapshotAt(store, options.at),
    );
    if (snapshot === undefined) throw tableNotFound(tablePath);
    return new TableState(tablePath, store, snapshot, options.onNotice);
  }

  /**
   * Moves on to the newest version.
   *
   * @throws {SluiceError} `TABLE_NOT_FOUND` if there is none any more.
   */
  async refresh(): Promise<Snapshot> {
    const { snapshot } = await withStorageErrors(
      "look for newer versions of a Delta table",
      this.path,
      () => updateSnapshot(this.store, this.snapshot),
    );
    if (snapshot === undefined) throw tableNotFound(this.path);
    this.snapshot = snapshot;
    return snapshot;
  }

  /**
   * Runs a step when those before it have ended: a snapshot that moves on under an operation would
   * hide the commits that it has to be judged by.
   */
  async alone<R>(step: () => Promise<R>): Promise<R> {
    const result = this.#last.then(step);
    this.#last = result.catch(() => {});
    return await result;
  }

  /** What the table asks of its data files. */
  layout(): TableLayout {
    const { protocol, metadata } = this.snapshot;
    if (this.#layout?.protocol !== protocol || this.#layout.metadata !== metadata) {
      this.#layout = tableLayout(this.path, protocol, metadata);
    }
    return this.#layout;
  }
}

/** The snapshot of a version, by number or time; `undefined` if there is no table. */
export async function snapshotAt(
  store: LogStore,
  at?: number | TimeTravel,
): Promise<Snapshot | undefined> {
  if (typeof at !== "object") return await loadSnapshot(store, at);
  if ("version" in at) return await loadSnapshot(store, at.version);
  const newest = await loadSnapshot(store);
  if (newest === undefined) return undefined;
  const version = await versionAt(store, newest.metadata, at.timestamp);
  return await loadSnapshot(store, version);
}

function tableNotFound(path: string): SluiceError {
  return new SluiceError("TABLE_NOT_FOUND", {
    attempted: "open a Delta table",
    where: path,
    found: "no _delta_log with a commit",
  });
}
