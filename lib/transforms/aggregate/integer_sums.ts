import { type Column, Decimal128Column, Int64Column, NumberColumn } from "../../core/mod.ts";
import type { ByteReader, ByteWriter } from "../../state/mod.ts";
import { readInteger, writeInteger } from "./state_bytes.ts";

/** Below it a sum in a double is exact, and stays so when an integer of 32 bits is added. */
const EXACT = 2 ** 52;
const LOW = 0xffff_ffffn;

/** Exact sums of integers and of the unscaled values of decimals, by group. */
export class IntegerSums {
  /** How many values each group has. */
  readonly counts: Float64Array;
  readonly #totals: bigint[];

  /** Begins with that many groups. */
  constructor(numGroups: number) {
    this.counts = new Float64Array(numGroups);
    this.#totals = new Array<bigint>(numGroups).fill(0n);
  }

  /** Adds the values of rows that are not null. */
  add(column: Column, groups: Int32Array, rows: Int32Array): void {
    this.#count(column, groups, rows);
    if (column instanceof NumberColumn) this.#addNumbers(column, groups, rows);
    else if (column instanceof Int64Column) this.#addInt64(column, groups, rows);
    else if (column instanceof Decimal128Column) this.#addDecimal128(column, groups, rows);
    else throw new RangeError("not a column of exact numbers");
  }

  /** Adds a sum that was saved. */
  merge(group: number, state: ByteReader): void {
    this.counts[group] = this.counts[group]! + state.float64();
    this.#totals[group]! += readInteger(state);
  }

  /** Writes the sum of a group. */
  save(group: number, state: ByteWriter): void {
    state.float64(this.counts[group]!);
    writeInteger(state, this.#totals[group]!);
  }

  /** The sum of a group. */
  total(group: number): bigint {
    return this.#totals[group]!;
  }

  #count(column: Column, groups: Int32Array, rows: Int32Array): void {
    const { counts } = this;
    const { validity } = column;
    for (let i = 0; i < rows.length; i++) {
      if (validity === undefined || validity[rows[i]!] !== 0) counts[groups[i]!]!++;
    }
  }

  #addNumbers({ values, validity }: NumberColumn, groups: Int32Array, rows: Int32Array): void {
    const sums = new Float64Array(this.#totals.length);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (validity !== undefined && validity[row] === 0) continue;
      const group = groups[i]!;
      const sum = sums[group]! + values[row]!;
      sums[group] = sum;
      if (sum > EXACT || sum < -EXACT) {
        this.#totals[group]! += BigInt(sum);
        sums[group] = 0;
      }
    }
    for (let group = 0; group < sums.length; group++) {
      if (sums[group] !== 0) this.#totals[group]! += BigInt(sums[group]!);
    }
  }

  /** The halves of the integers are summed apart: no sum of 2^31 halves passes 63 bits. */
  #addInt64({ values, validity }: Int64Column, groups: Int32Array, rows: Int32Array): void {
    const low = new BigInt64Array(this.#totals.length);
    const high = new BigInt64Array(this.#totals.length);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (validity !== undefined && validity[row] === 0) continue;
      const group = groups[i]!;
      const value = values[row]!;
      low[group] = low[group]! + (value & LOW);
      high[group] = high[group]! + (value >> 32n);
    }
    for (let group = 0; group < low.length; group++) {
      this.#totals[group]! += (high[group]! << 32n) + low[group]!;
    }
  }

  /** As for 64 bits, in four parts. */
  #addDecimal128(column: Decimal128Column, groups: Int32Array, rows: Int32Array): void {
    const { values, validity } = column;
    const parts = new BigInt64Array(this.#totals.length * 4);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (validity !== undefined && validity[row] === 0) continue;
      const part = groups[i]! * 4;
      const low = values[row * 2]!;
      const high = values[row * 2 + 1]!;
      parts[part] = parts[part]! + (low & LOW);
      parts[part + 1] = parts[part + 1]! + ((low >> 32n) & LOW);
      parts[part + 2] = parts[part + 2]! + (high & LOW);
      parts[part + 3] = parts[part + 3]! + (high >> 32n);
    }
    for (let group = 0; group < this.#totals.length; group++) {
      const part = group * 4;
      this.#totals[group]! += (parts[part + 3]! << 96n) + (parts[part + 2]! << 64n) +
        (parts[part + 1]! << 32n) + parts[part]!;
    }
  }
}
