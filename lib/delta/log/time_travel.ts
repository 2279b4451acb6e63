import { SluiceError } from "../../core/mod.ts";
import type { Metadata } from "../protocol/actions.ts";
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
 * its in-commit timestamp.
 */
export async function versionAt(
  store: LogStore,
  metadata: Metadata,
  timestamp: Date,
  modifiedMs: (name: string) => Promise<number>,
): Promise<number> {
  const atMs = timestamp.getTime();
  const commits = (await store.list()).map(parseLogName).filter((file) => file?.kind === "commit");
  const { configuration } = metadata;
  const isEnabled = configuration["delta.enableInCommitTimestamps"] === "true";
  const since = isEnabled
    ? Number(configuration["delta.inCommitTimestampEnablementVersion"] ?? 0)
    : Infinity;
  const sinceMs = Number(configuration["delta.inCommitTimestampEnablementTimestamp"] ?? -Infinity);
  let found: number | undefined;
  if (isEnabled && atMs >= sinceMs) {
    for (const { version } of commits.filter((commit) => commit.version >= since)) {
      if (await inCommitMs(store, version) > atMs) break;
      found = version;
    }
  } else {
    let previousMs = -Infinity;
    for (const { version, name } of commits.filter((commit) => commit.version < since)) {
      // Clocks go back, versions do not.
      const writtenMs = Math.max(await modifiedMs(name), previousMs + 1);
      if (writtenMs > atMs) break;
      found = version;
      previousMs = writtenMs;
    }
  }
  if (found !== undefined) return found;
  throw new SluiceError("VERSION_NOT_FOUND", {
    attempted: `read a Delta table as of ${timestamp.toISOString()}`,
    where: store.location,
    found: "no commit that old",
  });
}

async function inCommitMs(store: LogStore, version: number): Promise<number> {
  const commit = await readCommit(store, version);
  const commitInfo = commit?.actions.find((action) => action.commitInfo !== undefined)?.commitInfo;
  if (commitInfo?.inCommitTimestamp !== undefined) return commitInfo.inCommitTimestamp;
  throw new SluiceError("CORRUPT_LOG", {
    attempted: "find a version by its time",
    where: `${store.location} version ${version}`,
    found: "no inCommitTimestamp",
    wanted: "one in the commitInfo of every commit",
  });
}
