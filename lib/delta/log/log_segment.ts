import { SluiceError } from "../../core/mod.ts";
import { type LogFile, parseLogName } from "./log_files.ts";

/** The files that together say what a version of the table is. */
export interface LogSegment {
  /** The version that they make. */
  readonly version: number;
  /** The checkpoint to start from, and the names of its parts; absent: start from nothing. */
  readonly checkpoint?: { readonly version: number; readonly names: readonly string[] };
  /** The commits behind the checkpoint, without a gap. */
  readonly commits: readonly { readonly version: number; readonly name: string }[];
}

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
  const commits = files.filter((file) => file.kind === "commit" && file.version >= first)
    .sort((a, b) => a.version - b.version);
  if (checkpoint === undefined && commits.length === 0) {
    if (version === undefined) return undefined;
    throw versionNotFound(location, version, "no such version");
  }
  commits.forEach((commit, i) => {
    if (commit.version === first + i) return;
    throw new SluiceError("CORRUPT_LOG", {
      attempted: "read a Delta table",
      where: location,
      found: `version ${commit.version} after version ${first + i - 1}`,
      wanted: `version ${first + i}`,
      hint: "a commit was deleted, or a part of a checkpoint: restore it from a backup",
    });
  });
  const found = first + commits.length - 1;
  if (version !== undefined && found !== version) {
    throw versionNotFound(location, version, `version ${found} as the newest`);
  }
  return { version: found, ...(checkpoint === undefined ? {} : { checkpoint }), commits };
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

function versionNotFound(location: string, version: number, found: string): SluiceError {
  return new SluiceError("VERSION_NOT_FOUND", {
    attempted: `read version ${version} of a Delta table`,
    where: location,
    found,
  });
}
