import { formatTimestampMicros, parseDateDays, parseTimestampMicros } from "../../core/mod.ts";

const DATE = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[ T].*)?)?)?$/;
const TIMESTAMP =
  /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?\s*(Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)?)?)?)?$/i;

/** Days since 1970-01-01 of text as Spark casts it: `2024`, `2024-5`, `2024-05-07`, a timestamp's day. */
export function parseDateText(text: string): number | undefined {
  const match = DATE.exec(text.trim());
  if (match === null) return undefined;
  const [, year, month = "1", day = "1"] = match;
  return parseDateDays(`${year}-${two(month)}-${two(day)}`);
}

/**
 * Microseconds since 1970-01-01T00:00:00 of text as Spark casts it, with parts left out from the
 * right. Text without a zone is UTC; digits past the microsecond are cut off.
 */
export function parseTimestampText(text: string): bigint | undefined {
  const match = TIMESTAMP.exec(text.trim());
  if (match === null) return undefined;
  const [, year, month = "1", day = "1", hour = "0", minute = "0", second = "0"] = match;
  const fraction = (match[7] ?? "").slice(0, 6).padEnd(6, "0");
  const zone = /^(?:utc|gmt)$/i.test(match[8] ?? "") ? "Z" : padZone(match[8] ?? "Z");
  return parseTimestampMicros(
    `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${
      two(second)
    }.${fraction}${zone}`,
    "required",
  );
}

/** A timestamp in UTC as Spark casts it to text: a blank between day and time, no idle zeros. */
export function timestampText(micros: bigint): string {
  return formatTimestampMicros(micros).replace("T", " ").replace(/\.?0*$/, "");
}

function padZone(zone: string): string {
  return zone.replace(/^([+-])(\d)(?!\d)/, "$10$2");
}

function two(digits: string): string {
  return digits.padStart(2, "0");
}
