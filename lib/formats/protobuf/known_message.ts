import type { Type } from "protobufjs";
import {
  formatTimestampMicros,
  MAX_TIMESTAMP_MICROS,
  MIN_TIMESTAMP_MICROS,
  type StructField,
} from "../../core/mod.ts";
import { Unreadable } from "../unreadable.ts";
import { messageName } from "./proto_file.ts";

const WRAPPERS = new Set(
  ["Bool", "Int32", "Int64", "UInt32", "UInt64", "Float", "Double", "String", "Bytes"]
    .map((type) => `google.protobuf.${type}Value`),
);

/** True for `google.protobuf.Timestamp`. */
export function isTimestamp(message: Type): boolean {
  return messageName(message) === "google.protobuf.Timestamp";
}

/** The type of the value in `google.protobuf.Int64Value` and its like; `undefined` for others. */
export function wrappedType(message: Type): string | undefined {
  return WRAPPERS.has(messageName(message)) ? message.fields.value?.type : undefined;
}

/** What a `Timestamp` is made of. */
export const TIMESTAMP_PARTS: readonly StructField[] = [
  { name: "seconds", sourceName: "seconds", type: "long", nullable: false },
  { name: "nanos", sourceName: "nanos", type: "integer", nullable: false },
];

/** Microseconds since 1970 of the parts of a `Timestamp`. Nothing is rounded. */
export function timestampMicros({ seconds, nanos }: Readonly<Record<string, unknown>>): bigint {
  if (typeof seconds !== "bigint" || typeof nanos !== "number") {
    throw new TypeError("these are no parts of a timestamp");
  }
  if (nanos < 0 || nanos > 999_999_999) {
    throw new Unreadable(`found ${nanos} nanoseconds, wanted 0 to 999999999`);
  }
  if (nanos % 1000 !== 0) {
    throw new Unreadable(`found ${nanos} nanoseconds, wanted whole microseconds`);
  }
  const micros = seconds * 1_000_000n + BigInt(nanos / 1000);
  if (micros >= MIN_TIMESTAMP_MICROS && micros <= MAX_TIMESTAMP_MICROS) return micros;
  const bounds = [MIN_TIMESTAMP_MICROS, MAX_TIMESTAMP_MICROS].map(formatTimestampMicros);
  throw new Unreadable(
    `overflow: found ${seconds} s since 1970, wanted ${bounds.join(" to ")}`,
  );
}
