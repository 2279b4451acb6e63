import type { Batch, Column } from "../../core/mod.ts";
import { groupRows, KeyCodec, RowCodec, type StateTables } from "../../state/mod.ts";
import type { InputColumn } from "../aggregate/input_column.ts";
import { splitLate } from "../keyed/late_rows.ts";
import type { BatchContext, OperatorRun, StatefulResult } from "../stateful_operator.ts";
import { concatColumns, type JoinShape } from "./join_shape.ts";
import { JoinSide, type JoinSidePlan } from "./join_side.ts";
import { type AloneRows, JoinState, type KeyRows } from "./join_state.ts";
import type { JoinTimes } from "./join_times.ts";
import { pairRows, type TimeBounds } from "./match_rows.ts";
import { RowPairs } from "./row_pairs.ts";

/** A symmetric hash join at work: rows of either side are paired with those of the other, and kept. */
export class StreamJoinRun implements OperatorRun {
  readonly #table;
  readonly #shape: JoinShape;
  readonly #times: JoinTimes;
  readonly #plans: { readonly left: JoinSidePlan; readonly right: JoinSidePlan };
  readonly #keys: KeyCodec;
  readonly #leftCodec: RowCodec;
  readonly #rightCodec: RowCodec;
  readonly #bounds: TimeBounds | undefined;

  /** Takes up the state. */
  constructor(
    state: StateTables,
    shape: JoinShape,
    times: JoinTimes,
    plans: { readonly left: JoinSidePlan; readonly right: JoinSidePlan },
  ) {
    this.#table = state.table("rows");
    this.#shape = shape;
    this.#times = times;
    this.#plans = plans;
    this.#keys = new KeyCodec(shape.leftKeys.map(({ type }) => type));
    this.#leftCodec = new RowCodec(plans.left.schema);
    this.#rightCodec = new RowCodec(plans.right.schema);
    this.#bounds = times.left.within === undefined ? undefined : times;
  }

  /** Pairs the rows of a batch with each other and with those that came before. */
  apply([leftBatch, rightBatch]: readonly Batch[], context: BatchContext): StatefulResult {
    const leftSplit = splitLate(leftBatch!, this.#times.left.late, context.lateMicros);
    const rightSplit = splitLate(rightBatch!, this.#times.right.late, context.lateMicros);
    const left = new JoinSide(this.#plans.left, this.#leftCodec, leftSplit.inTime);
    const right = new JoinSide(this.#plans.right, this.#rightCodec, rightSplit.inTime);
    const state = new JoinState(this.#table, left, right, context);

    const alone: AloneRows = { left: [], right: [] };
    const keys = this.#rowsByKey(left, right, alone);
    const candidates = this.#pair(keys, state, left, right);
    const pairs = this.#shape.hasCondition
      ? this.#shape.selectPairs(left.rows().batch, right.rows().batch, candidates)
      : candidates;
    state.setMatched(pairs.left, pairs.right);
    for (const rows of keys) state.store(rows, alone);
    state.removeOver(alone);

    const late = [leftSplit.late, rightSplit.late] as (Batch | undefined)[];
    return {
      batch: this.#assemble(pairs, left, right, alone),
      ...(late.every((rows) => rows === undefined) ? {} : { late }),
    };
  }

  /** The rows of both sides by their keys; those with a null in theirs match nothing, now or later. */
  #rowsByKey(left: JoinSide, right: JoinSide, alone: AloneRows): KeyRows[] {
    const columns = this.#keyColumns(left.fresh, right.fresh);
    const numLeft = left.fresh.numRows;
    const groups = groupRows(columns, numLeft + right.fresh.numRows);
    const { rows, starts } = groups.byGroup();
    const keys: KeyRows[] = [];
    for (let group = 0; group < groups.numGroups; group++) {
      const start = starts[group]!;
      const end = starts[group + 1]!;
      let middle = start;
      while (middle < end && rows[middle]! < numLeft) middle++;
      for (let i = middle; i < end; i++) rows[i]! -= numLeft;
      const leftRows = rows.subarray(start, middle);
      const rightRows = rows.subarray(middle, end);
      const first = groups.firstRows[group]!;
      if (columns.some((column) => column.isNull(first))) {
        if (left.isOuter) { for (const row of leftRows) alone.left.push(row); }
        if (right.isOuter) { for (const row of rightRows) alone.right.push(row); }
      } else {
        keys.push({ key: this.#keys.encode(columns, first), left: leftRows, right: rightRows });
      }
    }
    return keys;
  }

  #keyColumns(leftBatch: Batch, rightBatch: Batch): Column[] {
    const columnsOf = (batch: Batch, keys: readonly InputColumn[]) =>
      keys.map(({ index }) => batch.columns[index]!);
    const right = columnsOf(rightBatch, this.#shape.rightKeys);
    return columnsOf(leftBatch, this.#shape.leftKeys).map((column, i) =>
      concatColumns(column, right[i]!)
    );
  }

  /** Fresh rows of the left with all of the right, then fresh rows of the right with the left's old ones. */
  #pair(keys: readonly KeyRows[], state: JoinState, left: JoinSide, right: JoinSide): RowPairs {
    const pairs = new RowPairs();
    for (const rows of keys) {
      const oldLeft = left.numRows;
      const oldRight = right.numRows;
      state.load(rows);
      if (rows.left.length > 0) {
        const others = [...rows.right, ...range(oldRight, right.numRows)];
        pairRows(pairs, left, rows.left, right, others, this.#bounds);
      }
      if (rows.right.length > 0 && left.numRows > oldLeft) {
        pairRows(pairs, left, range(oldLeft, left.numRows), right, [...rows.right], this.#bounds);
      }
    }
    return pairs;
  }

  /** The pairs, then the rows of either side that have no partner. */
  #assemble(pairs: RowPairs, left: JoinSide, right: JoinSide, alone: AloneRows): Batch {
    const leftRows = left.rows(alone.right.length > 0);
    const rightRows = right.rows(alone.left.length > 0);
    for (const row of alone.left) pairs.push(row, rightRows.missing);
    for (const row of alone.right) pairs.push(leftRows.missing, row);
    return this.#shape.assemble(leftRows, rightRows, pairs);
  }
}

function range(start: number, end: number): number[] {
  const rows: number[] = [];
  for (let row = start; row < end; row++) rows.push(row);
  return rows;
}
