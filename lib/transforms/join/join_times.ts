import {
  badOption,
  isRecord,
  parseDuration,
  refuseUnknownOptions,
  type Schema,
  typeName,
} from "../../core/mod.ts";
import { inputColumn, unfitColumn } from "../aggregate/input_column.ts";
import type { StreamRows } from "../stateful_operator.ts";
import type { JoinShape } from "./join_shape.ts";
import type { JoinType } from "./joined_row.ts";
import type { JoinWithin } from "./join_streams.ts";

/** What time says of the rows of one side of a join of two streams. */
export interface SideTimes {
  /** The columns by which rows come late. */
  readonly late: readonly string[];
  /** The column that the bounds between rows are about; `undefined`: there are none. */
  readonly within: string | undefined;
  /** The column that says when a row is over; `undefined`: no row ever is. */
  readonly expiry: string | undefined;
  /** A row is over when the watermark has reached its time and this; in microseconds. */
  readonly lastsMicros: bigint;
}

/** What time says of a join of two streams. */
export interface JoinTimes {
  /** Of the left rows. */
  readonly left: SideTimes;
  /** Of the right rows. */
  readonly right: SideTimes;
  /** How far the right time is behind the left one, at least and at most, in microseconds. */
  readonly fromMicros: bigint;
  readonly toMicros: bigint;
  /** The column of the joined rows that the watermark is about; `undefined`: there is none. */
  readonly eventTime: string | undefined;
  /** How far the watermark of that column stays behind that of the inputs, in microseconds. */
  readonly heldBackMicros: bigint;
}

/** Spark keeps rows one millisecond longer than it must (`StreamingJoinHelper`): so do we. */
const SPARE_MICROS = 1000n;

type Input = StreamRows<Record<string, unknown>>;

/**
 * Settles when rows of either side are over: by an event time among the keys, which is equal in rows
 * that match; else by bounds between two times, of which the other side's is its event time.
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`, `UNKNOWN_OPTION`; `BAD_OPTION` for bounds that are no
 * durations or leave nothing between them; `BAD_PIPELINE` for columns that are no timestamps.
 */
export function joinTimes(
  attempted: string,
  left: Input,
  right: Input,
  shape: JoinShape,
  type: JoinType,
  within: JoinWithin<Record<string, unknown>, Record<string, unknown>> | undefined,
): JoinTimes {
  const bounds = within === undefined ? undefined : boundsOf(attempted, left, right, within);
  const sides = timedKey(left, right, shape) ?? boundedSides(left, right, bounds);
  const times = {
    left: { ...sides.left, within: bounds?.left },
    right: { ...sides.right, within: bounds?.right },
    fromMicros: bounds?.fromMicros ?? 0n,
    toMicros: bounds?.toMicros ?? 0n,
  };
  return { ...times, ...outputTime(left, right, times, type, shape) };
}

type Expiry = Omit<SideTimes, "within">;

/** An event time that is a key is the event time of both sides: what is late on one can match nothing. */
function timedKey(
  left: Input,
  right: Input,
  { leftKeys, rightKeys }: JoinShape,
): { readonly left: Expiry; readonly right: Expiry } | undefined {
  const onLeft = leftKeys.findIndex(({ name }) => name === left.eventTime);
  const index = onLeft >= 0 ? onLeft : rightKeys.findIndex(({ name }) => name === right.eventTime);
  if (index < 0) return undefined;
  const side = (rows: Input, key: string): Expiry => ({
    late: [...new Set([key, ...eventTimeOf(rows)])],
    expiry: key,
    lastsMicros: 0n,
  });
  return { left: side(left, leftKeys[index]!.name), right: side(right, rightKeys[index]!.name) };
}

interface Bounds {
  readonly left: string;
  readonly right: string;
  readonly fromMicros: bigint;
  readonly toMicros: bigint;
}

/** A row is over when all rows that could match it would come late. */
function boundedSides(
  left: Input,
  right: Input,
  bounds: Bounds | undefined,
): { readonly left: Expiry; readonly right: Expiry } {
  const endsLeft = bounds !== undefined && bounds.right === right.eventTime;
  const endsRight = bounds !== undefined && bounds.left === left.eventTime;
  return {
    left: {
      late: eventTimeOf(left),
      expiry: endsLeft ? bounds.left : undefined,
      lastsMicros: (bounds?.toMicros ?? 0n) + SPARE_MICROS,
    },
    right: {
      late: eventTimeOf(right),
      expiry: endsRight ? bounds.right : undefined,
      lastsMicros: SPARE_MICROS - (bounds?.fromMicros ?? 0n),
    },
  };
}

/**
 * The event time of the joined rows is one of their own rows that are forgotten by it: of any other
 * it is not known how old it is when it comes out. It comes out late by as much as rows are kept.
 */
function outputTime(
  left: Input,
  right: Input,
  times: Pick<JoinTimes, "left" | "right">,
  type: JoinType,
  { leftKeys, rightKeys }: JoinShape,
): Pick<JoinTimes, "eventTime" | "heldBackMicros"> {
  const isShared = (name: string) =>
    leftKeys.some((key, i) => key.name === name && rightKeys[i]!.name === name);
  for (
    const [rows, side, isThere] of [
      [left, times.left, type === "inner" || type === "leftOuter"],
      [right, times.right, type === "inner" || type === "rightOuter"],
    ] as const
  ) {
    const { eventTime } = rows;
    if (eventTime === undefined || side.expiry !== eventTime) continue;
    if (!isThere && !isShared(eventTime)) continue;
    return { eventTime, heldBackMicros: side.lastsMicros > 0n ? side.lastsMicros : 0n };
  }
  return { eventTime: undefined, heldBackMicros: 0n };
}

function boundsOf(
  attempted: string,
  left: Input,
  right: Input,
  within: JoinWithin<Record<string, unknown>, Record<string, unknown>>,
): Bounds {
  if (!isRecord(within)) {
    throw badOption(attempted, "within", String(within), "{ left, right, from, to }");
  }
  refuseUnknownOptions(attempted, within, ["left", "right", "from", "to"]);
  checkTimestamp(left.schema, within.left, attempted);
  checkTimestamp(right.schema, within.right, attempted);
  const fromMicros = parseDuration(within.from, attempted);
  const toMicros = parseDuration(within.to, attempted);
  if (fromMicros > toMicros) {
    const found = `from ${within.from} to ${within.to}`;
    throw badOption(attempted, "within", found, '"from" not after "to"');
  }
  return { left: within.left, right: within.right, fromMicros, toMicros };
}

function checkTimestamp(schema: Schema, name: string, attempted: string): void {
  const column = inputColumn(schema, name, attempted);
  const { type } = column;
  if (type !== "timestamp" && type !== "timestamp_ntz") {
    throw unfitColumn(attempted, column, `a timestamp, not ${typeName(type)}`);
  }
}

function eventTimeOf({ eventTime }: Input): string[] {
  return eventTime === undefined ? [] : [eventTime];
}
