import {
  type DataType,
  Decimal,
  describeValue,
  formatDateDays,
  formatTimestampMicros,
  SluiceError,
  typeName,
} from "../core/mod.ts";
import { isDecimal } from "./values/sql_type.ts";

/** What `sql` can put into text. A list is for `IN`; a `Date` is a point in time. */
export type SqlValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Date
  | Decimal
  | Uint8Array
  | readonly SqlValue[];

/**
 * SQL with values put in as literals, so that no quote in a value can end it.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { sql } from "./literal.ts";
 *
 * equal(
 *   sql`id = ${9007199254740993n} AND name = ${"O'Hara"} AND side IN ${["buy", "sell"]}`,
 *   "id = 9007199254740993L AND name = 'O\\'Hara' AND side IN ('buy', 'sell')",
 * );
 * ```
 *
 * @throws {SluiceError} `BAD_VALUE` for a value that SQL has no literal for, and for an empty list.
 */
export function sql(strings: TemplateStringsArray, ...values: readonly SqlValue[]): string {
  return strings.reduce((text, part, i) => text + literalOf(values[i - 1]) + part);
}

/**
 * The SQL literal of a value as rows hold it: `formatLiteral(19723, "date")` is `DATE '2024-01-01'`.
 *
 * @throws {SluiceError} `BAD_VALUE` for values that are not of the type, and for nested types.
 */
export function formatLiteral(value: unknown, type: DataType): string {
  if (value === null || value === undefined) return "NULL";
  if (isDecimal(type) && value instanceof Decimal) return `${value}BD`;
  if (typeof value === "bigint") {
    switch (type) {
      case "long":
        return `${value}L`;
      case "timestamp":
        return `TIMESTAMP '${formatTimestampMicros(value)}Z'`;
      case "timestamp_ntz":
        return `TIMESTAMP_NTZ '${formatTimestampMicros(value)}'`;
    }
  }
  if (typeof value === "number") {
    switch (type) {
      case "byte":
        return `${value}Y`;
      case "short":
        return `${value}S`;
      case "integer":
        return String(value);
      case "date":
        return `DATE '${formatDateDays(value)}'`;
      case "float":
      case "double":
        return floatingLiteral(value, type);
    }
  }
  if (type === "boolean" && typeof value === "boolean") return value ? "TRUE" : "FALSE";
  if (type === "string" && typeof value === "string") return textLiteral(value);
  if (type === "binary" && value instanceof Uint8Array) return `X'${value.toHex()}'`;
  throw noLiteral(value, `a value of ${typeName(type)}, not nested`);
}

function literalOf(value: SqlValue | undefined): string {
  switch (typeof value) {
    case "string":
      return textLiteral(value);
    case "bigint":
      return BigInt.asIntN(64, value) === value ? `${value}L` : `${value}BD`;
    case "number":
      return Number.isInteger(value) && Math.abs(value) < 2 ** 31
        ? String(value)
        : floatingLiteral(value, "double");
    case "boolean":
      return value ? "TRUE" : "FALSE";
  }
  if (value === null) return "NULL";
  if (value instanceof Decimal) return `${value}BD`;
  if (value instanceof Uint8Array) return `X'${value.toHex()}'`;
  if (value instanceof Date && !Number.isNaN(value.getTime())) {
    return `TIMESTAMP '${value.toISOString()}'`;
  }
  if (Array.isArray(value) && value.length > 0) return `(${value.map(literalOf).join(", ")})`;
  throw noLiteral(value, "text, a number, true or false, null, a Date, a Decimal, bytes or a list");
}

function floatingLiteral(value: number, type: "float" | "double"): string {
  if (!Number.isFinite(value)) return `CAST('${value}' AS ${type})`;
  return `${Object.is(value, -0) ? "-0" : value}${type === "float" ? "F" : "D"}`;
}

// Backslashes and not doubled quotes: before version 4, Spark took 'a''b' for 'ab'.
function textLiteral(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

function noLiteral(value: unknown, wanted: string): SluiceError {
  return new SluiceError("BAD_VALUE", {
    attempted: "write a value as an SQL literal",
    found: describeValue(value),
    wanted,
  });
}
