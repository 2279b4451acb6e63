import { badOption, parseDuration } from "../../core/mod.ts";

/** A window of activity as a group key; `sessionWindow` makes one. */
export class SessionWindowSpec<Column extends string = string, Name extends string = string> {
  /** Tells sessions from fixed windows. */
  readonly kind = "session";
  /** The column with the time of a row. */
  readonly column: Column;
  /** What the column of windows is called in the result. */
  readonly name: Name;
  /** How long a session stays open behind its last row, in microseconds. */
  readonly gapMicros: bigint;

  /** Use `sessionWindow` instead. */
  constructor(column: Column, name: Name, gapMicros: bigint) {
    this.column = column;
    this.name = name;
    this.gapMicros = gapMicros;
  }

  /** The same sessions, in a column of another name. */
  as<Other extends string>(name: Other): SessionWindowSpec<Column, Other> {
    return new SessionWindowSpec(this.column, name, this.gapMicros);
  }

  /** As in Spark: `session_window(ts, 300000000)`, in microseconds. */
  toString(): string {
    return `session_window(${this.column}, ${this.gapMicros})`;
  }
}

/**
 * Sessions, as a key to group by: each row opens a window `[time, time + gap)`, and windows with
 * equal other keys that overlap or touch are one. A row that comes in between two sessions makes them
 * one, in whatever batch they began. The column is called `session_window`, as in Spark. A row
 * without a time is in no session, and so in no result.
 *
 * @param column A timestamp, or the window column of an earlier aggregation, which is taken at its
 * last microsecond.
 * @param gapDuration As `5 minutes`; months have no length.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { sessionWindow } from "./session_window_spec.ts";
 *
 * equal(sessionWindow("click_time", "30 minutes").gapMicros, 1_800_000_000n);
 * ```
 *
 * @throws {SluiceError} `BAD_OPTION` for a gap that is no length of time above 0.
 */
export function sessionWindow<Column extends string>(
  column: Column,
  gapDuration: string,
): SessionWindowSpec<Column, "session_window"> {
  const attempted = `make session windows of column "${column}"`;
  const gapMicros = parseDuration(gapDuration, attempted);
  if (gapMicros <= 0n) throw badOption(attempted, "gapDuration", gapDuration, "more than 0");
  return new SessionWindowSpec(column, "session_window", gapMicros);
}
