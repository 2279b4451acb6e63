/**
 * The client of a schema registry with Confluent's API, and the header that its serializers put
 * before a value. The Avro decoder and serializer beside it call it, and so may a user; it calls
 * `fetch` and the core alone.
 *
 * @module
 */
export { ReadersBySchema, withId } from "./readers_by_schema.ts";
export type { SchemaRegistryOptions } from "./registry_http.ts";
export type {
  CompatibilityLevel,
  ImportedSchema,
  NewSchema,
  RegistrySchema,
  RegistryVerdict,
  SchemaReference,
  SubjectVersion,
} from "./registry_schema.ts";
export { SchemaRegistry, schemaRegistry } from "./schema_registry.ts";
export { subjectName, type SubjectOf } from "./subject_name.ts";
export {
  describeNoSchemaId,
  encodeMessageIndexes,
  HEADER_BYTES,
  messageIndexesAt,
  NO_SCHEMA_ID,
  schemaIdAt,
  withSchemaId,
} from "./wire_format.ts";
