import {
  type DataType,
  isRecord,
  type PrimitiveType,
  Schema,
  SluiceError,
  type StructField,
  type StructType,
} from "../../core/mod.ts";

/** A struct as a table's schema has it. */
export interface StructJson {
  readonly type: "struct";
  readonly fields: readonly FieldJson[];
}

/** A list as a table's schema has it. */
export interface ArrayJson {
  readonly type: "array";
  readonly elementType: TypeJson;
  readonly containsNull: boolean;
}

/** A map as a table's schema has it. */
export interface MapJson {
  readonly type: "map";
  readonly keyType: TypeJson;
  readonly valueType: TypeJson;
  readonly valueContainsNull: boolean;
}

/** A type as a table's schema has it: a name, `long` or `decimal(18,8)`, or an object if nested. */
export type TypeJson = string | StructJson | ArrayJson | MapJson;

/** A field as a table's schema has it. What nobody here knows in its metadata is kept. */
export interface FieldJson {
  readonly name: string;
  readonly type: TypeJson;
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

/**
 * How rows hold a variant: the two parts that its bytes are in, as the Parquet specification's
 * "variant binary encoding" has them.
 */
const VARIANT: StructType = {
  type: "struct",
  fields: ["metadata", "value"].map((name) => ({
    name,
    type: "binary",
    nullable: true,
    sourceName: name,
  })),
};

/** Deeper schemas are taken for an attack on the stack. */
const MAX_DEPTH = 200;

/** The schema as a table's metadata holds it: Delta's "schema serialization format". */
export function formatSchema(schema: Schema): string {
  return formatFields(fieldsOf(schema.fields));
}

/** A table's columns as its metadata holds them. */
export function formatFields(fields: readonly FieldJson[]): string {
  return JSON.stringify({ type: "struct", fields });
}

/** Fields of a schema as a table would have them, without metadata. */
export function fieldsOf(fields: readonly StructField[]): FieldJson[] {
  return fields.map(({ name, type, nullable }) => ({
    name,
    type: typeJson(type),
    nullable,
    metadata: {},
  }));
}

/**
 * Reads a table's schema.
 *
 * @throws {SluiceError} `CORRUPT_LOG` if it is no schema; `UNSUPPORTED_TYPE` naming a column of a
 * type that no column here holds.
 */
export function parseSchema(schemaString: string, where: string): Schema {
  return schemaOf(parseFields(schemaString, where), where);
}

/** The schema that a table's columns make. */
export function schemaOf(fields: readonly FieldJson[], where: string): Schema {
  return new Schema(structFields(fields, where));
}

/** A table's columns with their metadata; those of nested structs are in their types. */
export function parseFields(schemaString: string, where: string): readonly FieldJson[] {
  let json: unknown;
  try {
    json = JSON.parse(schemaString);
  } catch {
    throw noSchema(where, schemaString);
  }
  if (!isRecord(json) || json.type !== "struct") throw noSchema(where, schemaString);
  return parseStruct(json, where, "", 0);
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

/** True if values of a type are variants, or have some in them. */
export function hasVariant(type: DataType): boolean {
  if (typeof type === "string") return false;
  switch (type.type) {
    case "decimal":
      return false;
    case "struct":
      return type === VARIANT || type.fields.some((field) => hasVariant(field.type));
    case "array":
      return hasVariant(type.elementType);
    case "map":
      return hasVariant(type.keyType) || hasVariant(type.valueType);
  }
}

/** Precision and scale if a type is a decimal; Spark has blanks in it at times. */
export function decimalOf(type: TypeJson): { precision: number; scale: number } | undefined {
  if (typeof type !== "string") return undefined;
  const match = /^decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)$/.exec(type);
  return match === null ? undefined : { precision: Number(match[1]), scale: Number(match[2]) };
}

/** A type as a table's schema has it. */
export function typeJson(type: DataType): TypeJson {
  if (typeof type === "string") return type;
  switch (type.type) {
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "struct":
      return { type: "struct", fields: fieldsOf(type.fields) };
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

function* fieldsWithin(
  type: TypeJson,
  path: string,
): Generator<{ path: string; field: FieldJson }> {
  if (typeof type === "string") return;
  switch (type.type) {
    case "struct":
      return yield* allFields(type.fields, `${path}.`);
    case "array":
      return yield* fieldsWithin(type.elementType, `${path}.element`);
    case "map":
      yield* fieldsWithin(type.keyType, `${path}.key`);
      yield* fieldsWithin(type.valueType, `${path}.value`);
  }
}

function parseStruct(
  json: Record<string, unknown>,
  where: string,
  parent: string,
  depth: number,
): FieldJson[] {
  if (!Array.isArray(json.fields)) throw badField(where, parent, "a struct without fields");
  return json.fields.map((field: unknown) => {
    if (!isRecord(field) || typeof field.name !== "string") {
      throw badField(where, parent, "a field without a name");
    }
    return {
      name: field.name,
      type: parseType(field.type, where, parent + field.name, depth + 1),
      nullable: field.nullable !== false,
      metadata: isRecord(field.metadata) ? field.metadata : {},
    };
  });
}

function parseType(json: unknown, where: string, path: string, depth: number): TypeJson {
  if (typeof json === "string") return json;
  if (depth > MAX_DEPTH) throw badField(where, path.slice(0, 80), "types nested without an end");
  if (isRecord(json)) {
    switch (json.type) {
      case "struct":
        return { type: "struct", fields: parseStruct(json, where, `${path}.`, depth) };
      case "array":
        return {
          type: "array",
          elementType: parseType(json.elementType, where, `${path}.element`, depth + 1),
          containsNull: json.containsNull !== false,
        };
      case "map":
        return {
          type: "map",
          keyType: parseType(json.keyType, where, `${path}.key`, depth + 1),
          valueType: parseType(json.valueType, where, `${path}.value`, depth + 1),
          valueContainsNull: json.valueContainsNull !== false,
        };
    }
  }
  throw badField(where, path, `type ${JSON.stringify(json)?.slice(0, 80)}`);
}

function structFields(fields: readonly FieldJson[], where: string): StructField[] {
  return fields.map(({ name, type, nullable }) => ({
    name,
    type: dataType(type, name, where),
    nullable,
    sourceName: name,
  }));
}

function dataType(type: TypeJson, name: string, where: string): DataType {
  if (typeof type !== "string") {
    switch (type.type) {
      case "struct":
        return { type: "struct", fields: structFields(type.fields, where) };
      case "array":
        return {
          type: "array",
          elementType: dataType(type.elementType, name, where),
          containsNull: type.containsNull,
        };
      case "map":
        return {
          type: "map",
          keyType: dataType(type.keyType, name, where),
          valueType: dataType(type.valueType, name, where),
          valueContainsNull: type.valueContainsNull,
        };
    }
  }
  if (PRIMITIVES.includes(type)) return type as PrimitiveType;
  // No column here holds a void; one whose values are all null reads the same.
  if (type === "void") return "string";
  if (type === "variant") return VARIANT;
  const decimal = decimalOf(type);
  if (decimal !== undefined) return { type: "decimal", ...decimal };
  throw new SluiceError("UNSUPPORTED_TYPE", {
    attempted: "read a table's schema",
    where: `${where}, column "${name}"`,
    found: `type ${JSON.stringify(type)}`,
    wanted: `one of ${PRIMITIVES.join(", ")}, decimal, struct, array, map`,
  });
}

function noSchema(where: string, schemaString: string): SluiceError {
  return new SluiceError("CORRUPT_LOG", {
    attempted: "read a table's schema",
    where,
    found: schemaString.slice(0, 80),
    wanted: "a struct type in JSON",
  });
}

function badField(where: string, path: string, found: string): SluiceError {
  return new SluiceError("CORRUPT_LOG", {
    attempted: "read a table's schema",
    where: path === "" ? where : `${where}, column "${path.replace(/\.$/, "")}"`,
    found,
    wanted: "fields with a name and a type of the protocol",
  });
}
