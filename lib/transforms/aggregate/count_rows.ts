import type { Batch, Column } from "../../core/mod.ts";
import type { ByteReader, ByteWriter } from "../../state/mod.ts";
import type { Accumulator, Aggregate } from "./accumulator.ts";
import type { InputColumn } from "./input_column.ts";

/** `count()`: all rows of a group; or of one column, those in which it is not null. */
export function countRows(column: InputColumn | undefined): Aggregate {
  return {
    type: "long",
    nullable: false,
    nullIfEmpty: false,
    description: `count(${column?.description ?? ""})`,
    open: () => ({ accumulate: (keys) => new Counts(keys.length, column?.index) }),
  };
}

class Counts implements Accumulator {
  readonly #counts: Float64Array;
  readonly #column: number | undefined;

  constructor(numGroups: number, column: number | undefined) {
    this.#counts = new Float64Array(numGroups);
    this.#column = column;
  }

  add(batch: Batch, groups: Int32Array, rows: Int32Array): void {
    const counts = this.#counts;
    const validity = this.#column === undefined ? undefined : batch.columns[this.#column]!.validity;
    for (let i = 0; i < groups.length; i++) {
      if (validity === undefined || validity[rows[i]!] !== 0) counts[groups[i]!]!++;
    }
  }

  merge(group: number, state: ByteReader): void {
    this.#counts[group] = this.#counts[group]! + state.float64();
  }

  save(group: number, state: ByteWriter): void {
    state.float64(this.#counts[group]!);
  }

  appendResult(group: number, column: Column): void {
    column.append(BigInt(this.#counts[group]!));
  }
}
