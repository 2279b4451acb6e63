import { type DataType, type StructField, typeName } from "../../core/mod.ts";

/** A column or a field in one, as it is shown. */
export type FieldLine = [name: string, type: string, nullable: string];

/** Columns and the fields in them, one a line, those in a struct indented below it. */
export function fieldLines(fields: readonly StructField[], indent = ""): FieldLine[] {
  return fields.flatMap(({ name, type, nullable }): FieldLine[] => [
    [indent + name, shortTypeName(type), nullable ? "" : "not null"],
    ...nestedLines(type, `${indent}  `),
  ]);
}

function nestedLines(type: DataType, indent: string): FieldLine[] {
  if (typeof type === "string") return [];
  switch (type.type) {
    case "struct":
      return fieldLines(type.fields, indent);
    case "array":
      return nestedLines(type.elementType, indent);
    case "map":
      return [...nestedLines(type.keyType, indent), ...nestedLines(type.valueType, indent)];
    case "decimal":
      return [];
  }
}

/** The type without the fields of structs, which have lines of their own. */
function shortTypeName(type: DataType): string {
  if (typeof type === "string") return type;
  switch (type.type) {
    case "struct":
      return "struct";
    case "array":
      return `array<${shortTypeName(type.elementType)}>`;
    case "map":
      return `map<${shortTypeName(type.keyType)},${shortTypeName(type.valueType)}>`;
    case "decimal":
      return typeName(type);
  }
}
