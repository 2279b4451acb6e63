import { SluiceError } from "../../core/mod.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { withStorageErrors } from "../protocol/delta_error.ts";
import { refuseUnwritable } from "../protocol/table_features.ts";
import type { TableState } from "../table_state.ts";
import { conflictError } from "./conflict_error.ts";
import { commitTransaction, type Transaction, type TransactionOutcome } from "./transaction.ts";

/** What an operation wants to commit, its files written already. */
export interface Plan<R> {
  /** The changes; their `txnId` is given here. */
  readonly transaction: Omit<Transaction, "txnId">;
  /** What the operation answers once it is committed. */
  readonly result: (version: number) => R;
  /** Removes the files that were written for it. */
  readonly discard: () => Promise<void>;
}

/** What an operation found to do at a version of the table. */
export type Planned<R> = Plan<R> | { readonly nothingToDo: R };

const MAX_ATTEMPTS = 100;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 1000;

/**
 * Runs an operation on the newest version of a table: `plan` looks at the table and writes files, and
 * what it wants is committed. Where another commit came first that it cannot go behind, the files are
 * removed and it is planned anew, after a random pause that grows. Operations of one state run one
 * after the other.
 *
 * `plan` removes its files itself if it throws.
 *
 * @throws {SluiceError} `CONCURRENT_WRITES`, retryable, if others came first time and again;
 * `COMMIT_UNKNOWN`; `UNSUPPORTED_FEATURE` if the table asks of its writers what is not done here.
 */
export async function runOperation<R>(
  state: TableState,
  plan: (snapshot: Snapshot) => Promise<Planned<R>>,
  maxAttempts = MAX_ATTEMPTS,
): Promise<R> {
  return await state.alone(() => planAndCommit(state, plan, maxAttempts));
}

async function planAndCommit<R>(
  state: TableState,
  plan: (snapshot: Snapshot) => Promise<Planned<R>>,
  maxAttempts: number,
): Promise<R> {
  for (let attempt = 1;; attempt++) {
    const snapshot = await state.refresh();
    refuseUnwritable(snapshot.protocol, snapshot.metadata, snapshot.location);
    const planned = await plan(snapshot);
    if ("nothingToDo" in planned) return planned.nothingToDo;
    const outcome = await commitPlan(state, snapshot, planned);
    state.snapshot = outcome.snapshot;
    if (outcome.status === "committed") {
      await state.checkpointer.afterCommit(outcome.snapshot, outcome.version);
      return planned.result(outcome.version);
    }
    await planned.discard();
    // A txn that is there by now is found by `plan`, which knows what to answer.
    if (outcome.status === "conflict" && attempt >= maxAttempts) {
      const attempted = `commit ${planned.transaction.operation} ${maxAttempts} times`;
      throw conflictError(attempted, state.path, outcome.conflict);
    }
    if (outcome.status === "conflict") await pauseAfter(attempt);
  }
}

async function commitPlan<R>(
  state: TableState,
  snapshot: Snapshot,
  { transaction, discard }: Plan<R>,
): Promise<TransactionOutcome> {
  try {
    return await withStorageErrors(
      `commit ${transaction.operation}`,
      state.path,
      () =>
        commitTransaction(state.store, snapshot, { ...transaction, txnId: crypto.randomUUID() }),
    );
  } catch (error) {
    // Unless it may have landed, nothing of it is in the table.
    const isUnknown = error instanceof SluiceError && error.code === "COMMIT_UNKNOWN";
    if (!isUnknown) await discard();
    throw error;
  }
}

/** Waits a random time before the next attempt, longer after each. */
export async function pauseAfter(attempt: number): Promise<void> {
  const longestMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10), LONGEST_PAUSE_MS);
  await new Promise((resolve) => setTimeout(resolve, Math.random() * longestMs));
}
