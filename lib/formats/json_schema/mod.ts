/**
 * JSON records that a registry's JSON Schemas describe, into typed columns. A pipeline's `decode`
 * step calls it; it calls the registry's client and the decoder of JSON beside it. Values are
 * checked by ajv.
 *
 * @module
 */
export { jsonSchema, type JsonSchemaOptions } from "./json_schema_decoder.ts";
