import { countRecords } from "../file_actions.ts";
import type { AddFile } from "../../protocol/actions.ts";

/** A file with more of its rows deleted than this is written anew without them. */
const MAX_DELETED_RATIO = 0.05;

/** What files of one partition are to become. */
export interface BinOptions {
  /** No bin has more bytes, and files that have as many stay as they are. */
  readonly targetFileBytes: number;
  /** Whether a file is as an optimize like this one left it. */
  readonly isDone: (file: AddFile) => boolean;
}

/**
 * Puts the files of one partition that are to be written anew into bins, each of which becomes one
 * file: small ones together, and those with many deleted rows. What an optimize left behind is only
 * touched along with other files, so that a second one finds nothing to do.
 */
export function fileBins(files: readonly AddFile[], options: BinOptions): AddFile[][] {
  const { targetFileBytes, isDone } = options;
  const bins: AddFile[][] = [];
  let bytes = Infinity;
  for (const file of files.filter(isSmallOrHollow).sort((a, b) => a.size - b.size)) {
    bytes += file.size;
    if (bytes > targetFileBytes) {
      bins.push([file]);
      bytes = file.size;
    } else {
      bins.at(-1)?.push(file);
    }
  }
  return bins.filter((bin) => bin.some(isHollow) || (bin.length > 1 && !bin.every(isDone)));

  function isSmallOrHollow(file: AddFile): boolean {
    return file.size < targetFileBytes || isHollow(file);
  }
}

/** True if so many rows of a file are deleted that it is worth being written anew. */
export function isHollow(file: AddFile): boolean {
  if (file.deletionVector === undefined) return false;
  const { cardinality } = file.deletionVector;
  const left = countRecords(file);
  return left === undefined || cardinality > (left + cardinality) * MAX_DELETED_RATIO;
}
