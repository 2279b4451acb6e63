import type { Batch } from "../../../core/mod.ts";
import { fileBounds } from "../../files/file_bounds.ts";
import type { TableLayout } from "../../files/table_layout.ts";
import type { AddFile } from "../../protocol/actions.ts";
import { candidateFiles, wouldRead } from "../../scan/candidate_files.ts";
import { KeyRange } from "./key_range.ts";
import type { MergeCondition } from "./merge_condition.ts";
import type { MergeScope } from "./merge_scope.ts";

/** The values that the source has for a column of the target. */
interface ColumnKeys {
  readonly path: readonly string[];
  readonly range: KeyRange;
}

/** Tells which files of the target can have rows that match the source. */
export class MergeCandidates {
  readonly #layout: TableLayout;
  readonly #source: Batch;
  readonly #condition: MergeCondition;
  readonly #keys: readonly ColumnKeys[];

  /** Sorts the keys of the source. */
  constructor(layout: TableLayout, source: Batch, condition: MergeCondition, scope: MergeScope) {
    this.#layout = layout;
    this.#source = source;
    this.#condition = condition;
    this.#keys = condition.keys.flatMap(({ targetPath, source: key, nullsMatch }) =>
      targetPath === undefined ? [] : [{
        path: targetPath,
        range: new KeyRange({ column: key.evaluate({ [scope.sourceName]: source }), nullsMatch }),
      }]
    );
  }

  /** The files that can match, by the values of their partitions and their statistics. */
  among(files: Iterable<AddFile>): AddFile[] {
    if (this.#source.numRows === 0) return [];
    return candidateFiles(this.#layout, files, this.#condition.ofTarget)
      .map(({ file }) => file)
      .filter((file) => this.#mayMatch(file, this.#keys));
  }

  /** Whether a file that another commit adds could match, by the values of its partition. */
  wouldRead(): (file: AddFile) => boolean {
    const { partitionColumns } = this.#layout;
    const keys = this.#keys.filter(({ path }) => partitionColumns.includes(path[0] ?? ""));
    const mayMeet = wouldRead(this.#layout, this.#condition.ofTarget);
    return (file) => mayMeet(file) && this.#mayMatch(file, keys);
  }

  #mayMatch(file: AddFile, keys: readonly ColumnKeys[]): boolean {
    const boundsOf = fileBounds(this.#layout, file);
    return keys.every(({ path, range }) => range.mayMeet(boundsOf(path) ?? {}));
  }
}
