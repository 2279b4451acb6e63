import { Batch, describeValue, type Schema, SluiceError } from "../../core/mod.ts";
import {
  groupRows,
  KeyCodec,
  RowCodec,
  type StateTable,
  type StateTables,
} from "../../state/mod.ts";
import type { InputColumn } from "../aggregate/input_column.ts";
import type { OperatorRun, StatefulResult } from "../stateful_operator.ts";
import { packBytes, unpackBytes } from "./byte_list.ts";
import type { JoinShape, SideRows } from "./join_shape.ts";
import { RowPairs } from "./row_pairs.ts";

/** All entries of the copy have this time, so that they can be removed together. */
const COPY_MICROS = 0n;

/** What a join with a table needs to run. */
export interface StaticJoinPlan {
  /** The table's name. */
  readonly name: string;
  readonly shape: JoinShape;
  /** The rows of the table. */
  readonly right: Schema;
  /** True if rows that match nothing come out too. */
  readonly isOuter: boolean;
  /** The columns for whose values a row of the stream stands; empty if it stands for itself. */
  readonly keyColumns: readonly string[];
}

/**
 * Puts the rows of a table in the place of the kept ones: for each key one entry with all its rows.
 *
 * @returns How many rows were kept: those with a null in their key match nothing.
 */
export async function loadStaticRows(
  state: StateTables,
  batches: AsyncIterable<Batch>,
  schema: Schema,
  keys: readonly InputColumn[],
): Promise<number> {
  const table = copyTable(state);
  const keyCodec = new KeyCodec(keys.map(({ type }) => type));
  const rowCodec = new RowCodec(schema);
  table.removeUpTo(COPY_MICROS);
  let numRows = 0;
  for await (const batch of batches) {
    const columns = keys.map(({ index }) => batch.columns[index]!);
    const groups = groupRows(columns, batch.numRows);
    const { rows, starts } = groups.byGroup();
    for (let group = 0; group < groups.numGroups; group++) {
      const first = groups.firstRows[group]!;
      if (columns.some((column) => column.isNull(first))) continue;
      const key = keyCodec.encode(columns, first);
      const items = Array.from(
        rows.subarray(starts[group]!, starts[group + 1]!),
        (row) => rowCodec.encode(batch.columns, row),
      );
      numRows += items.length;
      // Most tables have a key once, so that there is nothing to read.
      if (table.putIfAbsent(key, packBytes(items), COPY_MICROS)) continue;
      table.put(key, packBytes([...unpackBytes(table.get(key)!), ...items]), COPY_MICROS);
    }
  }
  return numRows;
}

function copyTable(state: StateTables): StateTable {
  return state.table("rows");
}

/** The rows of the table that rows of the stream match, in the order of these. */
interface Matches {
  /** The rows of the table, each as often as it was found. */
  readonly right: Batch;
  /** Rows of the stream and of the table. */
  readonly pairs: RowPairs;
}

/** A join with the kept copy of a table at work. */
export class StaticJoinRun implements OperatorRun {
  readonly #table;
  readonly #plan: StaticJoinPlan;
  readonly #keys: KeyCodec;
  readonly #rows: RowCodec;

  /** Takes up the state. */
  constructor(state: StateTables, plan: StaticJoinPlan) {
    this.#table = copyTable(state);
    this.#plan = plan;
    this.#keys = new KeyCodec(plan.shape.leftKeys.map(({ type }) => type));
    this.#rows = new RowCodec(plan.right);
  }

  /** Joins a batch. In update mode a row that an inner join leaves out is a delete of its key. */
  apply([batch]: readonly Batch[]): StatefulResult {
    const { isOuter, keyColumns } = this.#plan;
    const left = batch!;
    const matches = this.#match(left);
    const joined = this.#join(left, matches, isOuter);
    if (keyColumns.length === 0) return { batch: joined };
    this.#refuseSeveral(left, matches.pairs);
    if (isOuter) return { batch: joined };
    const gone = left.take(rowsWithout(left.numRows, matches.pairs));
    const nothing = { right: new Batch(this.#plan.right), pairs: new RowPairs() };
    return { batch: joined, deletes: this.#join(gone, nothing, true) };
  }

  #match(left: Batch): Matches {
    const columns = this.#plan.shape.leftKeys.map(({ index }) => left.columns[index]!);
    const groups = groupRows(columns, left.numRows);
    const right = new Batch(this.#plan.right);
    const starts = new Int32Array(groups.numGroups + 1);
    for (let group = 0; group < groups.numGroups; group++) {
      const first = groups.firstRows[group]!;
      if (!columns.some((column) => column.isNull(first))) {
        this.#read(this.#keys.encode(columns, first), right);
      }
      starts[group + 1] = right.numRows;
    }
    const pairs = new RowPairs();
    for (let row = 0; row < left.numRows; row++) {
      const group = groups.groupOf[row]!;
      for (let found = starts[group]!; found < starts[group + 1]!; found++) pairs.push(row, found);
    }
    return { right, pairs: this.#plan.shape.selectPairs(left, right, pairs) };
  }

  #read(key: Uint8Array, rows: Batch): void {
    const entry = this.#table.get(key);
    if (entry === undefined) return;
    for (const row of unpackBytes(entry)) this.#rows.decode(row, rows.columns);
  }

  /** The rows of the stream with what they match; in an outer join also those that match nothing. */
  #join(left: Batch, { right, pairs }: Matches, isOuter: boolean): Batch {
    if (!isOuter) return this.#plan.shape.assemble(sideOf(left), sideOf(right), pairs);
    const missing = right.numRows;
    for (const column of right.columns) column.appendNull();
    const joined = new RowPairs();
    let next = 0;
    for (let row = 0; row < left.numRows; row++) {
      const first = next;
      while (next < pairs.length && pairs.left[next] === row) {
        joined.push(row, pairs.right[next++]!);
      }
      if (next === first) joined.push(row, missing);
    }
    return this.#plan.shape.assemble(sideOf(left), { batch: right, missing }, joined);
  }

  #refuseSeveral(left: Batch, { left: rows }: RowPairs): void {
    const twice = rows.findIndex((row, i) => row === rows[i + 1]);
    if (twice < 0) return;
    const { leftKeys } = this.#plan.shape;
    const key = leftKeys.map(({ name, index }) =>
      `${name} = ${describeValue(left.columns[index]!.get(rows[twice]!))}`
    );
    throw new SluiceError("STATIC_ROWS_ALIKE", {
      attempted: `join rows with ${this.#plan.name} in update mode`,
      where: key.join(", "),
      found: "several rows of the table that match",
      wanted: `one at most: a row stands for its ${this.#plan.keyColumns.join(", ")}`,
      hint: "make the table's keys unique, or say with where which of its rows is meant",
    });
  }
}

function sideOf(batch: Batch): SideRows {
  return { batch, missing: -1 };
}

/** The rows that are in no pair; pairs are in the order of their rows. */
function rowsWithout(numRows: number, { left }: RowPairs): Int32Array {
  const paired = new Uint8Array(numRows);
  for (const row of left) paired[row] = 1;
  return Int32Array.from(paired.keys()).filter((row) => paired[row] === 0);
}
