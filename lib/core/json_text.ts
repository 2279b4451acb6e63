import type { Column } from "./column.ts";
import { BooleanColumn, NumberColumn } from "./fixed_columns.ts";
import { ListColumn, MapColumn, StructColumn } from "./nested_columns.ts";
import type { DataType } from "./schema.ts";
import { formatDateDays, formatTimestampMicros } from "./time.ts";

/**
 * A value of a column as JSON that keeps every digit: integers and decimals are numbers, what JSON
 * has no number for (`NaN`, `Infinity`) is text, binary is base64, points in time are ISO 8601.
 * A map is an object, or a list of `[key, value]` pairs where keys are structs, arrays or maps.
 */
export function jsonText(column: Column, row: number): string {
  if (column.isNull(row)) return "null";
  if (column instanceof StructColumn) {
    const fields = column.type.fields.map((field, i) =>
      `${JSON.stringify(field.name)}:${jsonText(column.children[i]!, row)}`
    );
    return `{${fields.join(",")}}`;
  }
  if (column instanceof ListColumn) {
    return `[${texts(column.offsets, row, (i) => jsonText(column.elements, i)).join(",")}]`;
  }
  if (column instanceof MapColumn) {
    return isNested(column.type.keyType)
      ? `[${
        texts(
          column.offsets,
          row,
          (i) => `[${jsonText(column.keys, i)},${jsonText(column.values, i)}]`,
        ).join(",")
      }]`
      : `{${
        texts(
          column.offsets,
          row,
          (i) => `${keyText(column.keys, i)}:${jsonText(column.values, i)}`,
        ).join(",")
      }}`;
  }
  return scalarText(column, row);
}

function scalarText(column: Column, row: number): string {
  if (column instanceof BooleanColumn) return column.values[row] === 1 ? "true" : "false";
  if (column instanceof NumberColumn) {
    const value = column.values[row]!;
    if (column.type === "date") return `"${formatDateDays(value)}"`;
    return Number.isFinite(value) ? String(value) : `"${value}"`;
  }
  const value = column.get(row);
  if (value instanceof Uint8Array) return `"${value.toBase64()}"`;
  if (typeof value === "string") return JSON.stringify(value);
  switch (column.type) {
    case "timestamp":
      return `"${formatTimestampMicros(value as bigint)}Z"`;
    case "timestamp_ntz":
      return `"${formatTimestampMicros(value as bigint)}"`;
    default:
      return String(value);
  }
}

function keyText(keys: Column, index: number): string {
  const text = scalarText(keys, index);
  return text.startsWith('"') ? text : `"${text}"`;
}

function texts(offsets: Int32Array, row: number, text: (index: number) => string): string[] {
  const list: string[] = [];
  for (let i = offsets[row]!; i < offsets[row + 1]!; i++) list.push(text(i));
  return list;
}

function isNested(type: DataType): boolean {
  return typeof type === "object" && type.type !== "decimal";
}
