import { type DataType, type Decimal, formatDateDays, formatTimestampMicros } from "../core/mod.ts";

/**
 * A value as Spark's `show` has it: `NULL`, `1.0E7`, `[DE AD]`, `{a -> 1}`,
 * `2024-02-29 23:59:59.5`. `value` is as rows hold it.
 */
export function cellText(type: DataType, value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  if (typeof type === "object") {
    switch (type.type) {
      case "decimal":
        return String(value as Decimal);
      case "struct": {
        const struct = value as Readonly<Record<string, unknown>>;
        return `{${
          type.fields.map((field) => cellText(field.type, struct[field.name])).join(", ")
        }}`;
      }
      case "array":
        return `[${
          (value as unknown[]).map((item) => cellText(type.elementType, item)).join(", ")
        }]`;
      case "map": {
        const pairs = Array.from(
          value as Map<unknown, unknown>,
          ([key, item]) => `${cellText(type.keyType, key)} -> ${cellText(type.valueType, item)}`,
        );
        return `{${pairs.join(", ")}}`;
      }
    }
  }
  switch (type) {
    case "date":
      return formatDateDays(value as number);
    case "timestamp":
    case "timestamp_ntz":
      return formatTimestampMicros(value as bigint).replace("T", " ").replace(/\.?0+$/, "");
    case "binary":
      return `[${Array.from(value as Uint8Array, hexByte).join(" ")}]`;
    case "float":
      return floatingText(shortestFloat(value as number));
    case "double":
      return floatingText(value as number);
    default:
      return String(value);
  }
}

function hexByte(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, "0");
}

/**
 * As Java writes a double: with a point always, and with an exponent below 10^-3 and from 10^7 on.
 */
function floatingText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e7) return withPoint(String(value));
  const [digits, exponent] = value.toExponential().split("e") as [string, string];
  return `${withPoint(digits)}E${exponent.replace("+", "")}`;
}

function withPoint(digits: string): string {
  return digits.includes(".") ? digits : `${digits}.0`;
}

/** The double with the fewest digits that is this float. */
function shortestFloat(float: number): number {
  if (float === 0) return float;
  for (let digits = 1; digits < 9; digits++) {
    const shorter = Number(float.toPrecision(digits));
    if (Math.fround(shorter) === float) return shorter;
  }
  return Number(float.toPrecision(9));
}
