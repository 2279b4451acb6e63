import type { Action, AddFile, SetTransaction } from "../protocol/actions.ts";
import type { Commit } from "../log/snapshot.ts";

/**
 * How far apart concurrent commits are kept: `Serializable` orders all of them, `WriteSerializable`
 * lets reads overlook rows that others append meanwhile, `SnapshotIsolation` is for commits that only
 * rearrange rows.
 */
export type IsolationLevel = "Serializable" | "WriteSerializable" | "SnapshotIsolation";

/** What a transaction looked at to know what to do. */
export type ReadSet =
  /** Nothing: rows are only added. */
  | { readonly kind: "nothing" }
  | {
    readonly kind: "files";
    /** `add.path` of every file that was read. */
    readonly paths: ReadonlySet<string>;
    /** Whether a file would have been read too, had it been there; of the whole table: always. */
    readonly wouldRead: (file: AddFile) => boolean;
  };

/** What two commits cannot both have, named after the exceptions of Delta's other writers. */
export type ConflictKind =
  | "ProtocolChanged"
  | "MetadataChanged"
  | "ConcurrentAppend"
  | "ConcurrentDeleteRead"
  | "ConcurrentDeleteDelete"
  | "ConcurrentDomainMetadata";

/** Why a transaction cannot go behind a commit that came first. */
export interface Conflict {
  /** Which rule it is. */
  readonly kind: ConflictKind;
  /** The commit that came first. */
  readonly version: number;
  /** What that commit did, with the file where it is one. */
  readonly found: string;
}

/** What is judged: a transaction that wants to go behind a commit. */
export interface Contender {
  /** What it does. */
  readonly actions: readonly Action[];
  /** What it looked at. */
  readonly reads: ReadSet;
  /** How far it is kept apart from others. */
  readonly isolation: IsolationLevel;
}

/** What a commit that came first means for a transaction that wants to come after it. */
export type Judgement =
  /** Nothing: the transaction goes behind it. */
  | { readonly kind: "none" }
  /** The table's protocol or metadata are not what they were, and nothing else is in the way. */
  | { readonly kind: "tableChanged"; readonly conflict: Conflict }
  /** It has the very data that this transaction brings. */
  | { readonly kind: "alreadyCommitted" }
  /** The transaction has to be planned anew. */
  | { readonly kind: "conflict"; readonly conflict: Conflict };

/** The domain whose high-water mark is worked out anew for each try, so that it cannot conflict. */
export const ROW_TRACKING_DOMAIN = "delta.rowTracking";

/**
 * Judges one commit that won a version which a transaction wanted. See Delta's "concurrency control"
 * and the conflict checks of its Spark implementation, whose order this is.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { judgeWinner } from "./conflict_rules.ts";
 *
 * const append = { actions: [], reads: { kind: "nothing" }, isolation: "Serializable" } as const;
 * equal(judgeWinner(append, { version: 7, actions: [] }).kind, "none");
 * ```
 */
export function judgeWinner(ours: Contender, winner: Commit): Judgement {
  if (ours.actions.some(({ txn }) => txn !== undefined && hasTransaction(winner, txn))) {
    return { kind: "alreadyCommitted" };
  }
  const conflict = fileConflict(ours, winner) ?? domainConflict(ours, winner);
  if (conflict !== undefined) return { kind: "conflict", conflict };
  const change = tableChange(winner);
  return change === undefined ? { kind: "none" } : { kind: "tableChanged", conflict: change };
}

/** True if an application has come as far as this transaction, or further. */
export function isAtLeast(stored: SetTransaction | undefined, txn: SetTransaction): boolean {
  return stored !== undefined && stored.appId === txn.appId && stored.version >= txn.version;
}

function hasTransaction(winner: Commit, txn: SetTransaction): boolean {
  return winner.actions.some((action) => isAtLeast(action.txn, txn));
}

function tableChange({ version, actions }: Commit): Conflict | undefined {
  if (actions.some(({ protocol }) => protocol !== undefined)) {
    return { kind: "ProtocolChanged", version, found: "a new protocol" };
  }
  if (actions.some(({ metaData }) => metaData !== undefined)) {
    return { kind: "MetadataChanged", version, found: "new metadata" };
  }
  return undefined;
}

function fileConflict(
  { actions, reads, isolation }: Contender,
  { version, actions: theirs }: Commit,
): Conflict | undefined {
  if (reads.kind === "files" && seesAppends(isolation, actions, theirs)) {
    const added = theirs.find(({ add }) => add !== undefined && reads.wouldRead(add))?.add;
    if (added !== undefined) {
      return { kind: "ConcurrentAppend", version, found: `file ${added.path} added` };
    }
  }
  const removed = theirs.map(({ remove }) => remove?.path).filter((path) => path !== undefined);
  if (removed.length === 0) return undefined;
  if (reads.kind === "files") {
    const path = removed.find((path) => reads.paths.has(path));
    if (path !== undefined) {
      return {
        kind: "ConcurrentDeleteRead",
        version,
        found: `file ${path} removed, which was read`,
      };
    }
  }
  const ours = new Set(actions.map(({ remove }) => remove?.path));
  const path = removed.find((path) => ours.has(path));
  return path === undefined ? undefined : {
    kind: "ConcurrentDeleteDelete",
    version,
    found: `file ${path} removed, which was to be removed here`,
  };
}

/** Whether rows that the winner added would have changed what this transaction does. */
function seesAppends(
  isolation: IsolationLevel,
  ours: readonly Action[],
  winner: readonly Action[],
): boolean {
  switch (isolation) {
    case "Serializable":
      return true;
    case "WriteSerializable": {
      const isBlind = winner.some(({ commitInfo }) => commitInfo?.isBlindAppend === true);
      // What one application writes is in the order of its versions.
      return !isBlind || haveOneApplication(ours, winner) ||
        ours.some(({ metaData }) => metaData !== undefined);
    }
    case "SnapshotIsolation":
      return false;
  }
}

function haveOneApplication(ours: readonly Action[], winner: readonly Action[]): boolean {
  const applications = new Set(ours.flatMap(({ txn }) => txn?.appId ?? []));
  return winner.some(({ txn }) => txn !== undefined && applications.has(txn.appId));
}

function domainConflict({ actions }: Contender, winner: Commit): Conflict | undefined {
  const ours = new Set(actions.map(({ domainMetadata }) => domainMetadata?.domain));
  const both = winner.actions.map(({ domainMetadata }) => domainMetadata?.domain)
    .find((domain) => domain !== undefined && domain !== ROW_TRACKING_DOMAIN && ours.has(domain));
  return both === undefined ? undefined : {
    kind: "ConcurrentDomainMetadata",
    version: winner.version,
    found: `new settings of domain "${both}"`,
  };
}
