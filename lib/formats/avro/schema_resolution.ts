import { type AvroNamed, type AvroType, simpleName } from "./avro_type.ts";

/** What each type may be read as, besides itself. */
const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  int: ["long", "float", "double"],
  long: ["float", "double"],
  float: ["double"],
  string: ["bytes"],
  bytes: ["string"],
};

/**
 * True if a value of the writer's type can be read as the reader's, their parts aside. Spec: Apache
 * Avro 1.12, "Schema Resolution".
 */
export function resolves(writer: AvroType, reader: AvroType): boolean {
  if (writer.kind !== reader.kind) return PROMOTIONS[writer.kind]?.includes(reader.kind) ?? false;
  if (writer.kind === "fixed" && reader.kind === "fixed" && writer.size !== reader.size) {
    return false;
  }
  return !("name" in writer && "name" in reader) || isNamedAs(writer, reader);
}

/** True if two types have the same name, namespaces aside, or the reader's has the writer's as alias. */
export function isNamedAs(writer: AvroNamed, reader: AvroNamed): boolean {
  return simpleName(writer.name) === simpleName(reader.name) ||
    reader.aliases.includes(writer.name);
}
