const MICROS_PER_DAY = 86_400_000_000n;

/** 0001-01-01T00:00:00Z in microseconds: the first point in time that every table can hold. */
export const MIN_TIMESTAMP_MICROS: bigint = -62_135_596_800_000_000n;

/** 9999-12-31T23:59:59.999999Z in microseconds: the last point in time that every table can hold. */
export const MAX_TIMESTAMP_MICROS = 253_402_300_799_999_999n;

/** 0001-01-01 in days since 1970-01-01. */
export const MIN_DATE_DAYS: number = -719_162;

/** 9999-12-31 in days since 1970-01-01. */
export const MAX_DATE_DAYS = 2_932_896;

const DATE_TEXT = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIMESTAMP_TEXT =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|z|[+-]\d{2}(?::?\d{2})?)?$/;

/** Days since 1970-01-01 of `YYYY-MM-DD`, or `undefined` if it is no day of the calendar. */
export function parseDateDays(text: string): number | undefined {
  const match = DATE_TEXT.exec(text);
  return match === null ? undefined : daysFrom(match[1]!, match[2]!, match[3]!);
}

/** `YYYY-MM-DD` of days since 1970-01-01. */
export function formatDateDays(days: number): string {
  return new Date(days * 86_400_000).toISOString().slice(0, 10);
}

/**
 * Microseconds since 1970-01-01T00:00:00 of ISO 8601 text, or `undefined` if it is none, has a
 * fraction finer than a microsecond, or its zone is not as wanted: `"required"` for a point in
 * time, `"forbidden"` for a wall clock, `"utc"` where no zone means UTC.
 */
export function parseTimestampMicros(
  text: string,
  zone: "required" | "forbidden" | "utc",
): bigint | undefined {
  const match = TIMESTAMP_TEXT.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second = "0", fraction = "", offset] = match;
  if (zone === "required" ? offset === undefined : zone === "forbidden" && offset !== undefined) {
    return undefined;
  }
  const days = daysFrom(year!, month!, day!);
  if (days === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    return undefined;
  }
  if (!/^0*$/.test(fraction.slice(6))) return undefined;
  const offsetMinutes = offset === undefined ? 0 : zoneMinutes(offset);
  if (offsetMinutes === undefined) return undefined;
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second) - offsetMinutes * 60;
  const micros = BigInt(days) * MICROS_PER_DAY + BigInt(seconds) * 1_000_000n +
    BigInt(fraction.slice(0, 6).padEnd(6, "0"));
  return micros < MIN_TIMESTAMP_MICROS || micros > MAX_TIMESTAMP_MICROS ? undefined : micros;
}

/** `YYYY-MM-DDTHH:mm:ss.SSSSSS` of microseconds since 1970-01-01T00:00:00, without a zone. */
export function formatTimestampMicros(micros: bigint): string {
  let millis = micros / 1000n;
  let rest = micros % 1000n;
  if (rest < 0n) {
    millis -= 1n;
    rest += 1000n;
  }
  return new Date(Number(millis)).toISOString().slice(0, -1) + String(rest).padStart(3, "0");
}

function daysFrom(year: string, month: string, day: string): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) {
    return undefined;
  }
  return year === "0000" ? undefined : date.getTime() / 86_400_000;
}

function zoneMinutes(offset: string): number | undefined {
  if (offset === "Z" || offset === "z") return 0;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(3).replace(":", "") || 0);
  if (hours > 18 || minutes > 59) return undefined;
  return (offset.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}
