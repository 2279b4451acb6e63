import { SluiceError } from "./errors.ts";

const MICROS_OF_UNIT: Readonly<Record<string, bigint>> = {
  us: 1n,
  microsecond: 1n,
  ms: 1_000n,
  millisecond: 1_000n,
  s: 1_000_000n,
  second: 1_000_000n,
  m: 60_000_000n,
  min: 60_000_000n,
  minute: 60_000_000n,
  h: 3_600_000_000n,
  hour: 3_600_000_000n,
  day: 86_400_000_000n,
  week: 604_800_000_000n,
};
const PART = /(-?\d+)\s*([a-z]+)\s*/gy;

/**
 * Microseconds of a length of time as people write it, one part or several: `10 minutes`,
 * `1 hour 30 minutes`, `500ms`, `-5 seconds`. A day is 24 hours; months have no length.
 *
 * @throws {SluiceError} `BAD_OPTION` if it is anything else.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { parseDuration } from "./duration.ts";
 *
 * equal(parseDuration("1 hour 30 minutes", "read a window"), 5_400_000_000n);
 * ```
 */
export function parseDuration(text: string, attempted: string): bigint {
  const trimmed = typeof text === "string" ? text.trim().toLowerCase() : "";
  let micros = 0n;
  let end = 0;
  for (const match of trimmed.matchAll(PART)) {
    const unit = match[2]!;
    const size = MICROS_OF_UNIT[unit] ?? MICROS_OF_UNIT[unit.replace(/s$/, "")];
    if (size === undefined) break;
    micros += BigInt(match[1]!) * size;
    end = match.index + match[0].length;
  }
  if (end > 0 && end === trimmed.length) return micros;
  throw new SluiceError("BAD_OPTION", {
    attempted,
    found: JSON.stringify(text) ?? String(text),
    wanted: 'a length of time such as "10 minutes", "1 hour 30 minutes" or "500ms"',
  });
}
