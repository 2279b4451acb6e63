import type { Predicate } from "../../sql/mod.ts";
import { recordCount } from "../files/file_bounds.ts";
import type { TableLayout } from "../files/table_layout.ts";
import type { Action, AddFile, DeletionVector } from "../protocol/actions.ts";
import { type FileCandidate, wouldRead } from "../scan/candidate_files.ts";
import type { ReadSet } from "../transactions/conflict_rules.ts";

/** What a command looked at that read the files which can hold rows for a predicate. */
export function readsOf(
  layout: TableLayout,
  candidates: readonly FileCandidate[],
  predicate: Predicate | undefined,
): ReadSet {
  return {
    kind: "files",
    paths: new Set(candidates.map(({ file }) => file.path)),
    wouldRead: wouldRead(layout, predicate),
  };
}

/** The action that takes a file out of the table, with all that readers of the log may want of it. */
export function removeAction(file: AddFile, deletionTimestamp: number, dataChange = true): Action {
  const { modificationTime: _, clusteringProvider: __, ...rest } = file;
  return { remove: { ...rest, deletionTimestamp, dataChange, extendedFileMetadata: true } };
}

/** The file with more of its rows deleted; `numRecords` counts all of its rows. */
export function withVector(
  file: AddFile,
  deletionVector: DeletionVector,
  numRecords: number,
): AddFile {
  return {
    ...file,
    deletionVector,
    dataChange: true,
    stats: looseStats(file.stats ?? "{}", numRecords),
  };
}

/** How many rows of a file are not deleted; `undefined` if its statistics do not tell. */
export function countRecords(file: AddFile): number | undefined {
  const numRecords = recordCount(file);
  return numRecords === undefined
    ? undefined
    : numRecords - (file.deletionVector?.cardinality ?? 0);
}

/** How many bytes files have together, as far as the log tells. */
export function sizeOf(files: Iterable<{ readonly size?: number }>): number {
  let bytes = 0;
  for (const { size = 0 } of files) bytes += size;
  return bytes;
}

/** Statistics whose bounds may be wider than needed, as they are once rows are deleted. */
function looseStats(stats: string, numRecords: number): string {
  // Edited as text: parsing would round integers of 64 bits.
  const { numRecords: counted, tightBounds } = JSON.parse(stats);
  const edited = stats.replace(/"tightBounds"\s*:\s*true/, '"tightBounds":false');
  const missing = {
    ...(counted === undefined ? { numRecords } : {}),
    ...(tightBounds === undefined ? { tightBounds: false } : {}),
  };
  const members = [edited, JSON.stringify(missing)]
    .map((object) => object.trim().slice(1, -1))
    .filter((members) => members.trim() !== "");
  return `{${members.join(",")}}`;
}
