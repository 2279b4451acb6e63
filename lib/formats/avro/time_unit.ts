import type { AvroType, LogicalType } from "./avro_type.ts";

/** What a long counts since 1970. */
export type TimeUnit = "s" | "ms" | "us" | "ns";

/** How many of a unit make a second. */
export const UNITS_PER_SECOND: Readonly<Record<TimeUnit, bigint>> = {
  s: 1n,
  ms: 1000n,
  us: 1_000_000n,
  ns: 1_000_000_000n,
};

/** The unit of the timestamps of a logical type; `undefined` for one that is no timestamp. */
export function timeUnit(logical: LogicalType | undefined): TimeUnit | undefined {
  switch (logical?.name) {
    case "timestamp-millis":
    case "local-timestamp-millis":
      return "ms";
    case "timestamp-micros":
    case "local-timestamp-micros":
      return "us";
    case "timestamp-nanos":
    case "local-timestamp-nanos":
      return "ns";
    default:
      return undefined;
  }
}

/** True for date and time of day without a zone. */
export function isLocalTime(logical: LogicalType): boolean {
  return logical.name.startsWith("local-");
}

/** The logical type of a type that has one. */
export function logicalOf(type: AvroType | undefined): LogicalType | undefined {
  return type !== undefined && "logical" in type ? type.logical : undefined;
}
