import {
  type Batch,
  type CommitOutcome,
  errorText,
  failpoint,
  type MicroBatch,
  nothingStaged,
  type Rejection,
  type SinkContext,
  type SinkWriter,
  SluiceError,
  type StagedBatch,
} from "../../core/mod.ts";
import type { AddFile, CommitInfo, Metadata, Protocol } from "../protocol/actions.ts";
import { refuseBadTable, refuseMismatch, type WantedTable } from "../protocol/check_schema.ts";
import { DataFileWriter } from "../files/data_files.ts";
import { withStorageErrors } from "../protocol/delta_error.ts";
import type { DeltaOptions } from "./delta_options.ts";
import { ENGINE_INFO } from "../protocol/engine_info.ts";
import { localLogStore } from "../log/local_log_store.ts";
import type { LogStore } from "../log/log_store.ts";
import { formatSchema } from "../protocol/schema_json.ts";
import { type Snapshot, updateSnapshot } from "../log/snapshot.ts";
import { rejectPartitionValues, splitByPartition } from "../files/split_by_partition.ts";
import { protocolFor, refuseUnwritable } from "../protocol/table_features.ts";
import {
  checkpointInterval,
  numIndexedColumns,
  type TableProperties,
} from "../protocol/table_properties.ts";
import { writeCheckpoint } from "../log/write_checkpoint.ts";
import { type AppendTransaction, commitAppend, isOwnCommit } from "../transactions/transaction.ts";

/** Data files of a batch that wait for their commit. */
interface StagedFiles {
  readonly batchId: number;
  readonly numRows: number;
  readonly files: readonly AddFile[];
  /** By which columns they are kept apart. */
  readonly partitionColumns: readonly string[];
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
  readonly #files: DataFileWriter;
  readonly #notice: (message: string) => void;
  #snapshot: Snapshot | undefined;
  /** The table as it was when the rows were last held against it. */
  #checkedProtocol: Protocol | undefined;
  #checkedMetadata: Metadata | undefined;
  #attempt: Attempt | undefined;
  /** The newest batch that the table was ever seen to have. */
  #knownBatchId = -1;
  #checkpointFailed = false;

  /** Use the sink's `open`. */
  constructor(path: string, options: DeltaOptions, context: SinkContext) {
    this.#path = path;
    this.#wanted = { schema: context.schema, partitionBy: options.partitionBy, path };
    this.#queryId = context.queryId;
    this.#store = localLogStore(path);
    this.#files = new DataFileWriter(path);
    this.#notice = context.onNotice ?? (() => {});
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
    return rejectPartitionValues(batch, startRow, this.#partitionColumns());
  }

  /** Writes and flushes the data files of a batch, unless the table has it. */
  async stage({ batchId, batch }: MicroBatch): Promise<StagedBatch> {
    await this.#refresh();
    const stored = this.#storedBatchId();
    if (stored >= batchId) return nothingStaged(this.#storedOutcome(batchId, batch.numRows));
    this.#refuseGap(batchId, stored);
    const partitionColumns = this.#partitionColumns();
    const files = await this.#storage("write data files", () => {
      const parts = splitByPartition(batch, partitionColumns);
      return this.#files.write(parts, numIndexedColumns(this.#properties()));
    });
    // A crash before the commit leaves files that no commit names; the replay writes new ones.
    await failpoint("delta:staged");
    return {
      commit: () => this.#commit({ batchId, numRows: batch.numRows, files, partitionColumns }),
      abort: () => this.#files.remove(files),
    };
  }

