import protobuf from "protobufjs";
import { type DataType, Schema, SluiceError, type StructField } from "../../core/mod.ts";
import { describeValue, hasPresence } from "./describe_field.ts";
import { isTimestamp, wrappedType } from "./known_message.ts";
import { plainColumn } from "./plain_reader.ts";
import { messageName, ProtoFile } from "./proto_file.ts";

/**
 * The columns for the records of a message of a .proto file.
 *
 * | Protobuf | column |
 * | --- | --- |
 * | bool, float, double, string, bytes | boolean, float, double, string, binary |
 * | int32, sint32, sfixed32 | integer |
 * | uint32, fixed32, int64, sint64, sfixed64 | long |
 * | uint64, fixed64 | decimal(20,0) |
 * | an enum | string, the name |
 * | repeated, map, a message | array, map, struct |
 * | `google.protobuf.Timestamp` | timestamp |
 * | `google.protobuf.Int64Value` and its like | the type within |
 *
 * Nullable is what may be told to be absent: messages, members of a oneof, and fields that are
 * `optional` (also those of proto2, whatever default they name). Other fields have the zero of their
 * type when they are not in a record.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { typeName } from "../../core/mod.ts";
 * import { schemaOfProto } from "./schema_of_proto.ts";
 *
 * const Order = schemaOfProto(`
 *   syntax = "proto3";
 *   import "google/protobuf/timestamp.proto";
 *   message Order {
 *     int64 id = 1;
 *     google.protobuf.Timestamp ordered_at = 2;
 *     repeated string tags = 3;
 *   }
 * `);
 * equal(typeName(Order.type), "struct<id:long,ordered_at:timestamp,tags:array<string>>");
 * equal(Order.fields[1]?.nullable, true);
 * ```
 *
 * @param message its full name; absent: the first of the file.
 * @throws {SluiceError} `BAD_PROTO_SCHEMA`; `BAD_OPTION` if there is no such message;
 * `UNSUPPORTED_SCHEMA` for a message that holds itself and other types without a column;
 * `BAD_SCHEMA` for names that differ in case alone.
 */
export function schemaOfProto(proto: string, message?: string): Schema {
  return schemaOfMessage(new ProtoFile(proto).message("make columns for a message", message));
}

/** The columns for the records of a message. */
export function schemaOfMessage(message: protobuf.Type): Schema {
  return new Schema(messageFields(message, [], ""));
}

function messageFields(
  message: protobuf.Type,
  around: readonly protobuf.Type[],
  path: string,
): StructField[] {
  const name = messageName(message);
  if (around.includes(message)) {
    throw unsupported(path, `message ${name}, which holds itself`, "messages of a fixed depth");
  }
  if (message.fieldsArray.length === 0) {
    throw unsupported(path, `message ${name}, which has no fields`, "a message with fields");
  }
  return message.fieldsArray.map((field) => ({
    name: field.name,
    sourceName: field.name,
    type: fieldType(
      field,
      [...around, message],
      path === "" ? field.name : `${path}.${field.name}`,
    ),
    nullable: hasPresence(field) && !field.required,
  }));
}

function fieldType(
  field: protobuf.Field,
  around: readonly protobuf.Type[],
  path: string,
): DataType {
  if (field instanceof protobuf.MapField) {
    const keyType = plainColumn(field.keyType);
    if (keyType === undefined) throw unsupported(path, `a map by ${field.keyType}`, "a plain key");
    const valueType = valueColumn(field, around, `${path}{}`);
    return { type: "map", keyType, valueType, valueContainsNull: false };
  }
  if (!field.repeated) return valueColumn(field, around, path);
  const elementType = valueColumn(field, around, `${path}[]`);
  return { type: "array", elementType, containsNull: false };
}

function valueColumn(
  field: protobuf.Field,
  around: readonly protobuf.Type[],
  path: string,
): DataType {
  const { resolvedType, type } = field;
  if (resolvedType instanceof protobuf.Enum) return "string";
  if (resolvedType instanceof protobuf.Type && !field.delimited) {
    if (isTimestamp(resolvedType)) return "timestamp";
    const wrapped = wrappedType(resolvedType);
    const column = wrapped === undefined ? undefined : plainColumn(wrapped);
    return column ?? new Schema(messageFields(resolvedType, around, path)).type;
  }
  const column = plainColumn(type);
  if (column !== undefined) return column;
  throw unsupported(path, describeValue(field), "a type with a column");
}

function unsupported(path: string, found: string, wanted: string): SluiceError {
  return new SluiceError("UNSUPPORTED_SCHEMA", {
    attempted: "make columns for a Protobuf message",
    ...(path === "" ? {} : { where: `field "${path}"` }),
    found,
    wanted,
    hint: "give the decoder a schema of the columns that are wanted, without that field",
  });
}
