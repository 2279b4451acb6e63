import type { AvroSchemaJson } from "./parse_avro_schema.ts";

/** The text of a schema, as a registry wants it. */
export function schemaText(schema: AvroSchemaJson): string {
  return typeof schema === "string" ? schema : JSON.stringify(schema);
}
