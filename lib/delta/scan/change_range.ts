import { badOption, SluiceError } from "../../core/mod.ts";
import { type TableLayout, tableLayout } from "../files/table_layout.ts";
import { commitTimeMs } from "../log/commit_time.ts";
import { parseLogName } from "../log/log_files.ts";
import type { LogStore } from "../log/log_store.ts";
import { type Commit, loadSnapshot, readCommit, type Snapshot } from "../log/snapshot.ts";
import { versionAt } from "../log/time_travel.ts";
import type { Action, AddFile, Metadata } from "../protocol/actions.ts";
import { isTrue } from "../protocol/table_properties.ts";
import type { ChangedCommit } from "./changed_files.ts";

/** A table whose changes are read. */
export interface ChangeSource {
  /** The table's folder. */
  readonly path: string;
  /** Its log. */
  readonly store: LogStore;
  /** The newest version to read. */
  readonly snapshot: Snapshot;
}

/** Consecutive commits of a table that kept its changes. */
export interface ChangeRange {
  /** The table as it is at the last of them. */
  readonly layout: TableLayout;
  /** The commits, oldest first. */
  readonly commits: readonly ChangedCommit[];
}

const ATTEMPTED = "read the changes of a Delta table";
/** Commits read at a time. */
const COMMITS_AT_ONCE = 32;

/**
 * Reads the commits of a range of versions, and makes sure that the table kept its changes in all of
 * them.
 *
 * @throws {SluiceError} `CHANGES_NOT_RECORDED`, `VERSION_NOT_FOUND`, `BAD_OPTION`, `CORRUPT_LOG`.
 */
export async function readChangeRange(
  source: ChangeSource,
  from: number | Date,
  to: number | Date | undefined,
): Promise<ChangeRange> {
  const { store, snapshot: newest } = source;
  const first = from instanceof Date ? await versionSince(source, from) : from;
  const last = to instanceof Date
    ? Math.min(await versionAt(store, newest.metadata, to), newest.version)
    : to ?? newest.version;
  refuseStrangeRange(first, last, source);
  const start = await snapshotOf(source, first);
  const end = await snapshotOf(source, last);
  refuseUnrecorded(start.metadata, first, source);
  const commits: ChangedCommit[] = [];
  for (let version = first; version <= last; version += COMMITS_AT_ONCE) {
    const count = Math.min(COMMITS_AT_ONCE, last - version + 1);
    const some = Array.from({ length: count }, (_, i) => readChangedCommit(source, version + i));
    commits.push(...await Promise.all(some));
  }
  for (const { version, actions } of commits) {
    for (const { metaData } of actions) {
      if (metaData === undefined) continue;
      refuseUnrecorded(metaData, version, source);
      refuseOtherPartitions(metaData, end.metadata, version, source);
    }
  }
  refuseOtherPartitions(start.metadata, end.metadata, first, source);
  return { layout: tableLayout(source.path, end.protocol, end.metadata), commits };
}

/**
 * The first version that is not older than a time; it may be one that is not there yet.
 *
 * @throws {SluiceError} `BAD_OPTION` if the time is none.
 */
export async function versionSince(
  { store, snapshot: { metadata } }: ChangeSource,
  time: Date,
): Promise<number> {
  try {
    return await versionAt(store, metadata, new Date(time.getTime() - 1)) + 1;
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== "VERSION_NOT_FOUND") throw error;
    const commits = (await store.list()).map(parseLogName)
      .filter((file) => file?.kind === "commit");
    return commits[0]?.version ?? 0;
  }
}

async function snapshotOf(
  { store, snapshot: newest }: ChangeSource,
  version: number,
): Promise<Snapshot> {
  const snapshot = version === newest.version ? newest : await loadSnapshot(store, version);
  if (snapshot === undefined) throw versionGone(store, version);
  return snapshot;
}

/**
 * Reads a commit with all there is to know of its changes.
 *
 * @throws {SluiceError} `VERSION_NOT_FOUND`, `CORRUPT_LOG`.
 */
export async function readChangedCommit(
  source: ChangeSource,
  version: number,
): Promise<ChangedCommit> {
  const { store, snapshot: { metadata } } = source;
  const commit = await readCommit(store, version);
  if (commit === undefined) throw versionGone(store, version);
  const timestampMs = await commitTimeMs(store, commit, metadata);
  return { version, timestampMs, actions: await withPartitionValues(source, commit) };
}

/** A `remove` need not tell the values of its partition; the table as it was before does. */
async function withPartitionValues(
  source: ChangeSource,
  { version, actions }: Commit,
): Promise<readonly Action[]> {
  const isComplete = ({ remove }: Action) =>
    remove === undefined || !remove.dataChange || remove.partitionValues !== undefined;
  const isPartitioned = source.snapshot.metadata.partitionColumns.length > 0;
  if (!isPartitioned || actions.every(isComplete)) return actions;
  const files = new Map<string, AddFile>();
  const before = version === 0 ? undefined : await snapshotOf(source, version - 1);
  for (const file of before?.files() ?? []) files.set(file.path, file);
  return actions.map((action) => {
    const { remove } = action;
    if (remove === undefined || isComplete(action)) return action;
    return {
      remove: { ...remove, partitionValues: files.get(remove.path)?.partitionValues ?? {} },
    };
  });
}

function refuseStrangeRange(first: number, last: number, { store, snapshot }: ChangeSource): void {
  for (const [name, version] of [["from", first], ["to", last]] as const) {
    if (!Number.isSafeInteger(version) || version < 0) {
      throw badOption(ATTEMPTED, name, String(version), "a version or a time");
    }
    if (version > snapshot.version) throw versionGone(store, version);
  }
  if (first > last) {
    throw badOption(ATTEMPTED, "from", `version ${first}`, `one up to version ${last}`);
  }
}

/**
 * Refuses a version at which the table did not keep its changes.
 *
 * @throws {SluiceError} `CHANGES_NOT_RECORDED`.
 */
export function refuseUnrecorded(
  { configuration }: Metadata,
  version: number,
  source: Pick<ChangeSource, "path">,
): void {
  if (isTrue(configuration, "delta.enableChangeDataFeed")) return;
  throw new SluiceError("CHANGES_NOT_RECORDED", {
    attempted: ATTEMPTED,
    where: `${source.path} version ${version}`,
    found: "a table that does not keep its changes",
    wanted: "delta.enableChangeDataFeed = true in every version of the range",
    hint: "begin at a later version, or compare two versions of the table",
  });
}

function refuseOtherPartitions(
  { partitionColumns }: Metadata,
  end: Metadata,
  version: number,
  source: ChangeSource,
): void {
  if (partitionColumns.join() === end.partitionColumns.join()) return;
  throw new SluiceError("SCHEMA_MISMATCH", {
    attempted: ATTEMPTED,
    where: `${source.path} version ${version}`,
    found: `partition columns ${partitionColumns.join(", ") || "none"}`,
    wanted: `${end.partitionColumns.join(", ") || "none"}, as in the last version of the range`,
    hint: "read the changes before and after the table was overwritten one after the other",
  });
}

function versionGone(store: LogStore, version: number): SluiceError {
  return new SluiceError("VERSION_NOT_FOUND", {
    attempted: ATTEMPTED,
    where: store.location,
    found: `no commit of version ${version}, or none any more`,
  });
}
