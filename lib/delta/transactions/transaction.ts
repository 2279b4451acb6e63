import { SluiceError } from "../../core/mod.ts";
import type { LogStore } from "../log/log_store.ts";
import { commitName } from "../log/log_files.ts";
import { type Commit, readCommit, Snapshot, updateSnapshot } from "../log/snapshot.ts";
import { type Action, formatActions } from "../protocol/actions.ts";
import { withStorageErrors } from "../protocol/delta_error.ts";
import { refuseRemoval, refuseUnwritable } from "../protocol/table_features.ts";
import {
  type Conflict,
  isAtLeast,
  type IsolationLevel,
  judgeWinner,
  type ReadSet,
} from "./conflict_rules.ts";
import { type NewTable, nextCommit } from "./next_commit.ts";

/** Changes to a table that are ready but for their version. */
export interface Transaction {
  /** How the commit is known again, if its answer is lost: a UUID. */
  readonly txnId: string;
  /** Spark's name for it: `WRITE`, `DELETE`, `MERGE`, `OPTIMIZE`, … */
  readonly operation: string;
  /** What the operation was told. */
  readonly operationParameters: Readonly<Record<string, unknown>>;
  /** What the operation did. */
  readonly operationMetrics?: Readonly<Record<string, string>>;
  /** What the user noted. */
  readonly userMetadata?: string;
  /** All but `commitInfo`. */
  readonly actions: readonly Action[];
  /** What was looked at to know what to do. */
  readonly reads: ReadSet;
  /** How far to keep apart from others; absent: as the table's `delta.isolationLevel` says. */
  readonly isolation?: IsolationLevel;
  /** Goes first if there is no table yet; absent: there has to be one. */
  readonly newTable?: NewTable;
  /**
   * Called when another commit may have changed what the table is; throws if this one does not fit
   * any more. Absent: such a commit is a conflict.
   */
  readonly recheck?: (snapshot: Snapshot) => void;
}

/** How a transaction ended; the snapshot has all that the log has up to there. */
export type TransactionOutcome =
  | { readonly status: "committed"; readonly version: number; readonly snapshot: Snapshot }
  /** Another commit holds the same `txn`, or a later one. */
  | { readonly status: "alreadyCommitted"; readonly snapshot: Snapshot }
  /** Another commit has changed what this one builds on: plan it anew from the snapshot. */
  | { readonly status: "conflict"; readonly conflict: Conflict; readonly snapshot: Snapshot };

/**
 * Commits: takes the version after `snapshot`, or as many later as others take first, as long as the
 * conflict rules allow going behind them. Without a snapshot it creates the table.
 *
 * @throws {SluiceError} `COMMIT_UNKNOWN`, retryable, if the log cannot be read after a write that
 * may have landed: look for `txnId` in the log before anything else. After any other error nothing
 * of the transaction is in the table: `APPEND_ONLY` if rows would be taken out of a table that only
 * grows; `MISSING_STATS` if rows are to get ids and nobody counted them; `UNSUPPORTED_FEATURE`;
 * `CORRUPT_LOG` or `CORRUPT_CHECKPOINT`; `DELTA_STORAGE`. Also what `recheck` throws.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { createTable } from "../commands/define/create_table.ts";
 * import { memoryLogStore } from "../log/memory_log_store.ts";
 * import { commitTransaction, type Transaction } from "./transaction.ts";
 *
 * const store = memoryLogStore();
 * const { snapshot } = await createTable("trades", { schema: s.struct({ id: s.long() }), store });
 * const transaction: Transaction = {
 *   txnId: crypto.randomUUID(),
 *   operation: "WRITE",
 *   operationParameters: {},
 *   actions: [{ txn: { appId: "nightly", version: 7 } }],
 *   reads: { kind: "nothing" },
 * };
 * equal((await commitTransaction(store, snapshot, transaction)).status, "committed");
 * equal((await commitTransaction(store, snapshot, transaction)).status, "alreadyCommitted");
 * ```
 */
export async function commitTransaction(
  store: LogStore,
  snapshot: Snapshot | undefined,
  transaction: Transaction,
): Promise<TransactionOutcome> {
  let current = snapshot;
  for (;;) {
    if (current !== undefined && hasTransactions(current, transaction)) {
      return { status: "alreadyCommitted", snapshot: current };
    }
    if (current !== undefined && takesRowsAway(transaction)) {
      refuseRemoval(current.metadata, `commit ${transaction.operation}`, store.location);
    }
    const isolation = isolationOf(current, transaction);
    const commit = await nextCommit(store, current, transaction, isolation);
    // The commit point. A crash before the file is there leaves data files that nobody refers to; a
    // crash after it leaves a table that has the data and the txn.
    const landed = await put(store, commit, transaction.txnId);
    if (landed !== undefined) {
      if (current === undefined) current = Snapshot.created(store.location, landed.actions);
      else current.apply(landed);
      return { status: "committed", version: landed.version, snapshot: current };
    }
    const next = await overtake(store, current, transaction, isolation);
    if (!(next instanceof Snapshot)) return next;
    current = next;
  }
}

