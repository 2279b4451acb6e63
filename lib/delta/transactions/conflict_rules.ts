import type { Action, SetTransaction } from "../protocol/actions.ts";

/** What a commit that came first means for a blind append that wants to come after it. */
export type ConflictOutcome =
  /** Nothing: the append goes behind it. */
  | { readonly kind: "none" }
  /** The table may not be what it was: look again whether the rows fit. */
  | { readonly kind: "tableChanged" }
  /** It has the very data that this append brings. */
  | { readonly kind: "alreadyCommitted" };

/**
 * Judges one commit that won a version this append wanted. An append that reads nothing does not
 * care which files came or went; only the table's protocol and metadata, and its own transaction,
 * concern it.
 */
export function judgeWinner(
  ours: readonly Action[],
  winner: readonly Action[],
): ConflictOutcome {
  const txns = ours.map((action) => action.txn).filter((txn) => txn !== undefined);
  if (txns.some((txn) => winner.some((action) => isAtLeast(action.txn, txn)))) {
    return { kind: "alreadyCommitted" };
  }
  return winner.some(({ protocol, metaData }) => protocol !== undefined || metaData !== undefined)
    ? { kind: "tableChanged" }
    : { kind: "none" };
}

/** True if an application has come as far as this transaction, or further. */
export function isAtLeast(stored: SetTransaction | undefined, txn: SetTransaction): boolean {
  return stored !== undefined && stored.appId === txn.appId && stored.version >= txn.version;
}
