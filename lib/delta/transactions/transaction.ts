import { SluiceError } from "../../core/mod.ts";
import {
  type Action,
  type CommitInfo,
  formatActions,
  type Metadata,
  type Protocol,
} from "../protocol/actions.ts";
import { isAtLeast, judgeWinner } from "./conflict_rules.ts";
import { withStorageErrors } from "../protocol/delta_error.ts";
import { commitName } from "../log/log_files.ts";
import type { LogStore } from "../log/log_store.ts";
import { type Commit, readCommit, Snapshot, updateSnapshot } from "../log/snapshot.ts";
import { refuseUnwritable } from "../protocol/table_features.ts";

/** An append that is ready but for its version. */
export interface AppendTransaction {
  /** `add` and `txn` actions. */
  readonly actions: readonly Action[];
  /** Goes first if there is no table yet. */
  readonly newTable: { readonly protocol: Protocol; readonly metaData: Metadata };
  /** All but `readVersion`; `txnId` is how the commit is known again. */
  readonly commitInfo: CommitInfo & { readonly txnId: string };
  /** Called when another commit may have changed what the table is; throws if the rows do not fit. */
  readonly recheck: (snapshot: Snapshot) => void;
}

/** How a transaction ended; the snapshot has all that the log has up to there. */
export type TransactionOutcome =
  | { readonly status: "committed"; readonly version: number; readonly snapshot: Snapshot }
  /** Another commit holds the same `txn`, or a later one. */
  | { readonly status: "alreadyCommitted"; readonly snapshot: Snapshot };

/**
 * Commits an append: takes the version after `snapshot`, or as many later as other writers take
 * first. Without a snapshot it creates the table.
 *
 * @throws {SluiceError} `COMMIT_UNKNOWN`, retryable, if the log cannot be read after a write that
 * may have landed: look for `txnId` in the log before anything else. After any other error nothing
 * of the transaction is in the table. Also what `recheck` throws.
 */
export async function commitAppend(
  store: LogStore,
  snapshot: Snapshot | undefined,
  transaction: AppendTransaction,
): Promise<TransactionOutcome> {
  let current = snapshot;
  for (;;) {
    const commit = nextCommit(current, transaction);
    // The commit point. A crash before the file is there leaves data files that nobody refers to; a
    // crash after it leaves a table that has the data and the txn.
    if (await put(store, commit, transaction.commitInfo.txnId)) {
      if (current === undefined) current = Snapshot.created(store.location, commit.actions);
      else current.apply(commit);
      return { status: "committed", version: commit.version, snapshot: current };
    }
    const next = await overtake(store, current, transaction);
    if (!(next instanceof Snapshot)) return next;
    current = next;
  }
}

/** True if these actions are of the commit with this `txnId`. */
export function isOwnCommit(actions: readonly Action[], txnId: string): boolean {
  return actions.some(({ commitInfo }) => commitInfo?.txnId === txnId);
}

function nextCommit(current: Snapshot | undefined, transaction: AppendTransaction): Commit {
  const { commitInfo, newTable, actions } = transaction;
  if (current === undefined) {
    const { protocol, metaData } = newTable;
    return { version: 0, actions: [{ commitInfo }, { protocol }, { metaData }, ...actions] };
  }
  const readVersion = current.version;
  return {
    version: readVersion + 1,
    actions: [{ commitInfo: { ...commitInfo, readVersion } }, ...actions],
  };
}

/** Writes a commit; false if its version is taken by another. */
async function put(store: LogStore, commit: Commit, txnId: string): Promise<boolean> {
  const name = commitName(commit.version);
  try {
    const contents = formatActions(commit.actions);
    if (await store.putIfAbsent(name, contents) === "created") return true;
  } catch (cause) {
    return await wroteAfterAll(store, commit.version, txnId, cause);
  }
  return false;
}

/** After a write that failed in a way that says nothing: true if it landed, false if another did. */
async function wroteAfterAll(
  store: LogStore,
  version: number,
  txnId: string,
  cause: unknown,
): Promise<boolean> {
  let found: Commit | undefined;
  try {
    found = await readCommit(store, version);
  } catch (readError) {
    throw new SluiceError("COMMIT_UNKNOWN", {
      attempted: `commit version ${version}`,
      where: store.location,
      found: "a write that failed, and then a log that cannot be read",
      retryable: true,
      cause: new AggregateError([cause, readError]),
    });
  }
  if (found !== undefined) return isOwnCommit(found.actions, txnId);
  return await withStorageErrors(`commit version ${version}`, store.location, () => {
    throw cause;
  });
}

/** Judges all commits that came first; a snapshot to go behind, or the end. */
async function overtake(
  store: LogStore,
  current: Snapshot | undefined,
  transaction: AppendTransaction,
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
  const { actions, commitInfo, recheck } = transaction;
  let tableChanged = snapshot !== current;
  for (const { version, actions: winner } of commits) {
    if (isOwnCommit(winner, commitInfo.txnId)) return { status: "committed", version, snapshot };
    const judgement = judgeWinner(actions, winner);
    if (judgement.kind === "alreadyCommitted") return { status: "alreadyCommitted", snapshot };
    if (judgement.kind === "tableChanged") tableChanged = true;
  }
  for (const { txn } of actions) {
    if (txn !== undefined && isAtLeast(snapshot.txn(txn.appId), txn)) {
      return { status: "alreadyCommitted", snapshot };
    }
  }
  if (tableChanged) {
    refuseUnwritable(snapshot.protocol, snapshot.metadata, snapshot.location);
    recheck(snapshot);
  }
  return snapshot;
}
