import type { Batch, Rejection, Schema } from "../core/mod.ts";

/** The event times that rows had, in milliseconds since 1970, rounded down. */
export interface EventTimeStats {
  /** How many rows had one, 1 or more; null is none. */
  readonly count: number;
  /** The earliest. */
  readonly minMs: number;
  /** The latest: the watermark follows it. */
  readonly maxMs: number;
  /** Their mean, not rounded; for people only. */
  readonly avgMs: number;
}

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
  /** From `withWatermark` alone: the event times it saw; absent if no row had one. */
  readonly eventTimes?: EventTimeStats;
}

/**
 * A step from rows to rows without state: what it makes of a row depends on that row only, and is
 * the same always.
 */
export interface Operator<In = Record<string, unknown>, Out = Record<string, unknown>> {
  /** The rows it makes. */
  readonly schema: Schema<Out>;
  /**
   * What a column is called behind the operator, if each row made of a row has its value there as it
   * was; `undefined` if none has. Absent: no column is passed on.
   */
  readonly passes?: (column: string) => string | undefined;
  /** Makes rows of all rows of a batch, in their order. The batch stays as it is. */
  apply(batch: Batch<In>): OperatorResult<Out>;
}

/** The indexes of all rows of a batch. */
export function allRows(batch: { readonly numRows: number }): Int32Array {
  const rows = new Int32Array(batch.numRows);
  for (let row = 0; row < rows.length; row++) rows[row] = row;
  return rows;
}

/** The event times of the rows of two batches together. */
export function mergeEventTimes(
  first: EventTimeStats | undefined,
  second: EventTimeStats | undefined,
): EventTimeStats | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  const count = first.count + second.count;
  return {
    count,
    minMs: Math.min(first.minMs, second.minMs),
    maxMs: Math.max(first.maxMs, second.maxMs),
    avgMs: first.avgMs + (second.avgMs - first.avgMs) * second.count / count,
  };
}
