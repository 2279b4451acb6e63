import type { DataType, EpochUnit } from "../../core/mod.ts";
import { describeJson, type JsonValue, Mismatch } from "../json/mod.ts";

/** The unit of times that are numbers. */
export type TimeUnit = EpochUnit | "ns";

/** What a row holds for a JSON value that is not null, or why it cannot. */
export type Convert = (value: JsonValue) => unknown;

/** A value of another kind than is wanted. */
export function unfit(value: JsonValue, wanted: string): Mismatch {
  return new Mismatch(`: found ${describeJson(value)}, wanted ${wanted}`);
}

/** The same problem, seen from the value around. */
export function within(step: string, { problem, path }: Mismatch): Mismatch {
  return new Mismatch(problem, step + path);
}

/** True for integers of up to 64 bits. */
export function isInteger(type: DataType): boolean {
  return type === "byte" || type === "short" || type === "integer" || type === "long";
}
