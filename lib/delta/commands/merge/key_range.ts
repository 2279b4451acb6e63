import {
  BytesColumn,
  type Column,
  Decimal,
  Decimal128Column,
  Int64Column,
  NumberColumn,
} from "../../../core/mod.ts";
import type { ColumnBounds } from "../../../sql/mod.ts";

/** Bytes of a text or binary value that fit into a double exactly. */
const PREFIX_BYTES = 6;

/**
 * The values of a key column, in order, to be held against the bounds of files and row groups. They
 * are kept as doubles that have the order of the values but may be equal where those differ: what is
 * said not to be there, is not there.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { createColumn } from "../../../core/mod.ts";
 * import { KeyRange } from "./key_range.ts";
 *
 * const ids = createColumn("long");
 * for (const id of [500n, 3n]) ids.append(id);
 * const range = new KeyRange({ column: ids, nullsMatch: false });
 * equal(range.mayMeet({ min: 400n, max: 600n }), true);
 * equal(range.mayMeet({ min: 4n, max: 499n }), false);
 * ```
 */
export class KeyRange {
  readonly #column: Column;
  readonly #sorted: Float64Array;
  readonly #hasMatchingNull: boolean;

  /** Sorts the values of a column. */
  constructor({ column, nullsMatch }: { readonly column: Column; readonly nullsMatch: boolean }) {
    this.#column = column;
    this.#sorted = sortedRanks(column);
    this.#hasMatchingNull = nullsMatch && column.nullCount > 0;
  }

  /** False if none of the values is equal to any of those that have these bounds. */
  mayMeet({ min, max, nullCount, numRows }: ColumnBounds): boolean {
    if (this.#hasMatchingNull && nullCount !== 0) return true;
    if (nullCount !== undefined && nullCount === numRows) return false;
    const sorted = this.#sorted;
    // NaN is last in order, and no bound tells of it.
    if (Number.isNaN(sorted.at(-1))) return true;
    const lower = this.#rankOf(min) ?? -Infinity;
    const upper = this.#rankOf(max) ?? Infinity;
    const next = sorted[firstAtLeast(sorted, lower)];
    return next !== undefined && next <= upper;
  }

  #rankOf(bound: unknown): number | undefined {
    if (typeof bound === "string") return bytesRank(new TextEncoder().encode(bound));
    if (bound instanceof Uint8Array) return bytesRank(bound);
    if (bound instanceof Decimal) {
      const { type } = this.#column;
      const scale = typeof type === "object" && type.type === "decimal" ? type.scale : 0;
      const unscaled = bound.rescaled(scale)?.unscaled;
      return unscaled === undefined ? undefined : Number(unscaled);
    }
    return bound === undefined || bound === null || Number.isNaN(bound) ? undefined : Number(bound);
  }
}

function sortedRanks(column: Column): Float64Array {
  const rankOf = ranks(column);
  const sorted = new Float64Array(column.length - column.nullCount);
  let next = 0;
  for (let row = 0; row < column.length; row++) {
    if (!column.isNull(row)) sorted[next++] = rankOf(row);
  }
  return sorted.sort();
}

function ranks(column: Column): (row: number) => number {
  if (column instanceof Int64Column) {
    const { words } = column;
    return (row) => words[row * 2 + 1]! * 2 ** 32 + (words[row * 2]! >>> 0);
  }
  if (column instanceof BytesColumn) return (row) => bytesRank(column.bytesAt(row));
  if (column instanceof Decimal128Column) return (row) => Number(column.unscaledAt(row));
  if (column instanceof NumberColumn) return (row) => column.values[row]!;
  return (row) => Number(column.get(row));
}

function bytesRank(bytes: Uint8Array): number {
  let rank = 0;
  for (let i = 0; i < PREFIX_BYTES; i++) rank = rank * 256 + (bytes[i] ?? 0);
  return rank;
}

function firstAtLeast(sorted: Float64Array, least: number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = from + to >>> 1;
    if (sorted[middle]! < least) from = middle + 1;
    else to = middle;
  }
  return from;
}