  /** There is nothing to end. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  async #commit(staged: StagedFiles): Promise<CommitOutcome> {
    const { batchId, numRows: numOutputRows, files } = staged;
    await failpoint("delta:committing");
    const attempt = this.#attemptOf(batchId);
    let outcome;
    try {
      const transaction = this.#transaction(staged, attempt.txnId);
      outcome = await commitAppend(this.#store, this.#snapshot, transaction);
    } catch (error) {
      // Unless it may have landed, nothing of it is in the table.
      const isKnown = !(error instanceof SluiceError && error.code === "COMMIT_UNKNOWN");
      if (isKnown) await this.#files.remove(files);
      throw error;
    }
    this.#snapshot = outcome.snapshot;
    this.#knownBatchId = Math.max(this.#knownBatchId, batchId);
    if (outcome.status === "alreadyCommitted") {
      await this.#files.remove(files);
      return this.#storedOutcome(batchId, numOutputRows);
    }
    attempt.tableVersion = outcome.version;
    await failpoint("delta:committed");
    await this.#checkpoint(outcome.snapshot, outcome.version);
    return { status: "committed", numOutputRows, tableVersion: outcome.version };
  }

  #transaction(staged: StagedFiles, txnId: string): AppendTransaction {
    const { batchId, numRows, files, partitionColumns } = staged;
    const nowMs = Date.now();
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    const commitInfo: CommitInfo & { txnId: string } = {
      timestamp: nowMs,
      operation: "STREAMING UPDATE",
      operationParameters: {
        outputMode: "Append",
        queryId: this.#queryId,
        epochId: String(batchId),
      },
      isolationLevel: "Serializable",
      isBlindAppend: true,
      operationMetrics: {
        numRemovedFiles: "0",
        numAddedFiles: String(files.length),
        numOutputRows: String(numRows),
        numOutputBytes: String(bytes),
      },
      engineInfo: ENGINE_INFO,
      txnId,
    };
    const { schema } = this.#wanted;
    return {
      commitInfo,
      newTable: {
        protocol: protocolFor(schema),
        metaData: {
          id: crypto.randomUUID(),
          format: { provider: "parquet", options: {} },
          schemaString: formatSchema(schema),
          partitionColumns,
          configuration: {},
          createdTime: nowMs,
        },
      },
      actions: [
        { txn: { appId: this.#queryId, version: batchId, lastUpdated: nowMs } },
        ...files.map((add) => ({ add })),
      ],
      recheck: (snapshot) => {
        this.#check(snapshot);
        refuseOtherPartitions(partitionColumns, snapshot);
      },
    };
  }

  /** Due every few versions; after one that failed, at the very next. */
  async #checkpoint(snapshot: Snapshot, version: number): Promise<void> {
    const isDue = version > 0 && version % checkpointInterval(this.#properties()) === 0;
    if (!isDue && !this.#checkpointFailed) return;
    try {
      await writeCheckpoint(this.#store, snapshot, Date.now());
      this.#checkpointFailed = false;
    } catch (error) {
      this.#checkpointFailed = true;
      this.#notice(
        `no checkpoint of ${this.#path} at version ${version} (${
          errorText(error)
        }); the table is ` +
          "whole without it, and the next commit tries again",
      );
    }
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
    if (protocol === this.#checkedProtocol && metadata === this.#checkedMetadata) return;
    refuseUnwritable(protocol, metadata, location);
    refuseMismatch(this.#wanted, snapshot);
    this.#checkedProtocol = protocol;
    this.#checkedMetadata = metadata;
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

  #properties(): TableProperties {
    return this.#snapshot?.metadata.configuration ?? {};
  }

  #storage<T>(attempted: string, step: () => Promise<T>): Promise<T> {
    return withStorageErrors(`${attempted} of Delta table ${this.#path}`, this.#path, step);
  }
}

/** Files kept apart by other columns than the table's cannot be added: they have to be written anew. */
function refuseOtherPartitions(staged: readonly string[], snapshot: Snapshot): void {
  const { partitionColumns } = snapshot.metadata;
  if (staged.join("\n") === partitionColumns.join("\n")) return;
  throw new SluiceError("TABLE_CHANGED", {
    attempted: "commit to a Delta table",
    where: snapshot.location,
    found: `partition columns ${partitionColumns.join(", ") || "none"}`,
    wanted: `${staged.join(", ") || "none"}, as when the batch was staged`,
    retryable: true,
  });
}
