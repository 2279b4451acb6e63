import { SluiceError } from "../../core/mod.ts";
import type { Metadata } from "../protocol/actions.ts";
import { fileTimeMs, inCommitMs, inCommitTimes } from "./commit_time.ts";
import { parseLogName } from "./log_files.ts";
import type { LogStore } from "./log_store.ts";
import { readCommit } from "./snapshot.ts";

/** Where to open a table in time. */
export type TimeTravel =
  | { readonly version: number }
  /** The newest version that was there at that time. */
  | { readonly timestamp: Date };

/**
 * The newest version not younger than a time: by the in-commit timestamps where the table has them,
 * otherwise by when the commits' files were written. `metadata` is the newest.
 *
 * @throws {SluiceError} `VERSION_NOT_FOUND` if no commit is that old; `CORRUPT_LOG` if a commit lacks
 * its in-commit timestamp; `BAD_OPTION` if the time is none.
 */
export async function versionAt(
  store: LogStore,
  metadata: Metadata,
  timestamp: Date,
): Promise<number> {
  const atMs = timestamp.getTime();
  if (Number.isNaN(atMs)) {
    throw new SluiceError("BAD_OPTION", {
      attempted: "read a Delta table as of a time",
      where: 'option "timestamp"',
      found: "a Date that is no time",
      wanted: "a point in time",
    });
  }
  const versions = (await store.list()).map(parseLogName)
    .filter((file) => file?.kind === "commit");
  const inCommit = inCommitTimes(metadata);
  const since = inCommit?.version ?? Infinity;
  const found = inCommit !== undefined && atMs >= inCommit.ms
    ? await lastInCommit(store, versions.filter(({ version }) => version >= since), atMs)
    : await lastWritten(store, versions.filter(({ version }) => version < since), atMs);
  if (found !== undefined) return found.version;
  throw new SluiceError("VERSION_NOT_FOUND", {
    attempted: `read a Delta table as of ${timestamp.toISOString()}`,
    where: store.location,
    found: "no commit that old",
  });
}

interface CommitName {
  readonly version: number;
  readonly name: string;
}

/** In-commit timestamps only grow, so that few commits need to be read. */
async function lastInCommit(
  store: LogStore,
  commits: readonly CommitName[],
  atMs: number,
): Promise<CommitName | undefined> {
  let [low, high] = [0, commits.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { version } = commits[middle]!;
    const commit = await readCommit(store, version);
    const commitInfo = commit?.actions.find((action) => action.commitInfo !== undefined)
      ?.commitInfo;
    if (inCommitMs(commitInfo, `${store.location} version ${version}`) <= atMs) low = middle + 1;
    else high = middle;
  }
  return commits[low - 1];
}

async function lastWritten(
  store: LogStore,
  commits: readonly CommitName[],
  atMs: number,
): Promise<CommitName | undefined> {
  let found: CommitName | undefined;
  let previousMs = -Infinity;
  for (const commit of commits) {
    // Clocks go back, versions do not.
    const writtenMs = Math.max(await fileTimeMs(store, commit.name), previousMs + 1);
    if (writtenMs > atMs) break;
    found = commit;
    previousMs = writtenMs;
  }
  return found;
}
