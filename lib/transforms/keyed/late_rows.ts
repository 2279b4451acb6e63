import { type Batch, type Column, type Int64Column, StructColumn } from "../../core/mod.ts";

/** A batch without the rows that came too late, and these. */
export interface SplitRows<Row> {
  /** The rows that are in time: the batch itself if all are. */
  readonly inTime: Batch<Row>;
  /** Those that are not; absent if there are none. */
  readonly late?: Batch<Row>;
}

/**
 * Takes out the rows that one of these columns puts at or before the late watermark. A row without a
 * time is never late.
 */
export function splitLate<Row>(
  batch: Batch<Row>,
  columns: readonly string[],
  lateMicros: bigint,
): SplitRows<Row> {
  const isLate = new Uint8Array(batch.numRows);
  let numLate = 0;
  for (const name of columns) {
    const times = timesOf(batch.column(name));
    const { values } = times;
    for (let row = 0; row < isLate.length; row++) {
      if (values[row]! > lateMicros || isLate[row] === 1 || times.isNull(row)) continue;
      isLate[row] = 1;
      numLate++;
    }
  }
  if (numLate === 0) return { inTime: batch };
  return {
    inTime: batch.take(rowsWith(isLate, 0, isLate.length - numLate)),
    late: batch.take(rowsWith(isLate, 1, numLate)),
  };
}

/** The times of a column of timestamps; of windows those of their ends. */
export function timesOf(column: Column): Int64Column {
  if (!(column instanceof StructColumn)) return column as Int64Column;
  return column.children[column.type.fields.findIndex(({ name }) => name === "end")] as Int64Column;
}

function rowsWith(flags: Uint8Array, flag: number, count: number): Int32Array {
  const rows = new Int32Array(count);
  let next = 0;
  for (let row = 0; row < flags.length; row++) if (flags[row] === flag) rows[next++] = row;
  return rows;
}
