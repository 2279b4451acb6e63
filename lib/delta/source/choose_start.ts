import { SluiceError } from "../../core/mod.ts";
import { commitTimeMs } from "../log/commit_time.ts";
import { loadSnapshot, readCommit } from "../log/snapshot.ts";
import { refuseUnrecorded, versionSince } from "../scan/change_range.ts";
import { ATTEMPTED, type CheckedOptions } from "./source_options.ts";
import type { SourceStart } from "./source_start.ts";
import type { SourceTable } from "./source_table.ts";

/**
 * Where a new query begins to read a table.
 *
 * @throws {SluiceError} `VERSION_NOT_FOUND` if that is not there, or not any more;
 * `CHANGES_NOT_RECORDED` if changes are to be read that the table did not keep.
 */
export async function chooseStart(
  table: SourceTable,
  { startingVersion, startingTimestamp, readChangeFeed = false }: CheckedOptions,
): Promise<SourceStart> {
  const { snapshot } = table;
  if (startingVersion === undefined && startingTimestamp === undefined) {
    const { version } = snapshot;
    if (!readChangeFeed) return { version, isSnapshot: true, readChangeFeed };
    await refuseNoChanges(table, version);
    const commitMs = await timeOf(table, version);
    return { version, isSnapshot: true, commitMs, readChangeFeed };
  }
  if (startingVersion === "latest") {
    if (readChangeFeed) await refuseNoChanges(table, snapshot.version);
    return { version: snapshot.version + 1, isSnapshot: false, readChangeFeed };
  }
  const version = startingVersion ?? await versionSince(table, startingTimestamp!);
  await refuseMissing(table, version, startingTimestamp);
  if (readChangeFeed) await refuseNoChanges(table, version);
  return { version, isSnapshot: false, readChangeFeed };
}

async function refuseMissing(
  { path, store, snapshot }: SourceTable,
  version: number,
  timestamp: Date | undefined,
): Promise<void> {
  const isThere = version <= snapshot.version && await readCommit(store, version) !== undefined;
  if (isThere) return;
  throw new SluiceError("VERSION_NOT_FOUND", {
    attempted: ATTEMPTED,
    where: path,
    found: version > snapshot.version
      ? `version ${snapshot.version} as the newest`
      : `no commit of version ${version} any more`,
    wanted: timestamp === undefined
      ? `version ${version}, as startingVersion says`
      : `one not older than ${timestamp.toISOString()}, as startingTimestamp says`,
    hint:
      'for what is added from now on, set startingVersion to "latest"; leave both out to read ' +
      "the table as it is first",
  });
}

async function refuseNoChanges(table: SourceTable, version: number): Promise<void> {
  const { snapshot, store } = table;
  const then = version === snapshot.version ? snapshot : await loadSnapshot(store, version);
  if (then !== undefined) refuseUnrecorded(then.metadata, version, table);
}

async function timeOf({ path, store, snapshot }: SourceTable, version: number): Promise<number> {
  const commit = await readCommit(store, version);
  if (commit !== undefined) return await commitTimeMs(store, commit, snapshot.metadata);
  throw new SluiceError("VERSION_NOT_FOUND", {
    attempted: ATTEMPTED,
    where: `${path} version ${version}`,
    found: "no commit of the newest version, so no time to tell of its rows",
  });
}
