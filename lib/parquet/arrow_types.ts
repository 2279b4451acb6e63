import { type DataType, SluiceError, type StructField } from "../core/mod.ts";
import type { ArrowField } from "./arrow_memory.ts";

const SIMPLE_TYPES: Readonly<Record<string, DataType>> = {
  b: "boolean",
  c: "byte",
  s: "short",
  i: "integer",
  l: "long",
  C: "short",
  S: "integer",
  I: "long",
  f: "float",
  g: "double",
  u: "string",
  z: "binary",
  tdD: "date",
};

/**
 * The columns that fit an Arrow schema.
 *
 * @throws {SluiceError} `UNSUPPORTED_TYPE` naming a column of a type that no core column holds.
 */
export function structFields(fields: readonly ArrowField[]): StructField[] {
  return fields.map((field) => ({
    name: field.name,
    type: dataType(field),
    nullable: field.nullable,
    sourceName: field.name,
  }));
}

/** Precision and scale of a decimal's format `d:18,8`; `undefined` if it is none of up to 128 bits. */
export function decimalOf(format: string): { precision: number; scale: number } | undefined {
  const match = /^d:(\d+),(\d+)(?:,128)?$/.exec(format);
  return match === null ? undefined : { precision: Number(match[1]), scale: Number(match[2]) };
}

function dataType(field: ArrowField): DataType {
  const { children, format } = field;
  const simple = SIMPLE_TYPES[format];
  if (simple !== undefined) return simple;
  if (format.startsWith("ts")) return format.endsWith(":") ? "timestamp_ntz" : "timestamp";
  const decimal = decimalOf(format);
  if (decimal !== undefined) return { type: "decimal", ...decimal };
  const [first] = children;
  if (format === "+s") return { type: "struct", fields: structFields(children) };
  if (format === "+l" && first !== undefined) {
    return { type: "array", elementType: dataType(first), containsNull: first.nullable };
  }
  const [key, value] = first?.children ?? [];
  if (format === "+m" && key !== undefined && value !== undefined) {
    return {
      type: "map",
      keyType: dataType(key),
      valueType: dataType(value),
      valueContainsNull: value.nullable,
    };
  }
  throw new SluiceError("UNSUPPORTED_TYPE", {
    attempted: "read a Parquet file",
    where: `column "${field.name}"`,
    found: `Arrow type ${format}`,
    wanted: "a type that a Delta table can have",
  });
}
