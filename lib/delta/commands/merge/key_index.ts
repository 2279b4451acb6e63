import {
  type BooleanColumn,
  BytesColumn,
  type Column,
  type DataType,
  Decimal128Column,
  Int64Column,
  NumberColumn,
} from "../../../core/mod.ts";

/** A column that rows are looked up by. */
export interface KeyColumn {
  /** The values. */
  readonly column: Column;
  /** True for `<=>`: null is equal to null. With `=` it is equal to nothing. */
  readonly nullsMatch: boolean;
}

const NOT_FOUND = -1;
const NULL_HASH = 0x5bd1e995;

/** True if rows can be looked up by values of this type. */
export function isKeyType(type: DataType): boolean {
  return typeof type === "string" || type.type === "decimal";
}

/**
 * Rows by their key: a hash table over the memory of the key columns, in which other rows are looked
 * up without an object or a text being made for any of them. Floating point keys are equal as in
 * Spark: NaN to NaN, -0 to 0.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "assert";
 * import { createColumn } from "../../../core/mod.ts";
 * import { KeyIndex } from "./key_index.ts";
 *
 * const ids = createColumn("long");
 * for (const id of [7n, 8n, 7n]) ids.append(id);
 * const index = new KeyIndex([{ column: ids, nullsMatch: false }]);
 *
 * const wanted = createColumn("long");
 * for (const id of [9n, 7n]) wanted.append(id);
 * deepEqual(index.find([wanted]), new Int32Array([-1, 0]));
 * equal(index.next[0], 2); // row 2 has the key of row 0
 * ```
 */
export class KeyIndex {
  /** For each row the next one with the same key, or -1. */
  readonly next: Int32Array;
  readonly #keys: readonly KeyColumn[];
  readonly #hashes: Int32Array;
  /** The first row of a key, or -1. */
  readonly #slots: Int32Array;

  /** Indexes all rows of the columns; they have the same length and are not changed later. */
  constructor(keys: readonly KeyColumn[]) {
    this.#keys = keys;
    const columns = keys.map(({ column }) => column);
    const hashes = hashRows(columns);
    const numRows = hashes.length;
    this.#hashes = hashes;
    this.next = new Int32Array(numRows).fill(NOT_FOUND);
    this.#slots = new Int32Array(tableSize(numRows)).fill(NOT_FOUND);
    const matchable = this.#matchable(columns);
    const isEqual = equality(columns, columns);
    const mask = this.#slots.length - 1;
    // From the last row to the first, so that the rows of a key are found in ascending order.
    for (let row = numRows - 1; row >= 0; row--) {
      if (!matchable(row)) continue;
      let slot = hashes[row]! & mask;
      let first = this.#slots[slot]!;
      while (first !== NOT_FOUND && !(hashes[first] === hashes[row] && isEqual(first, row))) {
        slot = slot + 1 & mask;
        first = this.#slots[slot]!;
      }
      this.next[row] = first;
      this.#slots[slot] = row;
    }
  }

  /** For each row of other columns, of the same types, the first row here with its key, or -1. */
  find(columns: readonly Column[]): Int32Array {
    const hashes = hashRows(columns);
    const found = new Int32Array(hashes.length).fill(NOT_FOUND);
    const matchable = this.#matchable(columns);
    const isEqual = equality(this.#keys.map(({ column }) => column), columns);
    const mask = this.#slots.length - 1;
    for (let row = 0; row < hashes.length; row++) {
      if (!matchable(row)) continue;
      const hash = hashes[row]!;
      let slot = hash & mask;
      let first = this.#slots[slot]!;
      while (first !== NOT_FOUND && !(this.#hashes[first] === hash && isEqual(first, row))) {
        slot = slot + 1 & mask;
        first = this.#slots[slot]!;
      }
      found[row] = first;
    }
    return found;
  }

  /** Tells the rows whose key can be equal to another. */
  #matchable(columns: readonly Column[]): (row: number) => boolean {
    const strict = columns.filter((column, i) =>
      column.validity !== undefined && !this.#keys[i]!.nullsMatch
    );
    return strict.length === 0
      ? () => true
      : (row) => strict.every((column) => !column.isNull(row));
  }
}

/** At most half full, so that a search is short. */
function tableSize(numRows: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(numRows, 8) * 2));
}

