import type { JoinSide } from "./join_side.ts";
import type { RowPairs } from "./row_pairs.ts";

/** How far the right time is behind the left one, at least and at most, in microseconds. */
export interface TimeBounds {
  /** At least. */
  readonly fromMicros: bigint;
  /** At most. */
  readonly toMicros: bigint;
}

/** From so many rows on it pays to put them in the order of time first. */
const MANY_ROWS = 16;

/** Pairs rows of equal keys: all with all, or those whose times are within bounds. */
export function pairRows(
  pairs: RowPairs,
  left: JoinSide,
  leftRows: Iterable<number>,
  right: JoinSide,
  rightRows: readonly number[],
  bounds: TimeBounds | undefined,
): void {
  if (bounds === undefined) {
    for (const row of leftRows) for (const other of rightRows) pairs.push(row, other);
    return;
  }
  // Of many rows of one key only those within the bounds are looked at.
  const isSorted = rightRows.length >= MANY_ROWS;
  const timed = timedRows(right, rightRows);
  if (isSorted) timed.sort(byTime);
  for (const row of leftRows) {
    const time = left.timeOf(row);
    if (time === undefined) continue;
    const least = time + bounds.fromMicros;
    const most = time + bounds.toMicros;
    for (let i = isSorted ? firstAtLeast(timed, least) : 0; i < timed.length; i++) {
      const other = timed[i]!;
      if (other.time >= least && other.time <= most) pairs.push(row, other.row);
      else if (isSorted) break;
    }
  }
}

interface TimedRow {
  readonly row: number;
  readonly time: bigint;
}

function timedRows(side: JoinSide, rows: readonly number[]): TimedRow[] {
  const timed: TimedRow[] = [];
  for (const row of rows) {
    const time = side.timeOf(row);
    if (time !== undefined) timed.push({ row, time });
  }
  return timed;
}

function byTime(a: TimedRow, b: TimedRow): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : a.row - b.row;
}

function firstAtLeast(timed: readonly TimedRow[], least: bigint): number {
  let low = 0;
  let high = timed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timed[middle]!.time < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
