import { SluiceError } from "../../core/mod.ts";
import type { CheckedOptions } from "./source_options.ts";
import type { SourceFile, VersionFiles } from "./version_files.ts";
import { offsetOf, placeOf } from "./version_offset.ts";

/** Spark's. */
const MAX_FILES_PER_TRIGGER = 1000;

/**
 * Where a batch from one offset ends, before another: behind as many files as one may have. The
 * changes of one commit stay together, even if they alone are more.
 *
 * @throws {SluiceError} What `VersionFiles.of` throws of the first version; one behind it that
 * cannot be read ends the batch, so that all that comes before it is read.
 */
export async function planVersions(
  versions: VersionFiles,
  from: bigint,
  last: bigint,
  { maxFilesPerTrigger = MAX_FILES_PER_TRIGGER, readChangeFeed }: CheckedOptions,
): Promise<bigint> {
  versions.forgetBefore(placeOf(from).version);
  let filesLeft = maxFilesPerTrigger;
  let end = from;
  while (end < last && filesLeft > 0) {
    const { version, index } = placeOf(end);
    const all = await readable(versions, version, end > from);
    if (all === undefined) break;
    const files = all.filter(({ firstIndex, numRows }) => firstIndex + numRows > index);
    if (files.length > filesLeft) {
      const isOneChange = readChangeFeed === true && !versions.isSnapshot(version);
      if (!isOneChange) return offsetOf({ version, index: files[filesLeft]!.firstIndex });
      if (filesLeft < maxFilesPerTrigger) break;
    }
    filesLeft -= files.length;
    end = offsetOf({ version: version + 1, index: 0 });
  }
  return end;
}

/** The files of a version; `undefined` if it cannot be read, and something comes before it. */
async function readable(
  versions: VersionFiles,
  version: number,
  isBehindOthers: boolean,
): Promise<readonly SourceFile[] | undefined> {
  try {
    return await versions.plan(version);
  } catch (error) {
    if (isBehindOthers && error instanceof SluiceError && !error.retryable) return undefined;
    throw error;
  }
}