function hashRows(columns: readonly Column[]): Int32Array {
  const hashes = new Int32Array(columns[0]!.length);
  for (const column of columns) addHash(hashes, column);
  return hashes;
}

/** Mixes the values of a column into the rows' hashes. */
function addHash(hashes: Int32Array, column: Column): void {
  const hashOf = valueHash(column);
  if (column.validity === undefined) {
    for (let row = 0; row < hashes.length; row++) hashes[row] = mixed(hashes[row]!, hashOf(row));
    return;
  }
  for (let row = 0; row < hashes.length; row++) {
    hashes[row] = mixed(hashes[row]!, column.isNull(row) ? NULL_HASH : hashOf(row));
  }
}

function valueHash(column: Column): (row: number) => number {
  if (column instanceof Int64Column) {
    const { words } = column;
    return (row) => mixed(words[row * 2]!, words[row * 2 + 1]!);
  }
  if (column instanceof BytesColumn) return bytesHash(column);
  if (column instanceof Decimal128Column) {
    const words = new Int32Array(column.values.buffer, column.values.byteOffset);
    return (row) => {
      const at = row * 4;
      return mixed(mixed(words[at]!, words[at + 1]!), mixed(words[at + 2]!, words[at + 3]!));
    };
  }
  if (column instanceof NumberColumn && column.bounds === undefined) return doubleHash(column);
  const { values } = column as NumberColumn | BooleanColumn;
  return (row) => values[row]!;
}

function bytesHash({ data, offsets }: BytesColumn): (row: number) => number {
  return (row) => {
    let hash = 0x811c9dc5;
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
      hash = Math.imul(hash ^ data[i]!, 0x01000193);
    }
    return hash;
  };
}

function doubleHash({ values }: NumberColumn): (row: number) => number {
  const double = new Float64Array(1);
  const words = new Int32Array(double.buffer);
  return (row) => {
    const value = values[row]!;
    if (Number.isNaN(value)) return NULL_HASH;
    double[0] = value + 0; // makes -0 to 0
    return mixed(words[0]!, words[1]!);
  };
}

/** The end of MurmurHash3 over two numbers: each bit of both moves half of the result's. */
function mixed(a: number, b: number): number {
  let hash = Math.imul(a, 0x9e3779b1) ^ b;
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return hash ^ hash >>> 16;
}

type RowsEqual = (own: number, other: number) => boolean;

function equality(own: readonly Column[], other: readonly Column[]): RowsEqual {
  const each = own.map((column, i) => columnEquality(column, other[i]!));
  if (each.length === 1) return each[0]!;
  return (a, b) => each.every((isEqual) => isEqual(a, b));
}

function columnEquality(own: Column, other: Column): RowsEqual {
  const isEqual = valueEquality(own, other);
  if (own.validity === undefined && other.validity === undefined) return isEqual;
  return (a, b) => {
    const isNull = own.isNull(a);
    return isNull === other.isNull(b) && (isNull || isEqual(a, b));
  };
}

function valueEquality(own: Column, other: Column): RowsEqual {
  if (own instanceof Int64Column && other instanceof Int64Column) {
    const [a, b] = [own.words, other.words];
    return (i, j) => a[i * 2] === b[j * 2] && a[i * 2 + 1] === b[j * 2 + 1];
  }
  if (own instanceof BytesColumn && other instanceof BytesColumn) return bytesEqual(own, other);
  if (own instanceof Decimal128Column && other instanceof Decimal128Column) {
    const [a, b] = [own.values, other.values];
    return (i, j) => a[i * 2] === b[j * 2] && a[i * 2 + 1] === b[j * 2 + 1];
  }
  const a = (own as NumberColumn | BooleanColumn).values;
  const b = (other as NumberColumn | BooleanColumn).values;
  return (i, j) => a[i] === b[j] || (Number.isNaN(a[i]) && Number.isNaN(b[j]));
}

function bytesEqual(own: BytesColumn, other: BytesColumn): RowsEqual {
  const [a, b] = [own.data, other.data];
  return (i, j) => {
    const start = own.offsets[i]!;
    const length = own.offsets[i + 1]! - start;
    const otherStart = other.offsets[j]!;
    if (other.offsets[j + 1]! - otherStart !== length) return false;
    for (let k = 0; k < length; k++) if (a[start + k] !== b[otherStart + k]) return false;
    return true;
  };
}
