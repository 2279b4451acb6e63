import type { DataType, StructField } from "../../core/mod.ts";
import { quoteName } from "../table.ts";

/**
 * The column that stands for a key which no index of its own can tell apart: nulls are never equal
 * in an index, and structs cannot be in one. The server computes it from the key.
 */
export const KEY_HASH = "sluice_key";

/** True if an index on the columns themselves finds every row by its key. */
export function isPlainKey(key: readonly StructField[]): boolean {
  return key.every(({ nullable, type }) => !nullable && !isNested(type));
}

/** The columns by which the rows of a key are found: its own, or the one that stands for them. */
export function indexColumns(key: readonly StructField[]): string[] {
  return isPlainKey(key) ? key.map(({ name }) => name) : [KEY_HASH];
}

/** The definition of the column that stands for a key: a hash of the bytes of its values. */
export function keyHashDefinition(key: readonly StructField[]): string {
  const values = key.map((field) => `ifnull(hex(${valueText(field)}), '-')`);
  return `${quoteName(KEY_HASH)} binary(32) ` +
    `generated always as (unhex(sha2(concat_ws(',', ${values.join(", ")}), 256))) stored`;
}

/** The columns that a generated column is made of, from the expression that the server tells. */
export function columnsIn(expression: string): string[] {
  const names = [...expression.matchAll(/`((?:[^`]|``)+)`/g)].map((match) =>
    match[1]!.replaceAll("``", "`")
  );
  return [...new Set(names)];
}

function valueText({ name, type }: StructField): string {
  const column = quoteName(name);
  if (type === "string" || type === "binary") return column;
  // The text of a float has fewer digits than the float itself.
  return `cast(${type === "float" ? `${column} + 0e0` : column} as char character set utf8mb4)`;
}

function isNested(type: DataType): boolean {
  return typeof type === "object" && type.type !== "decimal";
}
