import {
  type DataType,
  type PrimitiveType,
  Schema,
  SluiceError,
  type StructField,
  type StructType,
} from "../../core/mod.ts";

/** A field as a table's schema has it: `type` is a name, or an object for nested types. */
export interface FieldJson {
  readonly name: string;
  readonly type: unknown;
  readonly nullable: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const PRIMITIVES: readonly string[] = [
  "string",
  "binary",
  "boolean",
  "byte",
  "short",
  "integer",
  "long",
  "float",
  "double",
  "date",
  "timestamp",
  "timestamp_ntz",
] satisfies PrimitiveType[];

/** The schema as a table's metadata holds it: Delta's "schema serialization format". */
export function formatSchema(schema: Schema): string {
  return JSON.stringify(typeJson(schema.type));
}

/**
 * Reads a table's schema.
 *
 * @throws {SluiceError} `CORRUPT_LOG` if it is no schema; `UNSUPPORTED_TYPE` naming a column of a
 * type that no column here holds.
 */
export function parseSchema(schemaString: string, where: string): Schema {
  return new Schema(structFields(parseFields(schemaString, where), where));
}

/** A table's columns with their metadata; those of nested structs are in their types. */
export function parseFields(schemaString: string, where: string): readonly FieldJson[] {
  let json: unknown;
  try {
    json = JSON.parse(schemaString);
  } catch {
    json = undefined;
  }
  if (!isStruct(json)) {
    throw new SluiceError("CORRUPT_LOG", {
      attempted: "read a table's schema",
      where,
      found: schemaString.slice(0, 80),
      wanted: "a struct type in JSON",
    });
  }
  return json.fields;
}

/** Every field of a schema, nested ones too, with its path: `address.street`, `items.element.id`. */
export function* allFields(
  fields: readonly FieldJson[],
  parent = "",
): Generator<{ path: string; field: FieldJson }> {
  for (const field of fields) {
    const path = parent + field.name;
    yield { path, field };
    yield* fieldsWithin(field.type, path);
  }
}

function* fieldsWithin(type: unknown, path: string): Generator<{ path: string; field: FieldJson }> {
  if (isStruct(type)) yield* allFields(type.fields, `${path}.`);
  if (typeof type !== "object" || type === null) return;
  for (
    const [key, name] of [["elementType", "element"], ["keyType", "key"], ["valueType", "value"]]
  ) {
    yield* fieldsWithin((type as Record<string, unknown>)[key!], `${path}.${name}`);
  }
}

function typeJson(type: DataType): unknown {
  if (typeof type === "string") return type;
  switch (type.type) {
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "struct":
      return structJson(type);
    case "array":
      return {
        type: "array",
        elementType: typeJson(type.elementType),
        containsNull: type.containsNull,
      };
    case "map":
      return {
        type: "map",
        keyType: typeJson(type.keyType),
        valueType: typeJson(type.valueType),
        valueContainsNull: type.valueContainsNull,
      };
  }
}

function structJson(type: StructType): unknown {
  const fields = type.fields.map(({ name, type, nullable }) => ({
    name,
    type: typeJson(type),
    nullable,
    metadata: {},
  }));
  return { type: "struct", fields };
}

function structFields(fields: readonly FieldJson[], where: string): StructField[] {
  return fields.map(({ name, type, nullable }) => ({
    name,
    type: dataType(type, name, where),
    nullable,
    sourceName: name,
  }));
}

function dataType(json: unknown, name: string, where: string): DataType {
  if (typeof json === "string") {
    if (PRIMITIVES.includes(json)) return json as PrimitiveType;
    // No column here holds a void; one whose values are all null reads the same.
    if (json === "void") return "string";
    const decimal = /^decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)$/.exec(json);
    if (decimal !== null) {
      return { type: "decimal", precision: Number(decimal[1]), scale: Number(decimal[2]) };
    }
  }
  if (isStruct(json)) return { type: "struct", fields: structFields(json.fields, where) };
  const nested = typeof json === "object" && json !== null ? json as Record<string, unknown> : {};
  if (nested.type === "array") {
    return {
      type: "array",
      elementType: dataType(nested.elementType, name, where),
      containsNull: nested.containsNull === true,
    };
  }
  if (nested.type === "map") {
    return {
      type: "map",
      keyType: dataType(nested.keyType, name, where),
      valueType: dataType(nested.valueType, name, where),
      valueContainsNull: nested.valueContainsNull === true,
    };
  }
  throw new SluiceError("UNSUPPORTED_TYPE", {
    attempted: "read a table's schema",
    where: `${where}, column "${name}"`,
    found: `type ${JSON.stringify(json)}`,
    wanted: `one of ${PRIMITIVES.join(", ")}, decimal, struct, array, map`,
  });
}

function isStruct(json: unknown): json is { fields: readonly FieldJson[] } {
  return typeof json === "object" && json !== null && "fields" in json &&
    Array.isArray(json.fields) && (json as { type?: unknown }).type === "struct";
}
