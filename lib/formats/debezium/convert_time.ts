import { MAX_DATE_DAYS, MIN_DATE_DAYS } from "../../core/mod.ts";
import { convertValue, JsonNumber, type JsonValue } from "../json/mod.ts";
import type { ConnectType } from "./connect_type.ts";
import { type Convert, type TimeUnit, unfit } from "./convert.ts";

/** Days since 1970 as numbers. */
const DAYS = ["io.debezium.time.Date", "org.apache.kafka.connect.data.Date"];

/** Date and time of day, and the units of the numbers that they are since 1970. */
const TIMESTAMPS: Readonly<Record<string, TimeUnit>> = {
  "io.debezium.time.Timestamp": "ms",
  "io.debezium.time.MicroTimestamp": "us",
  "io.debezium.time.NanoTimestamp": "ns",
  "org.apache.kafka.connect.data.Timestamp": "ms",
};

/** The same as ISO 8601 text. */
const TIMESTAMP_TEXTS = ["io.debezium.time.ZonedTimestamp", "io.debezium.time.IsoTimestamp"];

/** Times of day, and how many decimals of a second their numbers have. */
const TIMES_OF_DAY: Readonly<Record<string, number>> = {
  "io.debezium.time.Time": 3,
  "io.debezium.time.MicroTime": 6,
  "io.debezium.time.NanoTime": 9,
  "org.apache.kafka.connect.data.Time": 3,
};

const MAX_INTEGER_LENGTH = 20;

/** Reads days; `undefined` if values of the source are none. */
export function dateConverter(source: ConnectType | undefined): Convert | undefined {
  const isText = isIsoText(source, ["io.debezium.time.IsoDate"]);
  const isNumber = source === undefined || DAYS.includes(source.name ?? "");
  if (!isText && !isNumber) return undefined;
  return (value) => {
    if (isNumber && value instanceof JsonNumber) return toDays(value);
    if (!isText || typeof value !== "string") return unfit(value, "date");
    // Debezium's have a zone, which a day has not.
    return convertValue(value.replace(/Z$/, ""), "date");
  };
}

function toDays(value: JsonNumber): unknown {
  const days = /^-?\d{1,7}$/.test(value.text) ? Number(value.text) : NaN;
  return days >= MIN_DATE_DAYS && days <= MAX_DATE_DAYS
    ? days
    : unfit(value, "date (days since 1970, in the years 1 to 9999)");
}

/**
 * Reads points in time and wall clocks; `undefined` if values of the source are none. The unit is for
 * numbers of which no schema says what they are; without one they are refused.
 */
export function timestampConverter(
  source: ConnectType | undefined,
  wanted: "timestamp" | "timestamp_ntz",
  declaredUnit: TimeUnit | undefined,
): Convert | undefined {
  const unit = epochUnitOf(source, declaredUnit);
  const isText = isTimestampText(source);
  if (unit === undefined && !isText) return undefined;
  return (value) => {
    if (value instanceof JsonNumber && unit !== undefined) return toTimestamp(value, wanted, unit);
    if (!isText || typeof value !== "string") return unfit(value, wanted);
    // A wall clock has no zone; what is told in UTC is what the clock there shows.
    return convertValue(wanted === "timestamp_ntz" ? value.replace(/Z$/, "") : value, wanted);
  };
}

/** True if values of a source are times in ISO 8601 text. */
export function isTimestampText(source: ConnectType | undefined): boolean {
  return isIsoText(source, TIMESTAMP_TEXTS);
}

/** True for text of these names, and for text of none, which a transform may have made of a time. */
function isIsoText(source: ConnectType | undefined, names: readonly string[]): boolean {
  if (source === undefined) return true;
  return source.name === undefined ? source.type === "string" : names.includes(source.name);
}

/** The unit of the numbers of a source; `undefined` if its values are no times in numbers. */
export function epochUnitOf(
  source: ConnectType | undefined,
  declaredUnit: TimeUnit | undefined,
): TimeUnit | undefined {
  if (source === undefined) return declaredUnit;
  if (source.name !== undefined) return TIMESTAMPS[source.name];
  return source.type === "int64" ? declaredUnit : undefined;
}

function toTimestamp(
  value: JsonNumber,
  wanted: "timestamp" | "timestamp_ntz",
  unit: TimeUnit,
): unknown {
  if (unit !== "ns") return convertValue(value, wanted, unit);
  if (!/^-?\d+$/.test(value.text) || value.text.length > MAX_INTEGER_LENGTH) {
    return unfit(value, `${wanted} (an integer of ns since 1970)`);
  }
  const nanos = BigInt(value.text);
  if (nanos % 1000n !== 0n) return unfit(value, `${wanted} (whole microseconds)`);
  return convertValue(new JsonNumber(String(nanos / 1000n)), wanted, "us");
}

/**
 * Writes times of day, and lengths of time, as text: `-838:59:59.000000`; `undefined` if values of the
 * source are none that are numbers.
 */
export function timeTextConverter(source: ConnectType | undefined): Convert | undefined {
  const decimals = TIMES_OF_DAY[source?.name ?? ""];
  if (decimals === undefined) return undefined;
  return (value: JsonValue) => {
    const isNumber = value instanceof JsonNumber && /^-?\d{1,19}$/.test(value.text);
    return isNumber ? timeText(BigInt(value.text), decimals) : unfit(value, "string");
  };
}

function timeText(time: bigint, decimals: number): string {
  const perSecond = 10n ** BigInt(decimals);
  const length = time < 0n ? -time : time;
  const seconds = length / perSecond;
  const two = (part: bigint) => String(part).padStart(2, "0");
  const clock = [seconds / 3600n, seconds / 60n % 60n, seconds % 60n].map(two).join(":");
  const fraction = String(length % perSecond).padStart(decimals, "0");
  return `${time < 0n ? "-" : ""}${clock}.${fraction}`;
}
