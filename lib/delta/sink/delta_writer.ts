import {
  type Batch,
  type CommitOutcome,
  failpoint,
  type MicroBatch,
  nothingStaged,
  type OutputMode,
  type Rejection,
  type SinkContext,
  type SinkWriter,
  SluiceError,
  type StagedBatch,
  type UpsertRules,
  upsertRules,
} from "../../core/mod.ts";
import { rejectPartitionValues } from "../files/split_by_partition.ts";
import { type TableLayout, tableLayout } from "../files/table_layout.ts";
import { localLogStore } from "../log/local_log_store.ts";
import type { LogStore } from "../log/log_store.ts";
import { type Snapshot, updateSnapshot } from "../log/snapshot.ts";
import { refuseBadTable, refuseMismatch, type WantedTable } from "../protocol/check_schema.ts";
import { withStorageErrors } from "../protocol/delta_error.ts";
import { refuseRemoval, refuseUnwritable } from "../protocol/table_features.ts";
import { TableState } from "../table_state.ts";
import { Checkpointer } from "../transactions/after_commit.ts";
import { conflictError } from "../transactions/conflict_error.ts";
import { pauseAfter } from "../transactions/run_operation.ts";
import {
  commitTransaction,
  isOwnCommit,
  type TransactionOutcome,
} from "../transactions/transaction.ts";
import { appendBatch } from "./append_batch.ts";
import type { BatchChanges } from "./batch_changes.ts";
import { batchTransaction } from "./batch_transaction.ts";
import type { DeltaOptions } from "./delta_options.ts";
import { newTableLayout } from "./new_table_layout.ts";
import { refuseOtherFiles } from "./other_files.ts";
import { realPath } from "./real_path.ts";
import { replaceBatch } from "./replace_batch.ts";
import { refuseNestedKeys, storedRows, upsertBatch } from "./upsert_batch.ts";
import { widenTable } from "./widen_table.ts";

/** A batch in files that wait for their commit. */
interface StagedBatchFiles {
  readonly changes: BatchChanges;
  /** What the table was when they were written. */
  readonly layout: TableLayout;
  /** The version of the table that was looked at; `undefined` if there was no table. */
  readonly readVersion: number | undefined;
}

/** A batch of this run that was tried, and where it landed if it did. */
interface Attempt {
  readonly batchId: number;
  /** The same for every try, so that a commit whose answer was lost is known again. */
  readonly txnId: string;
  tableVersion?: number;
}

/** How often a batch is tried behind commits that are in its way, before the query hears of it. */
const MAX_ATTEMPTS = 20;

/** Writes the batches of one run of a query, each in one commit with its key. */
export class DeltaWriter implements SinkWriter {
  readonly #path: string;
  readonly #wanted: WantedTable;
  readonly #queryId: string;
  readonly #outputMode: OutputMode;
  /** In update mode. */
  readonly #rules: UpsertRules | undefined;
  readonly #store: LogStore;
  #snapshot: Snapshot | undefined;
  /** The table as it was when the rows were last held against it. */
  #layout: TableLayout | undefined;
  #attempt: Attempt | undefined;
  /** The newest batch that the table was ever seen to have. */
  #knownBatchId = -1;
  #targetId: string | undefined;
  readonly #notice: (message: string) => void;
  readonly #checkpointer: Checkpointer;

