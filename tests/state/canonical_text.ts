import { Decimal } from "../../lib/core/mod.ts";

/** A value as text, the same for two values if and only if Spark puts them into one group. */
export function canonicalText(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return value === 0 ? "0" : String(value);
  if (typeof value !== "object" || value instanceof Decimal) return `${typeof value} ${value}`;
  if (value instanceof Uint8Array) return value.toHex();
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`;
  if (value instanceof Map) {
    return `{${[...value].map((pair) => canonicalText(pair)).sort().join()}}`;
  }
  return `(${Object.values(value).map(canonicalText).join()})`;
}
