import {
  type Batch,
  type CommitOutcome,
  failpoint,
  type MicroBatch,
  nothingStaged,
  type Rejection,
  type SinkContext,
  type SinkWriter,
  SluiceError,
  type StagedBatch,
} from "../../core/mod.ts";
import type { AddFile, Metadata } from "../protocol/actions.ts";
import { refuseBadTable, refuseMismatch, type WantedTable } from "../protocol/check_schema.ts";
import { DataFileWriter } from "../files/data_file_writer.ts";
import { withStorageErrors } from "../protocol/delta_error.ts";
import type { DeltaOptions } from "./delta_options.ts";
import { localLogStore } from "../log/local_log_store.ts";
import type { LogStore } from "../log/log_store.ts";
import { formatSchema } from "../protocol/schema_json.ts";
import { type Snapshot, updateSnapshot } from "../log/snapshot.ts";
import { rejectPartitionValues } from "../files/split_by_partition.ts";
import { type TableLayout, tableLayout } from "../files/table_layout.ts";
import { protocolFor } from "../protocol/new_protocol.ts";
import { columnMappingMode, refuseUnwritable } from "../protocol/table_features.ts";
import { constraintsOf } from "../protocol/table_properties.ts";
import { Checkpointer } from "../transactions/after_commit.ts";
import { conflictError } from "../transactions/conflict_error.ts";
import { commitTransaction, isOwnCommit, type Transaction } from "../transactions/transaction.ts";

/** Data files of a batch that wait for their commit. */
interface StagedFiles {
  readonly batchId: number;
  readonly numRows: number;
  readonly files: readonly AddFile[];
  /** Removes them. */
  readonly discard: () => Promise<void>;
  /** What the table was when they were written. */
  readonly layout: TableLayout;
}

/** A batch of this run that was tried, and where it landed if it did. */
interface Attempt {
  readonly batchId: number;
  /** The same for every try, so that a commit whose answer was lost is known again. */
  readonly txnId: string;
  tableVersion?: number;
}

/** Appends the batches of one run of a query. */
export class DeltaWriter implements SinkWriter {
  readonly #path: string;
  readonly #wanted: WantedTable;
  readonly #queryId: string;
  readonly #store: LogStore;
  #snapshot: Snapshot | undefined;
  /** The table as it was when the rows were last held against it. */
  #layout: TableLayout | undefined;
  #attempt: Attempt | undefined;
  /** The newest batch that the table was ever seen to have. */
  #knownBatchId = -1;
  readonly #checkpointer: Checkpointer;

  /** Use the sink's `open`. */
  constructor(path: string, options: DeltaOptions, context: SinkContext) {
    this.#path = path;
    this.#wanted = { schema: context.schema, partitionBy: options.partitionBy, path };
    this.#queryId = context.queryId;
    this.#store = localLogStore(path);
    this.#checkpointer = new Checkpointer(this.#store, context.onNotice ?? (() => {}));
  }

