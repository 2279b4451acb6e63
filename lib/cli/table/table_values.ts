import {
  type DataType,
  type Decimal,
  formatDateDays,
  formatTimestampMicros,
  type StructField,
} from "../../core/mod.ts";

/**
 * A row as one line of JSON with nothing lost: 64-bit integers are numbers with all their digits,
 * decimals are text with theirs, days and times are ISO 8601, bytes are hexadecimal, and a map is a
 * list of pairs.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { Decimal, schema as s } from "../../core/mod.ts";
 * import { rowJson } from "./table_values.ts";
 *
 * const { fields } = s.struct({ id: s.long(), price: s.decimal(18, 2), day: s.date() });
 * const row = { id: 9007199254740993n, price: Decimal.parse("1.50"), day: 0 };
 * equal(rowJson(fields, row), '{"id":9007199254740993,"price":"1.50","day":"1970-01-01"}');
 * ```
 */
export function rowJson(fields: readonly StructField[], row: Record<string, unknown>): string {
  const members = fields.map(({ name, type }) =>
    `${JSON.stringify(name)}:${valueJson(type, row[name])}`
  );
  return `{${members.join(",")}}`;
}

/** A value for people: as `rowJson` has it, text without its quotes. */
export function cellText(type: DataType, value: unknown): string {
  const json = valueJson(type, value);
  if (!json.startsWith('"')) return json;
  // Only what would break the line stays escaped.
  return json.slice(1, -1).replaceAll('\\"', '"').replaceAll("\\\\", "\\");
}

/** True for types whose cells stand at the right. */
export function isNumber(type: DataType): boolean {
  if (typeof type === "object") return type.type === "decimal";
  return ["byte", "short", "integer", "long", "float", "double"].includes(type);
}

function valueJson(type: DataType, value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof type === "object") {
    switch (type.type) {
      case "decimal":
        return `"${value as Decimal}"`;
      case "struct":
        return rowJson(type.fields, value as Record<string, unknown>);
      case "array":
        return `[${(value as unknown[]).map((each) => valueJson(type.elementType, each))}]`;
      case "map": {
        const pairs = [...value as Map<unknown, unknown>].map(([key, each]) =>
          `[${valueJson(type.keyType, key)},${valueJson(type.valueType, each)}]`
        );
        return `[${pairs}]`;
      }
    }
  }
  switch (type) {
    case "binary":
      return `"${(value as Uint8Array).toHex()}"`;
    case "date":
      return `"${formatDateDays(value as number)}"`;
    case "timestamp":
      return `"${formatTimestampMicros(value as bigint)}Z"`;
    case "timestamp_ntz":
      return `"${formatTimestampMicros(value as bigint)}"`;
    case "float":
    case "double":
      return Number.isFinite(value) ? String(value) : `"${value}"`;
    case "string":
      return JSON.stringify(value);
    default:
      return String(value);
  }
}
