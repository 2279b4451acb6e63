import type { Batch } from "../../../core/mod.ts";
import { KeyIndex } from "./key_index.ts";
import type { MergeCondition } from "./merge_condition.ts";
import type { MergeScope } from "./merge_scope.ts";
import { allRows } from "../change/row_sets.ts";

/** Rows of the target and of the source that belong together; ordered by target row, then source row. */
export interface RowPairs {
  /** Rows of the target. */
  readonly target: Int32Array;
  /** Beside each the row of the source. */
  readonly source: Int32Array;
}

/** How many pairs are held against what is not an equality at a time. */
const PAIRS_AT_ONCE = 65_536;

/** The source of a merge, ready to be joined with one batch of the target after another. */
export class MergeJoin {
  readonly #source: Batch;
  readonly #condition: MergeCondition;
  readonly #scope: MergeScope;
  /** Rows of the source for which what the source alone is asked is true. */
  readonly #rows: Int32Array;
  /** Of those rows; `undefined` without keys. */
  readonly #index: KeyIndex | undefined;

  /** Indexes the source by the keys of the condition. */
  constructor(source: Batch, condition: MergeCondition, scope: MergeScope) {
    const { keys, ofSource } = condition;
    const batches = { [scope.sourceName]: source };
    this.#source = source;
    this.#condition = condition;
    this.#scope = scope;
    this.#rows = ofSource?.select(batches) ?? allRows(source.numRows);
    this.#index = keys.length === 0 ? undefined : new KeyIndex(
      keys.map(({ source: key, nullsMatch }) => {
        const column = key.evaluate(batches);
        return { column: ofSource === undefined ? column : column.take(this.#rows), nullsMatch };
      }),
    );
  }

  /** The pairs for which the condition is true; the batch has the columns that it reads. */
  pairsWith(target: Batch): RowPairs {
    const { ofTarget, ofPairs } = this.#condition;
    const targetRows = ofTarget?.select({ [this.#scope.targetName]: target }) ??
      allRows(target.numRows);
    const found = new PairBuffer();
    if (ofPairs === undefined) {
      this.#eachPair(target, targetRows, (row, sourceRow) => found.add(row, sourceRow));
      return found.pairs();
    }
    let block = new PairBuffer();
    const test = (): void => {
      const pairs = block.pairs();
      const batches = this.#scope.pairs(
        ofPairs.columns,
        target,
        pairs.target,
        this.#source,
        pairs.source,
      );
      for (const i of ofPairs.select(batches)) found.add(pairs.target[i]!, pairs.source[i]!);
      block = new PairBuffer();
    };
    this.#eachPair(target, targetRows, (row, sourceRow) => {
      block.add(row, sourceRow);
      if (block.length === PAIRS_AT_ONCE) test();
    });
    if (block.length > 0) test();
    return found.pairs();
  }

  /** Visits the pairs with equal keys. */
  #eachPair(
    target: Batch,
    targetRows: Int32Array,
    visit: (targetRow: number, sourceRow: number) => void,
  ): void {
    const rows = this.#rows;
    if (this.#index === undefined) {
      for (const targetRow of targetRows) for (const row of rows) visit(targetRow, row);
      return;
    }
    const { keys } = this.#condition;
    const batches = { [this.#scope.targetName]: target };
    const firsts = this.#index.find(keys.map((key) => key.target.evaluate(batches)));
    const { next } = this.#index;
    for (let i = 0; i < targetRows.length; i++) {
      const targetRow = targetRows[i]!;
      for (let first = firsts[targetRow]!; first >= 0; first = next[first]!) {
        visit(targetRow, rows[first]!);
      }
    }
  }
}

/** Pairs of which nobody knows how many there will be. */
class PairBuffer {
  length = 0;
  #target: Int32Array = new Int32Array(1024);
  #source: Int32Array = new Int32Array(1024);

  add(target: number, source: number): void {
    if (this.length === this.#target.length) {
      this.#target = doubled(this.#target);
      this.#source = doubled(this.#source);
    }
    this.#target[this.length] = target;
    this.#source[this.length++] = source;
  }

  pairs(): RowPairs {
    return {
      target: this.#target.subarray(0, this.length),
      source: this.#source.subarray(0, this.length),
    };
  }
}

function doubled(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