  /** Reads the table, if there is one, and checks that the rows fit. */
  async open(): Promise<void> {
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
    return [
      ...rejectPartitionValues(batch, startRow, this.#partitionColumns()),
      ...this.#layout?.constraints.reject(batch, startRow) ?? [],
    ].sort((a, b) => a.index - b.index);
  }

  /** Writes and flushes the data files of a batch, unless the table has it. */
  async stage({ batchId, batch }: MicroBatch): Promise<StagedBatch> {
    await this.#refresh();
    const stored = this.#storedBatchId();
    if (stored >= batchId) return nothingStaged(this.#storedOutcome(batchId, batch.numRows));
    this.#refuseGap(batchId, stored);
    const layout = this.#layout ?? this.#newLayout();
    const writer = new DataFileWriter(layout);
    const discard = () => writer.abort();
    let files: readonly AddFile[];
    try {
      await writer.write(batch);
      files = await writer.finish();
    } catch (error) {
      await discard();
      throw error;
    }
    // A crash before the commit leaves files that no commit names; the replay writes new ones.
    await failpoint("delta:staged");
    const { numRows } = batch;
    return {
      commit: () => this.#commit({ batchId, numRows, files, discard, layout }),
      abort: discard,
    };
  }

  /** There is nothing to end. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  async #commit(staged: StagedFiles): Promise<CommitOutcome> {
    const { batchId, numRows: numOutputRows } = staged;
    await failpoint("delta:committing");
    const attempt = this.#attemptOf(batchId);
    let outcome;
    try {
      const transaction = this.#transaction(staged, attempt.txnId);
      outcome = await commitTransaction(this.#store, this.#snapshot, transaction);
    } catch (error) {
      // Unless it may have landed, nothing of it is in the table.
      const isKnown = !(error instanceof SluiceError && error.code === "COMMIT_UNKNOWN");
      if (isKnown) await staged.discard();
      throw error;
    }
    this.#snapshot = outcome.snapshot;
    if (outcome.status === "conflict") {
      await staged.discard();
      throw conflictError(`commit batch ${batchId}`, this.#path, outcome.conflict);
    }
    this.#knownBatchId = Math.max(this.#knownBatchId, batchId);
    if (outcome.status === "alreadyCommitted") {
      await staged.discard();
      return this.#storedOutcome(batchId, numOutputRows);
    }
    attempt.tableVersion = outcome.version;
    await failpoint("delta:committed");
    await this.#checkpointer.afterCommit(outcome.snapshot, outcome.version);
    return { status: "committed", numOutputRows, tableVersion: outcome.version };
  }

  #transaction(staged: StagedFiles, txnId: string): Transaction {
    const { batchId, numRows, files, layout } = staged;
    const nowMs = Date.now();
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    return {
      txnId,
      operation: "STREAMING UPDATE",
      operationParameters: {
        outputMode: "Append",
        queryId: this.#queryId,
        epochId: String(batchId),
      },
      operationMetrics: {
        numRemovedFiles: "0",
        numAddedFiles: String(files.length),
        numOutputRows: String(numRows),
        numOutputBytes: String(bytes),
      },
      newTable: { protocol: layout.protocol, metaData: layout.metadata },
      actions: [
        { txn: { appId: this.#queryId, version: batchId, lastUpdated: nowMs } },
        ...files.map((add) => ({ add })),
      ],
      reads: { kind: "nothing" },
      recheck: (snapshot) => {
        this.#check(snapshot);
        refuseOtherFiles(layout.metadata, snapshot);
      },
    };
  }

  /** The table that the first batch makes. */
  #newLayout(): TableLayout {
    const { schema, partitionBy = [] } = this.#wanted;
    return tableLayout(this.#path, protocolFor(schema), {
      id: crypto.randomUUID(),
      format: { provider: "parquet", options: {} },
      schemaString: formatSchema(schema),
      partitionColumns: partitionBy,
      configuration: {},
      createdTime: Date.now(),
    });
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
    if (this.#snapshot !== undefined) this.#check(this.#snapshot);
    this.#knownBatchId = Math.max(this.#knownBatchId, this.#storedBatchId());
  }

  /** Holds the rows against the table, if it is not as it was the last time. */
  #check(snapshot: Snapshot): void {
    const { protocol, metadata, location } = snapshot;
    if (protocol === this.#layout?.protocol && metadata === this.#layout.metadata) return;
    refuseUnwritable(protocol, metadata, location);
    refuseMismatch(this.#wanted, snapshot);
    const layout = tableLayout(this.#path, protocol, metadata);
    layout.constraints.understand();
    this.#layout = layout;
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

  #storedOutcome(batchId: number, numOutputRows: number): CommitOutcome {
    const tableVersion = this.#attempt?.batchId === batchId
      ? this.#attempt.tableVersion
      : undefined;
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

/** Files of a table that was another when they were written cannot be added: they are written anew. */
function refuseOtherFiles(staged: Metadata, { metadata, location }: Snapshot): void {
  if (demandsOnFiles(staged) === demandsOnFiles(metadata)) return;
  throw new SluiceError("TABLE_CHANGED", {
    attempted: "commit to a Delta table",
    where: location,
    found: demandsOnFiles(metadata),
    wanted: `${demandsOnFiles(staged)}, as when the batch was staged`,
    retryable: true,
  });
}

/** What decides how files are written, and which rows may be in them. */
function demandsOnFiles(metadata: Metadata): string {
  const { partitionColumns, configuration, schemaString } = metadata;
  const constraints = constraintsOf(configuration)
    .map(([name, sql]) => `constraint "${name}" ${sql}`).sort();
  const mode = columnMappingMode(metadata);
  return [
    `partition columns ${partitionColumns.join(", ") || "none"}`,
    `column mapping ${mode === "none" ? mode : `${mode} of ${schemaString}`}`,
    ...constraints,
  ].join("; ");
}
