import { print } from "../print.ts";
import { count } from "../progress_printer.ts";

/** Prints names and values, one a line. */
export function printPairs(entries: readonly (readonly [name: string, value: unknown])[]): void {
  const shown = entries.filter(([, value]) => value !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length));
  for (const [name, value] of shown) print(`${name.padEnd(width)}  ${pairText(value)}`);
}

function pairText(value: unknown): string {
  if (typeof value === "number" || typeof value === "bigint") return count(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "object" && value !== null) return pairs(value);
  return String(value);
}

/** Names and values in one line. */
export function pairs(record: object | undefined): string {
  return Object.entries(record ?? {})
    .map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(" ");
}
