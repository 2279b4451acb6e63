import protobuf from "protobufjs";
import { messageName } from "./proto_file.ts";

/** True if a field can be told to be absent; others have the zero of their type then. */
export function hasPresence(field: protobuf.Field): boolean {
  if (field.repeated || field.map) return false;
  return field.resolvedType instanceof protobuf.Type || Boolean(field.hasPresence);
}

/** The type of a field, for a message: `repeated int32`, `map<string, enum Side>`. */
export function describeField(field: protobuf.Field): string {
  const value = describeValue(field);
  if (field instanceof protobuf.MapField) return `map<${field.keyType}, ${value}>`;
  return field.repeated ? `repeated ${value}` : value;
}

/** The type of the values of a field, for a message. */
export function describeValue({ resolvedType, type, delimited }: protobuf.Field): string {
  if (resolvedType instanceof protobuf.Enum) return `enum ${resolvedType.name}`;
  if (!(resolvedType instanceof protobuf.Type)) return type;
  return `${delimited ? "group" : "message"} ${messageName(resolvedType)}`;
}
