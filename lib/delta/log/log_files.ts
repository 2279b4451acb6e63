/** The file that hints at the newest checkpoint. */
export const LAST_CHECKPOINT = "_last_checkpoint";

/** A file of the log that its name tells all about. */
export type LogFile =
  | { readonly kind: "commit"; readonly version: number; readonly name: string }
  | {
    readonly kind: "checkpoint";
    readonly version: number;
    readonly name: string;
    /** The UUID in the name, which only v2 checkpoints have; empty otherwise. */
    readonly uuid: string;
    /** Which part this is, from 1, of how many; 1 of 1 for a checkpoint in one file. */
    readonly part: number;
    readonly parts: number;
  }
  | {
    /** What several commits come to, in one file. */
    readonly kind: "compaction";
    /** The first of the commits. */
    readonly firstVersion: number;
    /** The last of the commits. */
    readonly version: number;
    readonly name: string;
  };

const COMMIT = /^(\d{20})\.json$/;
const CHECKPOINT = /^(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet$/;
const COMPACTION = /^(\d{20})\.(\d{20})\.compacted\.json$/;
const V2_CHECKPOINT =
  /^(\d{20})\.checkpoint\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(?:json|parquet)$/i;

/** The name of the commit that makes a version: 20 digits and `.json`. */
export function commitName(version: number): string {
  return `${paddedVersion(version)}.json`;
}

/** The name of a checkpoint in one file. */
export function checkpointName(version: number): string {
  return `${paddedVersion(version)}.checkpoint.parquet`;
}

/** The name of a v2 checkpoint's own file. */
export function v2CheckpointName(version: number, uuid: string): string {
  return `${paddedVersion(version)}.checkpoint.${uuid}.parquet`;
}

/** What a name in the log says; `undefined` for names that mean nothing here. */
export function parseLogName(name: string): LogFile | undefined {
  const commit = COMMIT.exec(name);
  if (commit !== null) return { kind: "commit", version: Number(commit[1]), name };
  const compaction = COMPACTION.exec(name);
  if (compaction !== null) {
    const [firstVersion, version] = [Number(compaction[1]), Number(compaction[2])];
    return { kind: "compaction", firstVersion, version, name };
  }
  const v2 = V2_CHECKPOINT.exec(name);
  if (v2 !== null) {
    return { kind: "checkpoint", version: Number(v2[1]), name, uuid: v2[2]!, part: 1, parts: 1 };
  }
  const checkpoint = CHECKPOINT.exec(name);
  if (checkpoint === null) return undefined;
  const [, version, part = "1", parts = "1"] = checkpoint;
  return {
    kind: "checkpoint",
    version: Number(version),
    name,
    uuid: "",
    part: Number(part),
    parts: Number(parts),
  };
}

function paddedVersion(version: number): string {
  return String(version).padStart(20, "0");
}
