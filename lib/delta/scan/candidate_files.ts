import { judgeBounds, type Predicate } from "../../sql/mod.ts";
import { fileBounds } from "../files/file_bounds.ts";
import type { TableLayout } from "../files/table_layout.ts";
import type { AddFile } from "../protocol/actions.ts";

/** A data file that can have rows that are looked for. */
export interface FileCandidate {
  /** The file. */
  readonly file: AddFile;
  /** `all` if every one of its rows is looked for, so that none need be tested. */
  readonly match: "some" | "all";
}

/**
 * Leaves out the files that have no row for which the predicate is true, by the values of their
 * partitions and by their statistics. No file is opened.
 *
 * @throws {SluiceError} `BAD_PARTITION_VALUE` if the log has a value that its column cannot have.
 */
export function candidateFiles(
  layout: TableLayout,
  files: Iterable<AddFile>,
  predicate: Predicate | undefined,
): FileCandidate[] {
  const candidates: FileCandidate[] = [];
  for (const file of files) {
    const match = predicate === undefined
      ? "all"
      : judgeBounds(predicate, fileBounds(layout, file));
    if (match !== "none") candidates.push({ file, match });
  }
  return candidates;
}

/**
 * Tells of a file that another commit added whether an operation with this predicate would have read
 * it. As the protocol's conflict rules have it, only the values of partitions count.
 */
export function wouldRead(
  layout: TableLayout,
  predicate: Predicate | undefined,
): (file: AddFile) => boolean {
  if (predicate === undefined) return () => true;
  return (file) => {
    const boundsOf = fileBounds(layout, file);
    return judgeBounds(
      predicate,
      (path) => layout.partitionColumns.includes(path[0] ?? "") ? boundsOf(path) : undefined,
    ) !== "none";
  };
}