  /** Use the sink's `open`. */
  constructor(path: string, options: DeltaOptions, context: SinkContext) {
    const attempted = `open Delta table ${path}`;
    this.#path = path;
    this.#rules = upsertRules(attempted, options, context);
    refuseNestedKeys(attempted, this.#rules?.key ?? []);
    const schema = this.#rules?.schema ?? context.schema;
    const key = this.#rules?.key ?? [];
    this.#wanted = { schema, partitionBy: options.partitionBy, path, key };
    this.#queryId = context.queryId;
    this.#outputMode = context.outputMode;
    this.#store = localLogStore(path);
    this.#notice = context.onNotice ?? (() => {});
    this.#checkpointer = new Checkpointer(this.#store, this.#notice);
  }

  /** The table's folder, however its name was spelt. */
  get targetId(): string | undefined {
    return this.#targetId;
  }

  /** Reads the table, if there is one, adds the columns that it lacks and checks that the rows fit. */
  async open(): Promise<void> {
    this.#targetId = `delta/${await realPath(this.#path)}`;
    await this.#refresh();
    if (this.#snapshot === undefined) refuseBadTable(this.#wanted);
  }

  /** The newest batch in the table; -1 if it has none of this query. */
  async lastBatchId(): Promise<number> {
    await this.#refresh();
    return this.#storedBatchId();
  }

  /** Rows that would not be read back as they are. */
  reject(batch: Batch, startRow: number): Rejection[] {
    const { rows, isWhole } = storedRows(batch, this.#rules);
    const broken = this.#layout?.constraints.reject(rows, startRow) ?? [];
    return [
      ...rejectPartitionValues(rows, startRow, this.#partitionColumns()),
      // What the table has in the place of values that did not come is known to the merge alone.
      ...broken.filter(({ index }) => isWhole(index)),
    ].sort((a, b) => a.index - b.index);
  }

  /** Writes and flushes the data files of a batch, unless the table has it. */
  async stage(batch: MicroBatch): Promise<StagedBatch> {
    const { batchId } = batch;
    await this.#refresh();
    const stored = this.#storedBatchId();
    if (stored >= batchId) return nothingStaged(this.#storedOutcome(batch));
    this.#refuseGap(batchId, stored);
    const staged = await this.#write(batch);
    // A crash before the commit leaves files that no commit names; the replay writes new ones.
    await failpoint("delta:staged");
    return {
      commit: () => this.#commit(batch, staged),
      abort: staged.changes.discard,
    };
  }

  /** There is nothing to end. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Writes the files of a batch for the table as it is. */
  async #write(batch: MicroBatch): Promise<StagedBatchFiles> {
    const layout = this.#layout ?? newTableLayout(this.#wanted);
    const target = { layout, snapshot: this.#snapshot };
    const readVersion = this.#snapshot?.version;
    const changes = this.#rules !== undefined
      ? await upsertBatch(target, batch, this.#rules)
      : this.#outputMode === "complete"
      ? await replaceBatch(target, batch)
      : await appendBatch(target, batch);
    return { changes, layout, readVersion };
  }

  async #commit(batch: MicroBatch, first: StagedBatchFiles): Promise<CommitOutcome> {
    const { batchId } = batch;
    await failpoint("delta:committing");
    const attempt = this.#attemptOf(batchId);
    let staged = first;
    for (let attempts = 1;; attempts++) {
      if (this.#isOutdated(staged)) staged = await this.#writeAnew(batch, staged);
      const outcome = await this.#tryCommit(batchId, staged, attempt.txnId);
      this.#snapshot = outcome.snapshot;
      if (outcome.status === "committed") {
        this.#knownBatchId = Math.max(this.#knownBatchId, batchId);
        attempt.tableVersion = outcome.version;
        await failpoint("delta:committed");
        await this.#checkpointer.afterCommit(outcome.snapshot, outcome.version);
        return this.#storedOutcome(batch);
      }
      if (outcome.status === "alreadyCommitted") {
        await staged.changes.discard();
        this.#knownBatchId = Math.max(this.#knownBatchId, batchId);
        return this.#storedOutcome(batch);
      }
      if (attempts >= MAX_ATTEMPTS) {
        await staged.changes.discard();
        throw conflictError(`commit batch ${batchId}`, this.#path, outcome.conflict);
      }
      await pauseAfter(attempts);
      staged = await this.#writeAnew(batch, staged);
    }
  }

  /** True if what the files were made from is not what a commit would be judged by. */
  #isOutdated({ changes, readVersion }: StagedBatchFiles): boolean {
    return changes.reads.kind !== "nothing" && readVersion !== this.#snapshot?.version;
  }

  /** Writes the files of a batch for the table as it has become, in the place of others. */
  async #writeAnew(batch: MicroBatch, { changes }: StagedBatchFiles): Promise<StagedBatchFiles> {
    await changes.discard();
    if (this.#snapshot !== undefined) this.#check(this.#snapshot);
    this.#refuseGap(batch.batchId, this.#storedBatchId());
    return await this.#write(batch);
  }

  async #tryCommit(
    batchId: number,
    staged: StagedBatchFiles,
    txnId: string,
  ): Promise<TransactionOutcome> {
    try {
      const { changes, layout } = staged;
      const key = { appId: this.#queryId, version: batchId };
      const transaction = {
        ...batchTransaction(changes, layout, key, txnId),
        // In other modes a table that was changed is a conflict, and the batch is written anew.
        ...(this.#outputMode === "append"
          ? { recheck: (snapshot: Snapshot) => this.#recheck(layout, snapshot) }
          : {}),
      };
      return await commitTransaction(this.#store, this.#snapshot, transaction);
    } catch (error) {
      // Unless it may have landed, nothing of it is in the table.
      const isKnown = !(error instanceof SluiceError && error.code === "COMMIT_UNKNOWN");
      if (isKnown) await staged.changes.discard();
      throw error;
    }
  }

  #recheck({ metadata }: TableLayout, snapshot: Snapshot): void {
    this.#check(snapshot);
    refuseOtherFiles(metadata, snapshot);
  }

  /** Brings the snapshot up to date, and finds out whether a try of this run has landed. */
  async #refresh(): Promise<void> {
    await this.#storage("read the log", async () => {
      const { snapshot, commits } = await updateSnapshot(this.#store, this.#snapshot);
      this.#snapshot = snapshot;
      for (const { version, actions } of commits) {
        if (this.#attempt === undefined) break;
        if (isOwnCommit(actions, this.#attempt.txnId)) this.#attempt.tableVersion = version;
      }
    });
    if (this.#snapshot !== undefined) {
      // Only where it is seen for the first time: what others take away later is not put back.
      if (this.#layout === undefined) {
        this.#snapshot = await widenTable(
          new TableState(this.#path, this.#store, this.#snapshot, this.#notice),
          this.#wanted,
          (table) => this.#layoutOf(table),
          this.#notice,
        );
      }
      this.#check(this.#snapshot);
    }
    this.#knownBatchId = Math.max(this.#knownBatchId, this.#storedBatchId());
  }

  /** Holds the rows against the table, if it is not as it was the last time. */
  #check({ protocol, metadata }: Snapshot): void {
    if (protocol === this.#layout?.protocol && metadata === this.#layout.metadata) return;
    this.#layout = this.#layoutOf({ protocol, metadata });
  }

  /** How the files of a table are to be that the rows fit; throws if they do not. */
  #layoutOf({ protocol, metadata }: Pick<TableLayout, "protocol" | "metadata">): TableLayout {
    const { location } = this.#store;
    refuseUnwritable(protocol, metadata, location);
    if (this.#outputMode !== "append") {
      refuseRemoval(metadata, `write to it in ${this.#outputMode} mode`, location);
    }
    const layout = tableLayout(this.#path, protocol, metadata);
    refuseMismatch(this.#wanted, layout);
    layout.constraints.understand();
    return layout;
  }

  #refuseGap(batchId: number, stored: number): void {
    const isGap = stored >= 0 && batchId > stored + 1;
    if (!isGap && stored === this.#knownBatchId) return;
    throw new SluiceError("PROGRESS_GAP", {
      attempted: `write batch ${batchId} to Delta table ${this.#path}`,
      where: `txn of appId "${this.#queryId}"`,
      found: stored < 0 ? "no batch of this query" : `batch ${stored} as the newest`,
      wanted: `batch ${Math.max(this.#knownBatchId, batchId - 1)}`,
      hint:
        "the table was replaced or restored: batches are missing from it. Load it anew with a " +
        "query from an empty checkpointLocation",
    });
  }

  #storedBatchId(): number {
    return this.#snapshot?.txn(this.#queryId)?.version ?? -1;
  }

  #storedOutcome({ batchId, batch, deletes }: MicroBatch): CommitOutcome {
    const tableVersion = this.#attempt?.batchId === batchId
      ? this.#attempt.tableVersion
      : undefined;
    const numOutputRows = batch.numRows + (deletes?.numRows ?? 0);
    return tableVersion === undefined
      ? { status: "alreadyCommitted" }
      : { status: "committed", numOutputRows, tableVersion };
  }

  #attemptOf(batchId: number): Attempt {
    if (this.#attempt?.batchId !== batchId) {
      this.#attempt = { batchId, txnId: crypto.randomUUID() };
    }
    return this.#attempt;
  }

  #partitionColumns(): readonly string[] {
    return this.#snapshot?.metadata.partitionColumns ?? this.#wanted.partitionBy ?? [];
  }

  #storage<T>(attempted: string, step: () => Promise<T>): Promise<T> {
    return withStorageErrors(`${attempted} of Delta table ${this.#path}`, this.#path, step);
  }
}
