import {
  type Batch,
  BytesColumn,
  type Column,
  type DataType,
  Decimal128Column,
  Int64Column,
  NumberColumn,
} from "../../../core/mod.ts";

/** A double holds this many bits exactly. */
const MAX_BITS = 52;
const MAX_COLUMN_BITS = 16;

/** How many columns rows can be ordered by at once; each has fewer bits the more there are. */
export const MAX_Z_ORDER_COLUMNS = 8;

/** True for types whose values have an order that files keep statistics of. */
export function isZOrderType(type: DataType): boolean {
  return typeof type === "object"
    ? type.type === "decimal"
    : type !== "binary" && type !== "boolean";
}

/**
 * The rows of a batch along a Z-shaped curve through some of its columns, so that rows that are close
 * in any of them are close to each other. Each value counts by its rank among all, nulls first and
 * NaN last, and the bits of the ranks are taken in turns.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../../../core/mod.ts";
 * import { zOrder } from "./z_order.ts";
 *
 * const batch = new Batch(s.struct({ x: s.long(), y: s.string() }));
 * for (const y of ["a", "b"]) for (const x of [1n, 2n, 3n, 4n]) batch.append({ x, y });
 * deepEqual([...zOrder(batch, ["y", "x"])], [0, 1, 2, 3, 4, 5, 6, 7]);
 * deepEqual([...zOrder(batch, ["x", "y"])], [0, 1, 4, 5, 2, 3, 6, 7]);
 * ```
 */
export function zOrder(batch: Batch, columns: readonly string[]): Int32Array {
  const { numRows } = batch;
  const bits = Math.min(MAX_COLUMN_BITS, Math.floor(MAX_BITS / columns.length));
  const ranks = columns.map((name) => rankBits(batch.column(name), bits));
  const curve = new Float64Array(numRows);
  for (let bit = bits - 1; bit >= 0; bit--) {
    for (const rank of ranks) {
      for (let row = 0; row < numRows; row++) {
        curve[row] = curve[row]! * 2 + (rank[row]! >> bit & 1);
      }
    }
  }
  return Int32Array.from({ length: numRows }, (_, row) => row)
    .sort((a, b) => curve[a]! - curve[b]!);
}

/** The rank of every value, spread over so many bits. Equal values have equal ranks. */
function rankBits(column: Column, bits: number): Int32Array {
  const keys = sortKeys(column);
  const sorted = keys.slice().sort();
  const scale = 2 ** bits / Math.max(keys.length, 1);
  return Int32Array.from(keys, (key) => Math.floor(lowerBound(sorted, key) * scale));
}

/** Numbers in the order of the values; neighbours beyond a double's digits may be one number. */
function sortKeys(column: Column): Float64Array {
  const keys = plainKeys(column);
  for (let row = 0; row < keys.length; row++) {
    if (column.isNull(row)) keys[row] = -Infinity;
    else if (Number.isNaN(keys[row])) keys[row] = Infinity;
  }
  return keys;
}

function plainKeys(column: Column): Float64Array {
  const keys = new Float64Array(column.length);
  if (column instanceof NumberColumn) {
    keys.set(column.values.subarray(0, column.length));
  } else if (column instanceof Int64Column) {
    const { words } = column;
    for (let row = 0; row < keys.length; row++) {
      keys[row] = words[row * 2 + 1]! * 2 ** 32 + (words[row * 2]! >>> 0);
    }
  } else if (column instanceof Decimal128Column) {
    for (let row = 0; row < keys.length; row++) keys[row] = Number(column.unscaledAt(row));
  } else if (column instanceof BytesColumn) {
    const texts = Array.from(keys, (_, row) => String(column.get(row)));
    const places = new Map([...new Set(texts)].sort().map((text, place) => [text, place]));
    texts.forEach((text, row) => keys[row] = places.get(text)!);
  }
  return keys;
}

/** How many keys are less. */
function lowerBound(sorted: Float64Array, key: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = low + high >> 1;
    if (sorted[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
