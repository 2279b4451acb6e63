import { Batch, concatBatches, type Int64Column, type Schema } from "../../core/mod.ts";
import type { RowCodec } from "../../state/mod.ts";
import { timesOf } from "../keyed/late_rows.ts";
import type { SideRows } from "./join_shape.ts";
import type { SideTimes } from "./join_times.ts";
import { NEVER } from "./join_entry.ts";

/** What is the same for all batches of one side. */
export interface JoinSidePlan {
  /** The rows of the side. */
  readonly schema: Schema;
  /** When they come late and are over. */
  readonly times: SideTimes;
  /** True if rows that match nothing come out. */
  readonly isOuter: boolean;
}

/**
 * The rows of one side of a join while a batch is run: the fresh ones of the batch, and behind them
 * those of the state as far as they were asked for. Rows are named by their index in both together.
 */
export class JoinSide {
  /** The fresh rows. */
  readonly fresh: Batch;
  /** True if rows that match nothing come out. */
  readonly isOuter: boolean;
  readonly #plan: JoinSidePlan;
  readonly #codec: RowCodec;
  readonly #stored: Batch;
  readonly #freshTimes: Int64Column | undefined;
  readonly #storedTimes: Int64Column | undefined;
  readonly #expiryTimes: Int64Column | undefined;
  readonly #isMatched: Uint8Array;

  /** Takes up the rows of a batch. */
  constructor(plan: JoinSidePlan, codec: RowCodec, fresh: Batch) {
    const { within, expiry } = plan.times;
    this.fresh = fresh;
    this.isOuter = plan.isOuter;
    this.#plan = plan;
    this.#codec = codec;
    this.#stored = new Batch(plan.schema);
    if (within !== undefined) {
      this.#freshTimes = timesOf(fresh.column(within));
      this.#storedTimes = timesOf(this.#stored.column(within));
    }
    if (expiry !== undefined) this.#expiryTimes = timesOf(fresh.column(expiry));
    this.#isMatched = new Uint8Array(fresh.numRows);
  }

  /** How many rows there are so far. */
  get numRows(): number {
    return this.fresh.numRows + this.#stored.numRows;
  }

  /** Adds a row of the state; returns its index. */
  add(row: Uint8Array): number {
    this.#codec.decode(row, this.#stored.columns);
    return this.numRows - 1;
  }

  /** The time of a row that bounds are about; `undefined` if it has none, and so matches nothing. */
  timeOf(row: number): bigint | undefined {
    const stored = row - this.fresh.numRows;
    const times = stored < 0 ? this.#freshTimes! : this.#storedTimes!;
    const index = stored < 0 ? row : stored;
    return times.isNull(index) ? undefined : times.values[index]!;
  }

  /** Notes that a fresh row has matched. */
  setMatched(row: number): void {
    this.#isMatched[row] = 1;
  }

  /** True if a fresh row has matched. */
  isMatched(row: number): boolean {
    return this.#isMatched[row] === 1;
  }

  /** When a fresh row is over, in microseconds since 1970; `undefined` if it matches nothing anyway. */
  expiryOf(row: number): bigint | undefined {
    if (this.#freshTimes !== undefined && this.#freshTimes.isNull(row)) return undefined;
    const times = this.#expiryTimes;
    return times === undefined ? NEVER : times.values[row]! + this.#plan.times.lastsMicros;
  }

  /** A fresh row in bytes. */
  encode(row: number): Uint8Array {
    return this.#codec.encode(this.fresh.columns, row);
  }

  /** All rows so far in one batch, with a row of nulls behind them if it is asked for. */
  rows(withMissing = false): SideRows {
    const parts = [this.fresh, this.#stored].filter((part) => part.numRows > 0);
    if (withMissing) parts.push(rowOfNulls(this.#plan.schema));
    const batch = parts.length === 0 ? this.fresh : concatBatches(parts);
    return { batch, missing: withMissing ? batch.numRows - 1 : -1 };
  }
}

function rowOfNulls(schema: Schema): Batch {
  const batch = new Batch(schema);
  for (const column of batch.columns) column.appendNull();
  return batch;
}
