import type { Batch } from "./batch.ts";
import type { RecordBlock } from "./records.ts";
import type { Schema } from "./schema.ts";

/** A record that is not made into a row. */
export interface NoRow {
  /** The index of the record in its block. */
  readonly index: number;
  /** What is wrong with it; absent: nothing is, it only stands for no row, as a tombstone does. */
  readonly error?: string;
}

/** A record that a decoder or a sink cannot take, and why. */
export interface Rejection extends NoRow {
  /** Which one: the index of a record in its block, or of a row in its batch. */
  readonly index: number;
  /** What is wrong with it, for a person. */
  readonly error: string;
}

/** True for a record with which something is wrong. */
export function isRejection(record: NoRow): record is Rejection {
  return record.error !== undefined;
}

/** Turns records into rows. */
export interface Decoder<Row = Record<string, unknown>> {
  /** The rows it makes. */
  readonly schema: Schema<Row>;
  /**
   * Adds a row to `batch` for every record of the block that is good, in order, and returns the
   * others in ascending order. Every record is either a row or in that list; nothing is thrown for a
   * bad record.
   */
  decode(block: RecordBlock, batch: Batch<Row>): NoRow[] | Promise<NoRow[]>;
}
