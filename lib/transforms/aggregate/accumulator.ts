import type { Batch, Column, DataType } from "../../core/mod.ts";
import type { ByteReader, ByteWriter, StateTables } from "../../state/mod.ts";

/**
 * What is made of the values of some groups, which are numbered from 0. In one batch, `add` comes
 * first, then `merge` with what is known of these groups from before, then `save` and `appendResult`.
 */
export interface Accumulator {
  /**
   * Takes in rows of a batch, always the same one: row `rows[i]` is in group `groups[i]`; a row can be
   * in more groups than one. Called again with more of these, whose rows come later.
   */
  add(batch: Batch, groups: Int32Array, rows: Int32Array): void;
  /**
   * Takes in what was saved of a group before.
   *
   * @param key The key it was saved by: that of the group, or of a session that the group takes in.
   */
  merge(group: number, state: ByteReader, key: Uint8Array): void;
  /** Writes all that the group will be known by. */
  save(group: number, state: ByteWriter): void;
  /**
   * Appends the result for a group to a column of the aggregate's type.
   *
   * @throws {SluiceError} `BAD_VALUE` if the type cannot hold it.
   */
  appendResult(group: number, column: Column): void;
}

/** An aggregate with its types settled. */
export interface Aggregate {
  /** The type of its results. */
  readonly type: DataType;
  /** True if it may be null in a group that has rows. */
  readonly nullable: boolean;
  /** True if it may be null in a group without rows. */
  readonly nullIfEmpty: boolean;
  /** What is known of a group: `sum(price decimal(18,8))`. */
  readonly description: string;
  /** Takes up its state; tables of its own have names that begin with the given one. */
  open(state: StateTables, name: string): OpenAggregate;
}

/** An aggregate at work on its state. */
export interface OpenAggregate {
  /** Begins with groups that have these keys, in this batch. */
  accumulate(keys: readonly Uint8Array[], batchId: number): Accumulator;
  /** Removes what is kept of a group in tables of its own; absent: there are none. */
  forget?(key: Uint8Array): void;
}
