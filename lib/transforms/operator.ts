import type { Batch, Rejection, Schema } from "../core/mod.ts";

/** What an operator made of a batch. */
export interface OperatorResult<Out = Record<string, unknown>> {
  /** The rows. */
  readonly batch: Batch<Out>;
  /** For each of them, the index of the row that it was made from; ascending. */
  readonly origins: Int32Array;
  /**
   * The rows that the operator failed on, ascending, each once. Nothing was made from them; a row
   * that is in neither list was left out on purpose.
   */
  readonly rejections: readonly Rejection[];
}

/**
 * A step from rows to rows without state: what it makes of a row depends on that row only, and is
 * the same always.
 */
export interface Operator<In = Record<string, unknown>, Out = Record<string, unknown>> {
  /** The rows it makes. */
  readonly schema: Schema<Out>;
  /** Makes rows of all rows of a batch, in their order. The batch stays as it is. */
  apply(batch: Batch<In>): OperatorResult<Out>;
}

/** The indexes of all rows of a batch. */
export function allRows(batch: { readonly numRows: number }): Int32Array {
  const rows = new Int32Array(batch.numRows);
  for (let row = 0; row < rows.length; row++) rows[row] = row;
  return rows;
}
