import type { Action, AddFile } from "../../protocol/actions.ts";
import type { ReadSet } from "../../transactions/conflict_rules.ts";
import { RowChanges, writeChanges } from "../change/row_changes.ts";
import { MergeCandidates } from "./merge_candidates.ts";
import { fileChange, insertRows, matchFiles, type Merge } from "./merge_files.ts";
import { MergeCounter, type MergeCounts } from "./merge_metrics.ts";

/** What a merge does to the files of a table, written and waiting for its commit. */
export interface MergeChanges {
  /** The files that come and go. */
  readonly actions: readonly Action[];
  /** What was looked at to know which. */
  readonly reads: ReadSet;
  /** What it did to rows and files. */
  readonly counts: MergeCounts;
  /** Removes the files that were written. */
  readonly discard: () => Promise<void>;
}

/**
 * Merges the rows of a source into the files of a table, without a commit.
 *
 * @throws {SluiceError} `MERGE_CARDINALITY`, `CONSTRAINT_VIOLATED`, and what reading and writing files
 * throws; no file is left then.
 */
export async function mergeChanges(
  merge: Merge,
  files: Iterable<AddFile>,
): Promise<MergeChanges> {
  const { layout, source, scope, condition } = merge;
  const candidates = new MergeCandidates(layout, source, condition, scope);
  const readsAll = merge.clauses.notMatchedBySource.length > 0;
  const read = readsAll ? [...files] : candidates.among(files);
  // All rows are matched before any file is written: what cannot be merged leaves nothing behind.
  const { decided, isMatched } = await matchFiles(merge, read);
  const counter = new MergeCounter(source.numRows);
  const changes = new RowChanges(layout, decided.length > 0);
  return await writeChanges(changes, async () => {
    for (const file of decided) {
      for (const decision of file.decisions) counter.count(decision);
      await changes.change(fileChange(merge, file));
    }
    counter.numTargetRowsInserted = await insertRows(merge, isMatched, changes);
    return {
      actions: await changes.finish(),
      reads: {
        kind: "files",
        paths: new Set(read.map(({ path }) => path)),
        wouldRead: readsAll ? () => true : candidates.wouldRead(),
      },
      counts: counter.counts(changes.counts),
      discard: () => changes.discard(),
    };
  });
}
