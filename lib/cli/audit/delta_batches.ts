import { SluiceError } from "../../core/mod.ts";
import {
  type Action,
  type AddFile,
  DeltaTable,
  type HistoryEntry,
  localLogStore,
  readCommit,
} from "../../delta/mod.ts";

/** A batch of a query in a Delta table. */
export interface DeltaBatch {
  /** The version that brought it. */
  readonly version: number;
  /** How many rows its commit says that it wrote. */
  readonly numOutputRows: number;
  /** How many of them the table has now. */
  readonly rows: number;
  /** What took some away last: `RESTORE in version 5`. */
  readonly changedBy: string | undefined;
}

/** What a Delta table has of a query's batches. */
export interface DeltaBatches {
  /** The newest batch by the table's `txn`; -1 if there is none. */
  readonly batchId: number;
  /** The batches by their number. */
  readonly batches: ReadonlyMap<number, DeltaBatch>;
  /** Commits up to this batch are cleaned up: it stands for all of them. -1 if each is there. */
  readonly mergedUpTo: number;
  /** How many rows the table has, whoever wrote them. */
  readonly rows: number;
}

/** What the commit of a batch says. */
type BatchCommit = Pick<DeltaBatch, "version" | "numOutputRows">;

/** A data file that a batch brought. */
interface BatchFile {
  readonly batchId: number;
  /** How many of its rows are in the table, in this file or rearranged into another. */
  rows: number;
}

/**
 * Reads what a Delta table has of the batches of a query, from the commits of its log. Rows that an
 * OPTIMIZE moved to other files still count for their batch.
 *
 * @throws {SluiceError} `STATS_MISSING` if a file does not say how many rows it has, and what
 * `DeltaTable.open` throws.
 */
export async function readDeltaBatches(path: string, queryId: string): Promise<DeltaBatches> {
  if (!await DeltaTable.exists(path)) {
    return { batchId: -1, batches: new Map(), mergedUpTo: -1, rows: 0 };
  }
  const table = await DeltaTable.open(path);
  const store = localLogStore(table.path);
  const history = (await table.history()).reverse();
  const replay = new BatchReplay(queryId);
  const oldest = history[0]?.version ?? table.version;
  if (oldest > 0) replay.begin(await table.snapshot(oldest));
  for (const entry of history) {
    if (entry.version === oldest && oldest > 0) continue; // in the snapshot
    replay.apply(entry, (await readCommit(store, entry.version))?.actions ?? []);
  }
  return {
    batchId: table.txn(queryId)?.version ?? -1,
    batches: replay.batches(),
    mergedUpTo: replay.mergedUpTo,
    rows: table.files().reduce((sum, file) => sum + rowsIn(file), 0),
  };
}

/** Follows the files of each batch through the log. */
class BatchReplay {
  mergedUpTo = -1;
  readonly #queryId: string;
  readonly #commits = new Map<number, BatchCommit>();
  readonly #changedBy = new Map<number, string>();
  readonly #files = new Map<string, BatchFile>();

  constructor(queryId: string) {
    this.#queryId = queryId;
  }

  /** Takes what the table has at the oldest commit for one batch. */
  begin(table: DeltaTable): void {
    const batchId = table.txn(this.#queryId)?.version;
    if (batchId === undefined) return;
    this.mergedUpTo = batchId;
    let numOutputRows = 0;
    for (const file of table.files()) {
      this.#files.set(file.path, { batchId, rows: rowsIn(file) });
      numOutputRows += rowsIn(file);
    }
    this.#commits.set(batchId, { version: table.version, numOutputRows });
  }

  /** Takes in a commit. */
  apply(entry: HistoryEntry, actions: readonly Action[]): void {
    const batchId = actions.find(({ txn }) => txn?.appId === this.#queryId)?.txn?.version;
    // A file that gets a deletion vector is removed and added in one commit, in any order.
    for (const { remove } of actions) {
      const file = remove && this.#files.get(remove.path);
      if (file === undefined || !remove?.dataChange) continue;
      file.rows = 0;
      const change = `${entry.operation ?? "a commit"} in version ${entry.version}`;
      this.#changedBy.set(file.batchId, change);
    }
    let added = 0;
    for (const { add } of actions) {
      if (add === undefined) continue;
      const rows = rowsIn(add);
      added += rows;
      const file = this.#files.get(add.path);
      if (file !== undefined) file.rows = rows;
      else if (batchId !== undefined) this.#files.set(add.path, { batchId, rows });
    }
    if (batchId !== undefined) this.#addBatch(batchId, entry, added);
  }

  /** What it comes to. */
  batches(): ReadonlyMap<number, DeltaBatch> {
    const rows = new Map<number, number>();
    for (const file of this.#files.values()) {
      rows.set(file.batchId, (rows.get(file.batchId) ?? 0) + file.rows);
    }
    return new Map(
      Array.from(this.#commits, ([batchId, commit]) => [
        batchId,
        { ...commit, rows: rows.get(batchId) ?? 0, changedBy: this.#changedBy.get(batchId) },
      ]),
    );
  }

  #addBatch(batchId: number, { version, operationMetrics }: HistoryEntry, added: number): void {
    const earlier = this.#commits.get(batchId)?.numOutputRows ?? 0;
    const numOutputRows = earlier + Number(operationMetrics?.numOutputRows ?? added);
    this.#commits.set(batchId, { version, numOutputRows });
  }
}

function rowsIn({ path, stats, deletionVector }: AddFile): number {
  const count: unknown = stats === undefined ? undefined : JSON.parse(stats).numRecords;
  if (typeof count === "number") return count - (deletionVector?.cardinality ?? 0);
  throw new SluiceError("STATS_MISSING", {
    attempted: "count the rows of a Delta table",
    where: path,
    found: "no numRecords in the file's statistics",
    wanted: "them in every file, as Sluice, Spark and delta-rs write them",
  });
}
