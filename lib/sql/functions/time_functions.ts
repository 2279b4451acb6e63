import { type Bound, call } from "../bound.ts";
import { coerce, fold } from "../coerce.ts";
import { formatDate } from "../values/date_format.ts";
import { simple, type SqlFunction, type SqlFunctions } from "./sql_function.ts";
import {
  addToDate,
  dateOf,
  MICROS_PER_DAY,
  splitDay,
  TRUNC_UNITS,
  truncateDate,
  yearOf,
} from "../values/time_math.ts";

const dayOfMonth = ofDate("day", (days) => dateOf(days).getUTCDate());
const addDays = simple(
  "date_add(date, days)",
  ["date", "integer"],
  "date",
  (date: number, days: number) => addToDate(date, 0, days),
);
const difference = simple(
  "datediff(end, start)",
  ["date", "date"],
  "integer",
  (end: number, start: number) => end - start,
);

/** Functions of dates and points in time. Times are those of UTC. */
export const timeFunctions: SqlFunctions = {
  year: ofDate("year", yearOf),
  quarter: ofDate("quarter", (days) => Math.floor(dateOf(days).getUTCMonth() / 3) + 1),
  month: ofDate("month", (days) => dateOf(days).getUTCMonth() + 1),
  day: dayOfMonth,
  dayofmonth: dayOfMonth,
  dayofweek: ofDate("dayofweek", (days) => dateOf(days).getUTCDay() + 1),
  dayofyear: ofDate("dayofyear", (days) => days - truncateDate(days, "year") + 1),
  hour: ofTime("hour", (rest) => rest / 3_600_000_000n),
  minute: ofTime("minute", (rest) => rest / 60_000_000n % 60n),
  second: ofTime("second", (rest) => rest / 1_000_000n % 60n),
  to_date: simple("to_date(text or timestamp)", ["date"], "date", (days: number) => days),
  date_add: addDays,
  dateadd: addDays,
  date_sub: simple(
    "date_sub(date, days)",
    ["date", "integer"],
    "date",
    (date: number, days: number) => addToDate(date, 0, -days),
  ),
  add_months: simple(
    "add_months(date, months)",
    ["date", "integer"],
    "date",
    (date: number, months: number) => addToDate(date, months, 0),
  ),
  datediff: difference,
  date_diff: difference,
  date_trunc: { usage: "date_trunc('unit', timestamp)", bind: bindDateTrunc },
  trunc: { usage: "trunc(date, 'unit')", bind: bindTrunc },
  date_format: { usage: "date_format(timestamp, 'pattern')", bind: bindDateFormat },
};

function ofDate(name: string, apply: (days: number) => number): SqlFunction {
  return simple(`${name}(date)`, ["date"], "integer", apply);
}

function ofTime(name: string, apply: (rest: bigint) => bigint): SqlFunction {
  return simple(
    `${name}(timestamp)`,
    ["timestamp"],
    "integer",
    (micros: bigint) => Number(apply(splitDay(micros).rest)),
  );
}

function bindDateTrunc(args: readonly Bound[]): Bound | undefined {
  const [unitArg, arg, ...more] = args;
  const unit = unitArg === undefined ? undefined : TRUNC_UNITS.get(wordOf(unitArg));
  if (unit === undefined || arg === undefined || more.length > 0) return undefined;
  const time = coerce(arg, "timestamp");
  if (time === undefined) return undefined;
  return fold(call("date_trunc", "timestamp", [time], (micros: bigint) => {
    const { days, rest } = splitDay(micros);
    if (typeof unit === "bigint") return micros - rest % unit;
    return BigInt(truncateDate(days, unit)) * MICROS_PER_DAY;
  }));
}

function bindTrunc(args: readonly Bound[]): Bound | undefined {
  const [arg, unitArg, ...more] = args;
  if (arg === undefined || unitArg === undefined || more.length > 0) return undefined;
  const unit = TRUNC_UNITS.get(wordOf(unitArg));
  const date = coerce(arg, "date");
  if (unit === undefined || typeof unit === "bigint" || date === undefined) return undefined;
  return fold(call("trunc", "date", [date], (days: number) => truncateDate(days, unit)));
}

function bindDateFormat(args: readonly Bound[]): Bound | undefined {
  const [arg, pattern, ...more] = args;
  if (arg === undefined || pattern?.kind !== "literal" || more.length > 0) return undefined;
  const time = coerce(arg, "timestamp");
  const format = typeof pattern.value === "string" ? formatDate(pattern.value) : undefined;
  if (time === undefined || format === undefined) return undefined;
  return fold(call("date_format", "string", [time], format));
}

function wordOf(bound: Bound): string {
  return bound.kind === "literal" && typeof bound.value === "string"
    ? bound.value.toLowerCase()
    : "";
}