/** True if these actions are of the commit with this `txnId`. */
export function isOwnCommit(actions: readonly Action[], txnId: string): boolean {
  return actions.some(({ commitInfo }) => commitInfo?.txnId === txnId);
}

/** Writes a commit; the one that is there if it is ours, `undefined` if another took its version. */
async function put(store: LogStore, commit: Commit, txnId: string): Promise<Commit | undefined> {
  const { version } = commit;
  const contents = formatActions(commit.actions);
  try {
    if (await store.putIfAbsent(commitName(version), contents) === "created") return commit;
  } catch (cause) {
    const found = await readBack(store, version, cause);
    if (found !== undefined) return isOwnCommit(found.actions, txnId) ? found : undefined;
    return await withStorageErrors(`commit version ${version}`, store.location, () => {
      throw cause;
    });
  }
  // A store that tries again by itself may find there what it wrote before.
  const found = await readBack(store, version);
  return found !== undefined && isOwnCommit(found.actions, txnId) ? found : undefined;
}

/** What is there after a write that says nothing for sure of who wrote it. */
async function readBack(
  store: LogStore,
  version: number,
  writeError?: unknown,
): Promise<Commit | undefined> {
  try {
    return await readCommit(store, version);
  } catch (readError) {
    throw new SluiceError("COMMIT_UNKNOWN", {
      attempted: `commit version ${version}`,
      where: store.location,
      found: writeError === undefined
        ? "a version that is taken, and then a log that cannot be read"
        : "a write that failed, and then a log that cannot be read",
      retryable: true,
      cause: writeError === undefined ? readError : new AggregateError([writeError, readError]),
    });
  }
}

/** Judges all commits that came first; a snapshot to go behind, or the end. */
async function overtake(
  store: LogStore,
  current: Snapshot | undefined,
  transaction: Transaction,
  isolation: IsolationLevel,
): Promise<Snapshot | TransactionOutcome> {
  const { snapshot, commits } = await withStorageErrors(
    "read the commits that came first",
    store.location,
    () => updateSnapshot(store, current),
  );
  if (snapshot === undefined || (snapshot === current && commits.length === 0)) {
    throw new SluiceError("CORRUPT_LOG", {
      attempted: "commit to a Delta table",
      where: store.location,
      found: "a version that is taken, and then is not there",
      hint: "something deletes files from the log while it is written",
      retryable: true,
    });
  }
  const { actions, reads, txnId, recheck } = transaction;
  let tableChange: Conflict | undefined = snapshot === current ? undefined : {
    kind: "MetadataChanged",
    version: snapshot.version,
    found: "a log that was cleaned up or made anew",
  };
  for (const winner of commits) {
    const { version } = winner;
    if (isOwnCommit(winner.actions, txnId)) return { status: "committed", version, snapshot };
    const judgement = judgeWinner({ actions, reads, isolation }, winner);
    if (judgement.kind === "alreadyCommitted") return { status: "alreadyCommitted", snapshot };
    if (judgement.kind === "conflict") {
      return { status: "conflict", conflict: judgement.conflict, snapshot };
    }
    if (judgement.kind === "tableChanged") tableChange ??= judgement.conflict;
  }
  if (hasTransactions(snapshot, transaction)) return { status: "alreadyCommitted", snapshot };
  if (tableChange !== undefined) {
    if (recheck === undefined) return { status: "conflict", conflict: tableChange, snapshot };
    refuseUnwritable(snapshot.protocol, snapshot.metadata, snapshot.location);
    recheck(snapshot);
  }
  return snapshot;
}

/** True if the table has one of the transaction's own keys, or a later one of the same application. */
function hasTransactions(snapshot: Snapshot, { actions }: Transaction): boolean {
  return actions.some(({ txn }) => txn !== undefined && isAtLeast(snapshot.txn(txn.appId), txn));
}

function isolationOf(
  snapshot: Snapshot | undefined,
  { isolation }: Transaction,
): IsolationLevel {
  if (isolation !== undefined) return isolation;
  const level = snapshot?.metadata.configuration["delta.isolationLevel"];
  return level === "WriteSerializable" || level === "SnapshotIsolation" ? level : "Serializable";
}

function takesRowsAway({ actions }: Transaction): boolean {
  return actions.some(({ remove }) => remove?.dataChange === true);
}
