/**
 * Avro records into typed columns, and rows into Avro records. A pipeline's `decode` step calls the
 * decoder, producers call the serializer; they call the schema registry's client beside them and the
 * core's columns. A plan is made once for each schema that records were written in (`planReader`,
 * `planWriter`); no object is made for a record.
 *
 * @module
 */
export { avroCompatibility, type CompatibilityReport } from "./avro_compatibility.ts";
export { avro, type AvroOptions } from "./avro_decoder.ts";
export { AvroEncoder } from "./avro_encoder.ts";
export { avroSchema } from "./avro_schema.ts";
export { AvroSerializer, avroSerializer, type AvroSerializerOptions } from "./avro_serializer.ts";
export type { AvroSchemaJson, AvroTypeJson } from "./parse_avro_schema.ts";
export { schemaOfAvro } from "./schema_of_avro.ts";
