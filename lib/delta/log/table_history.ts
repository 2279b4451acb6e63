import { badOption, refuseUnknownOptions } from "../../core/mod.ts";
import type { CommitInfo } from "../protocol/actions.ts";
import { withStorageErrors } from "../protocol/delta_error.ts";
import { commitTimeMs, inCommitTimes } from "./commit_time.ts";
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
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { appendRows } from "../commands/write/append.ts";
 * import { createTable } from "../commands/define/create_table.ts";
 * import { tableHistory } from "./table_history.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, { schema: s.struct({ id: s.long() }) });
 * await appendRows(table, [{ id: 1n }], { userMetadata: "the first trade" });
 * const [newest] = await tableHistory(table, { limit: 1 });
 * deepEqual([newest?.version, newest?.userMetadata], [1, "the first trade"]);
 * await Deno.remove(path, { recursive: true });
 * ```
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
  const entries = await withStorageErrors(
    attempted,
    store.location,
    () => readEntries(store, snapshot, limit),
  );
  const inCommitSince = inCommitTimes(snapshot.metadata)?.version ?? Infinity;
  // Clocks go back, versions do not; time travel goes by the same times.
  for (let i = entries.length - 2; i >= 0; i--) {
    const entry = entries[i]!;
    if (entry.version >= inCommitSince) break;
    const timestamp = Math.max(entry.timestamp, entries[i + 1]!.timestamp + 1);
    entries[i] = { ...entry, timestamp };
  }
  return entries;
}

async function readEntries(
  store: LogStore,
  { version: newest, metadata }: Snapshot,
  limit: number,
): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for (let version = newest; version >= 0 && entries.length < limit; version--) {
    const commit = await readCommit(store, version);
    if (commit === undefined) break;
    const commitInfo = commit.actions.find((action) => action.commitInfo !== undefined)?.commitInfo;
    const timestamp = await commitTimeMs(store, commit, metadata);
    entries.push({ ...commitInfo, version, timestamp });
  }
  return entries;
}
