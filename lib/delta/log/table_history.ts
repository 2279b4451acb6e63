import { badOption, refuseUnknownOptions } from "../../core/mod.ts";
import type { CommitInfo } from "../protocol/actions.ts";
import { commitTimeMs } from "./commit_time.ts";
import type { LogStore } from "./log_store.ts";
import { readCommit, type Snapshot } from "./snapshot.ts";

/** How much of a table's history to read. */
export interface HistoryOptions {
  /** How many versions at most, from the newest; absent: all that the log has. */
  readonly limit?: number;
}

/** What made a version of a table. */
export interface HistoryEntry extends CommitInfo {
  /** The version. */
  readonly version: number;
  /** When it was made, in milliseconds since 1970; the commit may say another time. */
  readonly timestamp: number;
}

/**
 * What made each version of a table that the log still has as a commit, newest first. As DESCRIBE
 * HISTORY does in Spark, it tells what the commits say of themselves.
 *
 * @throws {SluiceError} `BAD_OPTION`, `UNKNOWN_OPTION`, `CORRUPT_LOG`, `DELTA_STORAGE`.
 */
export async function tableHistory(
  { store, snapshot }: { readonly store: LogStore; readonly snapshot: Snapshot },
  options: HistoryOptions = {},
): Promise<HistoryEntry[]> {
  const attempted = "read a table's history";
  refuseUnknownOptions(attempted, options, ["limit"]);
  const { limit = Infinity } = options;
  if (!(limit === Infinity || (Number.isSafeInteger(limit) && limit > 0))) {
    throw badOption(attempted, "limit", String(limit), "a number of versions, at least 1");
  }
  const entries: HistoryEntry[] = [];
  for (let version = snapshot.version; version >= 0 && entries.length < limit; version--) {
    const commit = await readCommit(store, version);
    if (commit === undefined) break;
    const commitInfo = commit.actions.find((action) => action.commitInfo !== undefined)?.commitInfo;
    const timestamp = await commitTimeMs(store, commit, snapshot.metadata);
    entries.push({ ...commitInfo, version, timestamp });
  }
  return entries;
}
