import { type Column, NumberColumn } from "../../core/mod.ts";
import type { ByteReader, ByteWriter } from "../../state/mod.ts";
import { addExactly, doubleOfUnits, isHuge, roundExactly, unitsOf } from "./exact_sum.ts";
import { readInteger, writeInteger } from "./state_bytes.ts";

/**
 * Exact sums of floating point numbers, by group, rounded once when they are read: the same whatever
 * the order of the values, and however they were cut into batches.
 */
export class DoubleSums {
  /** How many values each group has. */
  readonly counts: Float64Array;
  /** The exact sum of the finite values that are not huge. */
  readonly #parts: number[][];
  /** The sum of the huge values, in units of 2^-1074, of the few groups that have them. */
  readonly #huge = new Map<number, bigint>();
  /** The sum of infinities and NaN; 0 where there are none. */
  readonly #special: Float64Array;

  /** Begins with that many groups. */
  constructor(numGroups: number) {
    this.counts = new Float64Array(numGroups);
    this.#parts = Array.from({ length: numGroups }, () => []);
    this.#special = new Float64Array(numGroups);
  }

  /** Adds the values of rows that are not null. */
  add(column: Column, groups: Int32Array, rows: Int32Array): void {
    if (!(column instanceof NumberColumn)) throw new RangeError("not a column of numbers");
    const { values, validity } = column;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (validity !== undefined && validity[row] === 0) continue;
      const group = groups[i]!;
      this.counts[group]!++;
      this.#addValue(group, values[row]!);
    }
  }

  /** Adds a sum that was saved. */
  merge(group: number, state: ByteReader): void {
    this.counts[group] = this.counts[group]! + state.float64();
    this.#special[group] = this.#special[group]! + state.float64();
    for (let parts = state.float64(); parts > 0; parts--) this.#addValue(group, state.float64());
    const huge = readInteger(state);
    if (huge !== 0n) this.#addHuge(group, huge);
  }

  /** Writes the sum of a group. */
  save(group: number, state: ByteWriter): void {
    const parts = this.#parts[group]!;
    state.float64(this.counts[group]!);
    state.float64(this.#special[group]!);
    state.float64(parts.length);
    for (const part of parts) state.float64(part);
    writeInteger(state, this.#huge.get(group) ?? 0n);
  }

  /** The sum of a group: NaN, infinite, or the double next to the exact sum. */
  total(group: number): number {
    const special = this.#special[group]!;
    if (special !== 0) return special;
    const parts = this.#parts[group]!;
    const huge = this.#huge.get(group);
    if (huge === undefined) return roundExactly(parts);
    return doubleOfUnits(parts.reduce((sum, part) => sum + unitsOf(part), huge));
  }

  #addValue(group: number, value: number): void {
    if (!Number.isFinite(value)) {
      this.#special[group] = this.#special[group]! + value;
    } else if (isHuge(value)) {
      this.#addHuge(group, unitsOf(value));
    } else {
      const parts = this.#parts[group]!;
      addExactly(parts, value);
      // Sums of what is not huge become so in the end.
      if (isHuge(parts[parts.length - 1] ?? 0)) this.#addHuge(group, unitsOf(parts.pop()!));
    }
  }

  #addHuge(group: number, units: bigint): void {
    this.#huge.set(group, (this.#huge.get(group) ?? 0n) + units);
  }
}
