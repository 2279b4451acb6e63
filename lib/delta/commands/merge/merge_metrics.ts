import type { Decision } from "./merge_decisions.ts";
import type { ChangeCounts } from "../change/row_changes.ts";

/** What a merge did, in Spark's names. */
export interface MergeCounts {
  /** Rows of the source. */
  readonly numSourceRows: number;
  /** Rows that came. */
  readonly numTargetRowsInserted: number;
  /** Rows that were changed. */
  readonly numTargetRowsUpdated: number;
  /** Those of them that matched. */
  readonly numTargetRowsMatchedUpdated: number;
  /** Those of them that no row of the source matched. */
  readonly numTargetRowsNotMatchedBySourceUpdated: number;
  /** Rows that went. */
  readonly numTargetRowsDeleted: number;
  /** Those of them that matched. */
  readonly numTargetRowsMatchedDeleted: number;
  /** Those of them that no row of the source matched. */
  readonly numTargetRowsNotMatchedBySourceDeleted: number;
  /** Rows that only moved to another file. */
  readonly numTargetRowsCopied: number;
  /** Rows in new files. */
  readonly numOutputRows: number;
  /** New data files. */
  readonly numTargetFilesAdded: number;
  /** Data files that went. */
  readonly numTargetFilesRemoved: number;
  /** Bytes in new data files. */
  readonly numTargetBytesAdded: number;
  /** Bytes in data files that went. */
  readonly numTargetBytesRemoved: number;
  /** Files for the change data feed. */
  readonly numTargetChangeFilesAdded: number;
  /** Data files that got their first deletion vector. */
  readonly numTargetDeletionVectorsAdded: number;
  /** Data files that got a longer one. */
  readonly numTargetDeletionVectorsUpdated: number;
  /** Data files that went and had one. */
  readonly numTargetDeletionVectorsRemoved: number;
}

/** Counts the rows that a merge changes. */
export class MergeCounter {
  /** Rows that came. */
  numTargetRowsInserted = 0;
  readonly #numSourceRows: number;
  readonly #matched = { update: 0, delete: 0, insert: 0 };
  readonly #notMatchedBySource = { update: 0, delete: 0, insert: 0 };

  /** Begins for a source. */
  constructor(numSourceRows: number) {
    this.#numSourceRows = numSourceRows;
  }

  /** Counts rows of the target that a clause takes. */
  count({ clause: { action }, rows, sourceRows }: Decision): void {
    const counts = sourceRows === undefined ? this.#notMatchedBySource : this.#matched;
    counts[action] += rows.length;
  }

  /** All counts, with those of the files. */
  counts(files: ChangeCounts): MergeCounts {
    const [matched, notMatchedBySource] = [this.#matched, this.#notMatchedBySource];
    const { numTargetRowsInserted } = this;
    const numTargetRowsUpdated = matched.update + notMatchedBySource.update;
    return {
      numSourceRows: this.#numSourceRows,
      numTargetRowsInserted,
      numTargetRowsUpdated,
      numTargetRowsMatchedUpdated: matched.update,
      numTargetRowsNotMatchedBySourceUpdated: notMatchedBySource.update,
      numTargetRowsDeleted: matched.delete + notMatchedBySource.delete,
      numTargetRowsMatchedDeleted: matched.delete,
      numTargetRowsNotMatchedBySourceDeleted: notMatchedBySource.delete,
      numTargetRowsCopied: files.numCopiedRows,
      numOutputRows: numTargetRowsInserted + numTargetRowsUpdated + files.numCopiedRows,
      numTargetFilesAdded: files.numAddedFiles,
      numTargetFilesRemoved: files.numRemovedFiles,
      numTargetBytesAdded: files.numAddedBytes,
      numTargetBytesRemoved: files.numRemovedBytes,
      numTargetChangeFilesAdded: files.numAddedChangeFiles,
      numTargetDeletionVectorsAdded: files.numDeletionVectorsAdded,
      numTargetDeletionVectorsUpdated: files.numDeletionVectorsUpdated,
      numTargetDeletionVectorsRemoved: files.numDeletionVectorsRemoved,
    };
  }
}
