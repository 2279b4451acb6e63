import { type Batch, type Column, createColumn, Schema } from "../../core/mod.ts";
import { type ByteReader, type ByteWriter, RowCodec } from "../../state/mod.ts";
import type { Accumulator, Aggregate } from "./accumulator.ts";
import { type CompareRows, isComparable, rowComparison } from "./compare_rows.ts";
import { type InputColumn, unfitColumn } from "./input_column.ts";
import { readBytes, writeBytes } from "./state_bytes.ts";

/** Which row of a group is picked. */
interface PickRule {
  /** The column whose value is wanted. */
  readonly value: InputColumn;
  /** The column that decides; rows in which it is null are passed over. Absent: arrival decides. */
  readonly order: InputColumn | undefined;
  /** Of the order, the least or the greatest. */
  readonly wanted: "least" | "greatest";
  /** Of rows that are alike in this, the first that came or the last. */
  readonly tie: "first" | "last";
}

const NO_ROW = -1;

/**
 * `min(column)` and `max(column)`.
 *
 * @throws {SluiceError} `BAD_PIPELINE` for a column whose values have no order.
 */
export function extremeValue(name: "min" | "max", column: InputColumn): Aggregate {
  const wanted = name === "min" ? "least" : "greatest";
  const description = `${name}(${column.description})`;
  return pickedRow(description, { value: column, order: column, wanted, tie: "first" });
}

/**
 * `first(column, orderBy)` and `last(column, orderBy)`.
 *
 * @throws {SluiceError} `BAD_PIPELINE` for an order column whose values have no order.
 */
export function endValue(
  name: "first" | "last",
  column: InputColumn,
  order: InputColumn | undefined,
): Aggregate {
  const by = order === undefined ? "" : ` by ${order.description}`;
  const wanted = name === "first" ? "least" : "greatest";
  const description = `${name}(${column.description}${by})`;
  return pickedRow(description, { value: column, order, wanted, tie: name });
}

function pickedRow(description: string, rule: PickRule): Aggregate {
  const { value, order } = rule;
  if (order !== undefined && !isComparable(order.type)) {
    throw unfitColumn("order rows", order, "a column without maps, which have no order");
  }
  return {
    type: value.type,
    nullable: value.nullable || (order?.nullable ?? false),
    nullIfEmpty: true,
    description,
    open: () => {
      const codec = new RowCodec(storedSchema(rule));
      const compare = order === undefined ? undefined : rowComparison(order.type);
      return {
        accumulate: ({ length }, batchId) => new Picks(length, rule, codec, compare, batchId),
      };
    },
  };
}

/** What is kept of a row: the value, and what it is ordered by where that is another column. */
function storedSchema({ value, order }: PickRule): Schema {
  const columns = order === undefined || order === value ? [value] : [value, order];
  return new Schema(
    columns.map(({ type }, i) => ({ name: `c${i}`, type, nullable: true, sourceName: `c${i}` })),
  );
}

/**
 * The picked row of each group: one of the batch by its index, or one that was saved, as -2 and less.
 */
class Picks implements Accumulator {
  readonly #rule: PickRule;
  readonly #codec: RowCodec;
  readonly #compare: CompareRows | undefined;
  readonly #batchId: number;
  readonly #picked: Int32Array;
  /** The columns of the stored schema, of this batch. */
  #added: readonly Column[] = [];
  /** The same, of the rows that were saved, and when each of these came. */
  readonly #saved: readonly Column[];
  readonly #savedArrivals: { readonly batchId: number; readonly row: number }[] = [];

  constructor(
    numGroups: number,
    rule: PickRule,
    codec: RowCodec,
    compare: CompareRows | undefined,
    batchId: number,
  ) {
    this.#rule = rule;
    this.#codec = codec;
    this.#compare = compare;
    this.#batchId = batchId;
    this.#picked = new Int32Array(numGroups).fill(NO_ROW);
    this.#saved = codec.schema.fields.map((field) => createColumn(field.type));
  }

  add(batch: Batch, groups: Int32Array, rows: Int32Array): void {
    const { value, order, wanted, tie } = this.#rule;
    this.#added = [batch.columns[value.index]!];
    if (order !== undefined && order !== value) {
      this.#added = [...this.#added, batch.columns[order.index]!];
    }
    const column = this.#added.at(-1)!;
    const validity = order === undefined ? undefined : column.validity;
    const compare = this.#compare;
    const picked = this.#picked;
    const sign = wanted === "least" ? 1 : -1;
    const tieWins = tie === "last";
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (validity !== undefined && validity[row] === 0) continue;
      const group = groups[i]!;
      const other = picked[group]!;
      const compared = other === NO_ROW
        ? -1
        : compare === undefined
        ? 0
        : compare(column, row, column, other) * sign;
      if (compared < 0 || (compared === 0 && tieWins)) picked[group] = row;
    }
  }

  merge(group: number, state: ByteReader): void {
    const batchId = state.float64();
    if (batchId < 0) return;
    this.#savedArrivals.push({ batchId, row: state.float64() });
    this.#codec.decode(readBytes(state), this.#saved);
    const saved = -1 - this.#savedArrivals.length;
    const other = this.#picked[group]!;
    if (other === NO_ROW || this.#isBefore(saved, other)) this.#picked[group] = saved;
  }

  save(group: number, state: ByteWriter): void {
    const picked = this.#picked[group]!;
    if (picked === NO_ROW) {
      state.float64(-1);
      return;
    }
    const { batchId, row } = this.#arrival(picked);
    state.float64(batchId);
    state.float64(row);
    writeBytes(state, this.#codec.encode(this.#columns(picked), index(picked)));
  }

  appendResult(group: number, column: Column): void {
    const picked = this.#picked[group]!;
    if (picked === NO_ROW) column.appendNull();
    else column.append(this.#columns(picked)[0]!.get(index(picked)));
  }

  /** True if the first of two rows is the one to pick. */
  #isBefore(picked: number, other: number): boolean {
    const { wanted, tie } = this.#rule;
    const left = this.#columns(picked).at(-1)!;
    const right = this.#columns(other).at(-1)!;
    const compared = this.#compare?.(left, index(picked), right, index(other)) ?? 0;
    if (compared !== 0) return wanted === "least" ? compared < 0 : compared > 0;
    const a = this.#arrival(picked);
    const b = this.#arrival(other);
    const isEarlier = a.batchId === b.batchId ? a.row < b.row : a.batchId < b.batchId;
    return isEarlier === (tie === "first");
  }

  #columns(picked: number): readonly Column[] {
    return picked >= 0 ? this.#added : this.#saved;
  }

  #arrival(picked: number): { readonly batchId: number; readonly row: number } {
    return picked >= 0
      ? { batchId: this.#batchId, row: picked }
      : this.#savedArrivals[index(picked)]!;
  }
}

/** Where a picked row is in its columns. */
function index(picked: number): number {
  return picked >= 0 ? picked : -2 - picked;
}
