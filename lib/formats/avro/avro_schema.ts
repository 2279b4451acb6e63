import {
  type DataType,
  type Schema,
  SluiceError,
  type StructField,
  typeName,
} from "../../core/mod.ts";
import type { AvroSchemaJson, AvroTypeJson } from "./parse_avro_schema.ts";

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const FULL_NAME = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/;

/**
 * The Avro schema in which records of a schema are written: the fields have the names they have in
 * the records (`from`), nullable ones are unions with null and default to it. byte and short become
 * int, both timestamps microseconds (timestamp_ntz a `local-timestamp-micros`), decimals bytes.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { avroSchema } from "./avro_schema.ts";
 *
 * const Trade = s.struct({ symbol: s.string().from("s"), price: s.decimal(18, 8).from("p") });
 * deepEqual(avroSchema(Trade, "com.example.Trade"), {
 *   type: "record",
 *   name: "com.example.Trade",
 *   fields: [
 *     { name: "s", type: "string" },
 *     { name: "p", type: { type: "bytes", logicalType: "decimal", precision: 18, scale: 8 } },
 *   ],
 * });
 * ```
 *
 * @param name of the record, with its namespace if it has one.
 * @throws {SluiceError} `UNSUPPORTED_SCHEMA` for names that Avro does not allow, and for maps whose
 * keys are no text.
 */
export function avroSchema(schema: Schema, name: string): AvroTypeJson {
  if (!FULL_NAME.test(name)) throw unsupported("the record's name", name, "a name of Avro");
  return record(schema.fields, name, "");
}

/** `name` is unique: types inside are named for it and for where they stand. */
function record(fields: readonly StructField[], name: string, path: string): AvroTypeJson {
  return {
    type: "record",
    name,
    fields: fields.map((field) => {
      const place = path === "" ? field.sourceName : `${path}.${field.sourceName}`;
      if (!NAME.test(field.sourceName)) {
        throw unsupported(
          `field "${place}"`,
          JSON.stringify(field.sourceName),
          "letters, digits and _ that begin with no digit",
        );
      }
      const type = avroType(field.type, `${name}_${field.sourceName}`, place);
      return field.nullable
        ? { name: field.sourceName, type: ["null", type], default: null }
        : { name: field.sourceName, type };
    }),
  };
}

function avroType(type: DataType, name: string, path: string): AvroSchemaJson {
  if (typeof type === "object") {
    switch (type.type) {
      case "decimal": {
        const { precision, scale } = type;
        return { type: "bytes", logicalType: "decimal", precision, scale };
      }
      case "struct":
        return record(type.fields, name, path);
      case "array": {
        const items = avroType(type.elementType, `${name}_item`, `${path}[]`);
        return { type: "array", items: type.containsNull ? ["null", items] : items };
      }
      case "map": {
        if (type.keyType !== "string") {
          throw unsupported(`field "${path}"`, typeName(type), "keys that are strings");
        }
        const values = avroType(type.valueType, `${name}_value`, `${path}{}`);
        return { type: "map", values: type.valueContainsNull ? ["null", values] : values };
      }
    }
  }
  switch (type) {
    case "byte":
    case "short":
    case "integer":
      return "int";
    case "binary":
      return "bytes";
    case "date":
      return { type: "int", logicalType: "date" };
    case "timestamp":
      return { type: "long", logicalType: "timestamp-micros" };
    case "timestamp_ntz":
      return { type: "long", logicalType: "local-timestamp-micros" };
    default:
      return type;
  }
}

function unsupported(where: string, found: string, wanted: string): SluiceError {
  return new SluiceError("UNSUPPORTED_SCHEMA", {
    attempted: "make an Avro schema",
    where,
    found,
    wanted,
  });
}
