import { SluiceError } from "../../core/mod.ts";
import type { CommitInfo, Metadata } from "../protocol/actions.ts";
import { isTrue } from "../protocol/table_properties.ts";
import { commitName } from "./log_files.ts";
import type { LogStore } from "./log_store.ts";
import type { Commit } from "./snapshot.ts";

/** From which version and time on commits tell their time themselves. */
export interface InCommitTimes {
  /** The first version whose commit has it. */
  readonly version: number;
  /** When that version was made, in milliseconds since 1970. */
  readonly ms: number;
}

/**
 * From when on a table has in-commit timestamps; `undefined` if it has none. `metadata` is the newest.
 * See Delta's "in-commit timestamps".
 */
export function inCommitTimes({ configuration }: Metadata): InCommitTimes | undefined {
  if (!isTrue(configuration, "delta.enableInCommitTimestamps")) return undefined;
  return {
    version: Number(configuration["delta.inCommitTimestampEnablementVersion"] ?? 0),
    ms: Number(configuration["delta.inCommitTimestampEnablementTimestamp"] ?? -Infinity),
  };
}

/**
 * When a version was made, in milliseconds since 1970: as its commit says, or else when the commit's
 * file was written.
 *
 * @throws {SluiceError} `CORRUPT_LOG` if the commit does not say what it should.
 */
export async function commitTimeMs(
  store: LogStore,
  { version, actions }: Commit,
  metadata: Metadata,
): Promise<number> {
  if (version >= (inCommitTimes(metadata)?.version ?? Infinity)) {
    const commitInfo = actions.find((action) => action.commitInfo !== undefined)?.commitInfo;
    return inCommitMs(commitInfo, `${store.location} version ${version}`);
  }
  return await fileTimeMs(store, commitName(version));
}

/** When a file of the log was written, in milliseconds since 1970. */
export async function fileTimeMs(store: LogStore, name: string): Promise<number> {
  const ms = await store.modifiedMs(name);
  if (ms !== undefined) return ms;
  throw new SluiceError("CORRUPT_LOG", {
    attempted: "find out when a version was made",
    where: `${store.location}/${name}`,
    found: "no such file any more",
    retryable: true,
  });
}

/** The time that a commit tells. */
export function inCommitMs(commitInfo: CommitInfo | undefined, where: string): number {
  const ms = commitInfo?.inCommitTimestamp;
  if (typeof ms === "number" && Number.isSafeInteger(ms)) return ms;
  throw new SluiceError("CORRUPT_LOG", {
    attempted: "find out when a version was made",
    where,
    found: ms === undefined ? "no inCommitTimestamp" : `inCommitTimestamp ${ms}`,
    wanted: "one in the commitInfo of every commit",
  });
}
