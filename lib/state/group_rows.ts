import type { Column } from "../core/mod.ts";
import { columnEquality, mix } from "./column_equality.ts";

/** The rows of a batch, sorted into groups of equal keys. */
export class RowGroups {
  /** How many groups there are. They are numbered from 0, in the order of their first rows. */
  readonly numGroups: number;
  /** The group of each row. */
  readonly groupOf: Int32Array;
  /** The first row of each group: the one to encode the group's key from. */
  readonly firstRows: Int32Array;

  /** Use `groupRows` instead. */
  constructor(groupOf: Int32Array, firstRows: Int32Array) {
    this.numGroups = firstRows.length;
    this.groupOf = groupOf;
    this.firstRows = firstRows;
  }

  /**
   * The rows group by group, in their order within each: those of group `g` are
   * `rows.subarray(starts[g], starts[g + 1])`.
   */
  byGroup(): { readonly rows: Int32Array; readonly starts: Int32Array } {
    const { groupOf, numGroups } = this;
    const starts = new Int32Array(numGroups + 1);
    for (let row = 0; row < groupOf.length; row++) starts[groupOf[row]! + 1]!++;
    for (let group = 0; group < numGroups; group++) starts[group + 1]! += starts[group]!;
    const next = starts.slice();
    const rows = new Int32Array(groupOf.length);
    for (let row = 0; row < groupOf.length; row++) rows[next[groupOf[row]!]!++] = row;
    return { rows, starts };
  }
}

/**
 * Sorts the rows of a batch into groups: two rows are in one group if the given columns of it hold
 * equal values, as `KeyCodec` sees them. Without columns all rows are one group.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "assert";
 * import { Batch, schema as s } from "../core/mod.ts";
 * import { groupRows } from "./group_rows.ts";
 *
 * const batch = new Batch(s.struct({ symbol: s.string() }));
 * for (const symbol of ["ETH", "BTC", "ETH"]) batch.append({ symbol });
 *
 * const groups = groupRows(batch.columns, batch.numRows);
 * equal(groups.numGroups, 2);
 * deepEqual(groups.groupOf, Int32Array.of(0, 1, 0));
 * deepEqual(groups.firstRows, Int32Array.of(0, 1));
 * deepEqual(groups.byGroup().rows, Int32Array.of(0, 2, 1));
 * ```
 */
export function groupRows(columns: readonly Column[], numRows: number): RowGroups {
  const equalities = columns.map(columnEquality);
  const hashes = new Int32Array(numRows);
  for (const equality of equalities) equality.mixInto(hashes);

  // Open addressing: a slot has a group's number plus one, or 0, and is at most half of all taken.
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(numRows * 2 + 2)));
  const groupOf = new Int32Array(numRows);
  const firstRows = new Int32Array(numRows);
  let numGroups = 0;
  for (let row = 0; row < numRows; row++) {
    const hash = hashes[row]!;
    let slot = mix(hash, hash >>> 16) & slots.length - 1;
    while (slots[slot] !== 0 && !isSame(firstRows[slots[slot]! - 1]!, row)) {
      slot = slot + 1 & slots.length - 1;
    }
    if (slots[slot] === 0) {
      firstRows[numGroups] = row;
      slots[slot] = ++numGroups;
    }
    groupOf[row] = slots[slot]! - 1;
  }
  return new RowGroups(groupOf, firstRows.slice(0, numGroups));

  function isSame(a: number, b: number): boolean {
    if (hashes[a] !== hashes[b]) return false;
    for (const equality of equalities) if (!equality.same(a, b)) return false;
    return true;
  }
}
