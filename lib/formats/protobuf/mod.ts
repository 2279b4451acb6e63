/**
 * Protobuf records into typed columns. A pipeline's `decode` step calls it; it calls the schema
 * registry's client beside it and the core's columns. protobufjs reads .proto files; what reads the
 * records is planned once for each file (`planMessage`).
 *
 * @module
 */
export { protobuf, type ProtobufOptions } from "./protobuf_decoder.ts";
export { schemaOfProto } from "./schema_of_proto.ts";
