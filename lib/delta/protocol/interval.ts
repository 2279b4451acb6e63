const UNIT_MS: Readonly<Record<string, number>> = {
  microsecond: 0.001,
  millisecond: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
};

const PART = /\s*([+-]?\d+)\s+(microsecond|millisecond|second|minute|hour|day|week)s?(?=\s|$)/gy;

/**
 * Milliseconds of an interval as Spark writes it in table properties: `interval 1 week`,
 * `interval 36 hours`, `2 days 12 hours`, in any case. `undefined` if it is something else, has
 * months or years, which are of no fixed length, or is negative.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { parseIntervalMs } from "./interval.ts";
 *
 * equal(parseIntervalMs("interval 1 day 12 hours"), 129_600_000);
 * equal(parseIntervalMs("1d"), undefined);
 * ```
 */
export function parseIntervalMs(text: string): number | undefined {
  const units = text.trim().toLowerCase().replace(/^interval(?=\s)/, "");
  let sum = 0;
  let end = 0;
  for (const [part, count, unit] of units.matchAll(PART)) {
    end += part.length;
    sum += Number(count) * UNIT_MS[unit!]!;
  }
  return end === 0 || end !== units.length || sum < 0 || !Number.isSafeInteger(Math.trunc(sum))
    ? undefined
    : Math.trunc(sum);
}
