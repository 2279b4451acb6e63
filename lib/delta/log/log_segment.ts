import { SluiceError } from "../../core/mod.ts";
import { type LogFile, parseLogName } from "./log_files.ts";

/** The files that together say what a version of the table is. */
export interface LogSegment {
  /** The version that they make. */
  readonly version: number;
  /** The checkpoint to start from, and the names of its parts; absent: start from nothing. */
  readonly checkpoint?: { readonly version: number; readonly names: readonly string[] };
  /** What comes behind the checkpoint, without a gap: commits, or compacted files of several. */
  readonly commits: readonly CommitFile[];
}

/** A commit; or a compacted file of the commits `firstVersion` to `version`. */
export type CommitFile = Extract<LogFile, { kind: "commit" | "compaction" }>;

type CheckpointFile = Extract<LogFile, { kind: "checkpoint" }>;

/**
 * Chooses the files to read for a version, or for the newest one; `undefined` if there is no table.
 * The names are all there is to it: `_last_checkpoint` may be missing, stale or broken.
 *
 * @throws {SluiceError} `CORRUPT_LOG` if a version is missing in between; `VERSION_NOT_FOUND` if the
 * version asked for is not there, or not any more.
 */
export function findLogSegment(
  names: readonly string[],
  location: string,
  version?: number,
): LogSegment | undefined {
  const files = names.map(parseLogName).filter((file) => file !== undefined)
    .filter((file) => version === undefined || file.version <= version);
  const beyond = files.find((file) => !Number.isSafeInteger(file.version));
  if (beyond !== undefined) {
    throw new SluiceError("CORRUPT_LOG", {
      attempted: "read a Delta table",
      where: location,
      found: `a version too large in ${beyond.name}`,
      wanted: `versions up to ${Number.MAX_SAFE_INTEGER}`,
    });
  }
  const checkpoint = newestCheckpoint(files.filter((file) => file.kind === "checkpoint"));
  const first = (checkpoint?.version ?? -1) + 1;
  const commits = chainOf(files.filter((file) => file.kind !== "checkpoint"), first, location);
  if (checkpoint === undefined && commits.length === 0) {
    if (files.length > 0) throw gap(location, 0, files[0]!.version);
    if (version === undefined) return undefined;
    throw versionNotFound(location, version, "no such version");
  }
  const found = commits.at(-1)?.version ?? first - 1;
  if (version !== undefined && found !== version) {
    throw versionNotFound(location, version, `version ${found} as the newest`);
  }
  return { version: found, ...(checkpoint === undefined ? {} : { checkpoint }), commits };
}

/**
 * The fewest files that lead from one version to the newest. What is in two of them does no harm, as
 * the later one has the last word; so the newest commit is there itself if it can be, since only it
 * tells who made it and when.
 */
function chainOf(files: readonly CommitFile[], first: number, location: string): CommitFile[] {
  const behind = files.filter((file) => firstOf(file) >= first && file.version >= firstOf(file))
    .sort((a, b) => firstOf(a) - firstOf(b));
  const newest = behind.reduce((newest, file) => Math.max(newest, file.version), first - 1);
  const chain: CommitFile[] = [];
  for (let next = first, i = 0; next <= newest;) {
    let farthest: CommitFile | undefined;
    for (; i < behind.length && firstOf(behind[i]!) <= next; i++) {
      const file = behind[i]!;
      if (file.version > (farthest?.version ?? next - 1)) farthest = file;
    }
    if (farthest === undefined) throw gap(location, next, firstOf(behind[i]!));
    chain.push(farthest);
    next = farthest.version + 1;
  }
  const commit = behind.find(({ kind, version }) => kind === "commit" && version === newest);
  if (commit !== undefined && chain.at(-1) !== commit) chain.push(commit);
  return chain;
}

function firstOf(file: CommitFile): number {
  return file.kind === "commit" ? file.version : file.firstVersion;
}

/** The newest checkpoint of which all parts are there. */
function newestCheckpoint(files: readonly CheckpointFile[]): LogSegment["checkpoint"] {
  const sets = Map.groupBy(files, ({ version, parts, uuid }) => `${version}/${parts}/${uuid}`);
  return [...sets.values()].filter((set) => set.length === set[0]!.parts)
    .map((set) => ({ version: set[0]!.version, names: set.map(({ name }) => name) }))
    .reduce<LogSegment["checkpoint"]>(
      (newest, set) => newest === undefined || set.version > newest.version ? set : newest,
      undefined,
    );
}

function gap(location: string, missing: number, found: number): SluiceError {
  return new SluiceError("CORRUPT_LOG", {
    attempted: "read a Delta table",
    where: location,
    found: missing === 0
      ? `parts of version ${found} only`
      : `version ${found} after version ${missing - 1}`,
    wanted: `version ${missing}`,
    hint: "a commit was deleted, or a part of a checkpoint: restore it from a backup",
  });
}

function versionNotFound(location: string, version: number, found: string): SluiceError {
  return new SluiceError("VERSION_NOT_FOUND", {
    attempted: `read version ${version} of a Delta table`,
    where: location,
    found,
  });
}
