import { MAX_DATE_DAYS, MIN_DATE_DAYS } from "../../core/mod.ts";
import { floorDivide, inCalendar } from "./cast_value.ts";
import { badValue } from "../sql_error.ts";

/** One day in microseconds. */
export const MICROS_PER_DAY = 86_400_000_000n;

const MILLIS_PER_DAY = 86_400_000;

/** A unit of the calendar, whose length differs. */
export type CalendarUnit = "week" | "month" | "quarter" | "year";

/** The units a time is cut down to: a number of microseconds, or a unit of the calendar. */
export const TRUNC_UNITS: ReadonlyMap<string, bigint | CalendarUnit> = new Map<
  string,
  bigint | CalendarUnit
>([
  ["microsecond", 1n],
  ["millisecond", 1_000n],
  ["second", 1_000_000n],
  ["minute", 60_000_000n],
  ["hour", 3_600_000_000n],
  ["day", MICROS_PER_DAY],
  ["dd", MICROS_PER_DAY],
  ["week", "week"],
  ["month", "month"],
  ["mon", "month"],
  ["mm", "month"],
  ["quarter", "quarter"],
  ["year", "year"],
  ["yyyy", "year"],
  ["yy", "year"],
]);

/** The day as a date of UTC. */
export function dateOf(days: number): Date {
  return new Date(days * MILLIS_PER_DAY);
}

/** The day a point in time is in, as days since 1970-01-01, and the microseconds since it began. */
export function splitDay(micros: bigint): { days: number; rest: bigint } {
  const days = floorDivide(micros, MICROS_PER_DAY);
  return { days: Number(days), rest: micros - days * MICROS_PER_DAY };
}

/**
 * The day so many months and days later; the last of a month where there is no such day.
 *
 * @throws {SluiceError} `BAD_VALUE` before year 1 and after year 9999.
 */
export function addToDate(start: number, months: number, days: number): number {
  const date = dateOf(start);
  const month = date.getUTCFullYear() * 12 + date.getUTCMonth() + months;
  const year = Math.floor(month / 12);
  const lastDay = daysOf(year, month - year * 12 + 1, 0) - daysOf(year, month - year * 12, 0);
  const day = Math.min(date.getUTCDate(), lastDay);
  return checkedDays(daysOf(year, month - year * 12, day) + days);
}

/** The point in time so many months, days and microseconds later, the largest unit first. */
export function addToTimestamp(
  start: bigint,
  months: number,
  days: number,
  micros: bigint,
): bigint {
  const { days: day, rest } = splitDay(start);
  return inCalendar(BigInt(addToDate(day, months, days)) * MICROS_PER_DAY + rest + micros);
}

/** The beginning of the day's week (a Monday), month, quarter or year. */
export function truncateDate(days: number, unit: CalendarUnit): number {
  const date = dateOf(days);
  const month = date.getUTCMonth();
  switch (unit) {
    case "week":
      return checkedDays(days - (date.getUTCDay() + 6) % 7);
    case "month":
      return daysOf(date.getUTCFullYear(), month, 1);
    case "quarter":
      return daysOf(date.getUTCFullYear(), month - month % 3, 1);
    case "year":
      return daysOf(date.getUTCFullYear(), 0, 1);
  }
}

/** The year, from 1 to 9999. */
export function yearOf(days: number): number {
  return dateOf(days).getUTCFullYear();
}

function checkedDays(days: number): number {
  if (days >= MIN_DATE_DAYS && days <= MAX_DATE_DAYS) return days;
  throw badValue("a day outside the calendar", "a day from year 1 to 9999");
}

// Not Date.UTC, which takes the years up to 99 for those after 1900.
function daysOf(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month, day) / MILLIS_PER_DAY;
}
