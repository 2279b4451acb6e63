import { badOption, parseDuration } from "../../core/mod.ts";

/** The value of a window column in a row: `[start, end)` in microseconds since 1970. */
export interface WindowRow {
  /** The first microsecond of the window. */
  start: bigint;
  /** The first microsecond behind it. */
  end: bigint;
}

/** The columns of a row that windows can be made of: timestamps, and windows by their last microsecond. */
export type TimeColumn<Row> = {
  [Name in keyof Row & string]: unknown extends Row[Name] ? Name
    : Row[Name] extends bigint | WindowRow | null ? Name
    : never;
}[keyof Row & string];

/** A window of a fixed length as a group key; `window` makes one. */
export class WindowSpec<Column extends string = string, Name extends string = string> {
  /** Tells fixed windows from sessions. */
  readonly kind = "window";
  /** The column with the time of a row. */
  readonly column: Column;
  /** What the column of windows is called in the result. */
  readonly name: Name;
  /** How long each window is, in microseconds. */
  readonly durationMicros: bigint;
  /** How far the start of a window is from that of the next, in microseconds. */
  readonly slideMicros: bigint;
  /** How far the starts are moved from 1970-01-01T00:00:00, in microseconds. */
  readonly startMicros: bigint;

  /** Use `window` instead. */
  constructor(
    column: Column,
    name: Name,
    lengths: Pick<WindowSpec, "durationMicros" | "slideMicros" | "startMicros">,
  ) {
    this.column = column;
    this.name = name;
    this.durationMicros = lengths.durationMicros;
    this.slideMicros = lengths.slideMicros;
    this.startMicros = lengths.startMicros;
  }

  /** The same windows, in a column of another name. */
  as<Other extends string>(name: Other): WindowSpec<Column, Other> {
    return new WindowSpec(this.column, name, this);
  }

  /** As in Spark: `window(ts, 600000000, 300000000, 0)`, in microseconds. */
  toString(): string {
    const lengths = [this.durationMicros, this.slideMicros, this.startMicros];
    return `window(${this.column}, ${lengths.join(", ")})`;
  }
}

/**
 * Windows of a fixed length, as a key to group by: each row is in every window `[start, end)` that
 * its time lies in. Without `slideDuration` windows do not overlap (tumbling); with one they start
 * that far apart (sliding). They are counted from 1970-01-01T00:00:00 UTC, moved by `startTime`. As in
 * Spark a row without a time is in no window, and so in no result. Of a column of windows, each is
 * taken at its last microsecond.
 *
 * @param column A timestamp, or the window column of an earlier aggregation.
 * @param windowDuration As `10 minutes`; months have no length.
 * @param slideDuration At most `windowDuration`.
 * @param startTime Less than `slideDuration`, either way: `15 minutes` for windows that start at a
 * quarter past.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { window } from "./window_spec.ts";
 *
 * const hours = window("trade_time", "1 hour", "5 minutes").as("hour");
 * equal(hours.name, "hour");
 * equal(hours.slideMicros, 300_000_000n);
 * ```
 *
 * @throws {SluiceError} `BAD_OPTION` for a length of time that is none, or does not fit the others.
 */
export function window<Column extends string>(
  column: Column,
  windowDuration: string,
  slideDuration: string = windowDuration,
  startTime = "0 seconds",
): WindowSpec<Column, "window"> {
  const attempted = `make windows of column "${column}"`;
  const durationMicros = parseDuration(windowDuration, attempted);
  const slideMicros = parseDuration(slideDuration, attempted);
  const startMicros = parseDuration(startTime, attempted);
  if (durationMicros <= 0n) {
    throw badOption(attempted, "windowDuration", windowDuration, "more than 0");
  }
  if (slideMicros <= 0n || slideMicros > durationMicros) {
    const wanted = `more than 0, and at most the windowDuration ${windowDuration}`;
    throw badOption(attempted, "slideDuration", slideDuration, wanted);
  }
  if (startMicros >= slideMicros || -startMicros >= slideMicros) {
    const wanted = `less than the slideDuration ${slideDuration}, either way`;
    throw badOption(attempted, "startTime", startTime, wanted);
  }
  return new WindowSpec(column, "window", { durationMicros, slideMicros, startMicros });
}
