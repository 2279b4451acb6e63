import type { Type } from "protobufjs";
import {
  badOption,
  type Decoder,
  refuseUnknownOptions,
  type Schema,
  SluiceError,
} from "../../core/mod.ts";
import { type SchemaRegistry, schemaRegistry } from "../registry/mod.ts";
import { planMessage } from "./plan_message.ts";
import { ProtoFile } from "./proto_file.ts";
import { ProtoSchemas } from "./proto_schemas.ts";
import { RegisteredDecoder } from "./registered_decoder.ts";
import { RowReader } from "./row_reader.ts";
import { schemaOfMessage } from "./schema_of_proto.ts";

/** Where the schemas of Protobuf records are, and what rows are wanted. */
export interface ProtobufOptions<Row> {
  /** The rows that are wanted; absent: the columns of the message in the subject's newest version. */
  readonly schema?: Schema<Row>;
  /** The subject that the records' schemas are registered under. */
  readonly subject?: string;
  /** The registry; absent: the one of SCHEMA_REGISTRY_URL. */
  readonly registry?: SchemaRegistry;
  /** The text of a .proto file, for records without a schema id: no registry is asked. */
  readonly proto?: string;
  /** The full name of the message that the records are; absent: the first of the file. */
  readonly message?: string;
}

const ATTEMPTED = "decode Protobuf";

/**
 * Reads record values in Protobuf's binary encoding, with the id of their schema and the place of
 * their message in it before them as Confluent's serializers write them. Each record is read with the
 * .proto file it was written with, imports from the registry included, as text or compiled (as some
 * registries keep it); records of several versions may come in any order.
 *
 * With a `subject` the columns are those of its newest version, found when the decoder is made: give
 * a `schema` too to keep them as they are whatever is registered later. `schema` reads fields by
 * their name (or the one of `from`), also within messages; nullable columns are null where a message
 * has no such field. Which type becomes which column is told at `schemaOfProto`. A column may be
 * wider than what was written, a 32-bit number may go to a narrower one if it fits, `uint64` to a long
 * likewise, and a 64-bit number to a timestamp with a unit.
 *
 * A record with no or an unknown schema id, of another message, with bytes that do not fit, with an
 * enum's number that has no name, or with a timestamp finer than a microsecond is rejected. A registry
 * that is away is an error, which a query tries again.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, type RecordBlock, schema as s } from "../../core/mod.ts";
 * import { protobuf } from "./mod.ts";
 *
 * const Test = s.struct({ b: s.string(), a: s.long(), c: s.double().nullable() });
 * const decoder = await protobuf({
 *   schema: Test,
 *   proto: 'syntax = "proto3"; message Test { int32 a = 1; string b = 2; }',
 * });
 * const batch = new Batch(Test);
 * const block = {
 *   bytes: Uint8Array.of(0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69, 0x12, 0x04),
 *   count: 2,
 *   valueStarts: Int32Array.of(0, 7),
 *   valueEnds: Int32Array.of(7, 9),
 * } as RecordBlock;
 *
 * deepEqual(await decoder.decode(block, batch), [
 *   { index: 1, error: 'field "b": found a length of 4 with 0 bytes left' },
 * ]);
 * deepEqual([...batch.rows()], [{ b: "hi", a: 150n, c: null }]);
 * ```
 *
 * @throws {SluiceError} `BAD_OPTION`, `UNKNOWN_OPTION`; `SCHEMA_NOT_FOUND` if the subject has no
 * version; `SCHEMA_MISMATCH` if no record of it could be a row of `schema`; `UNSUPPORTED_SCHEMA`;
 * `BAD_PROTO_SCHEMA`; and what the registry throws.
 */
export function protobuf<Row>(
  options: ProtobufOptions<Row> & { readonly schema: Schema<Row> },
): Promise<Decoder<Row>>;
/** The same, with the columns of the newest version, or of `proto`. */
export function protobuf(options: ProtobufOptions<Record<string, unknown>>): Promise<Decoder>;
export async function protobuf(
  options: ProtobufOptions<Record<string, unknown>>,
): Promise<Decoder> {
  const known = ["schema", "subject", "registry", "proto", "message"];
  refuseUnknownOptions(ATTEMPTED, options, known);
  const { schema, subject, proto, message } = options;
  if (proto !== undefined) {
    if (subject !== undefined || options.registry !== undefined) {
      throw badOption(ATTEMPTED, "proto", "a subject or a registry too", "one of them");
    }
    return bareDecoder(new ProtoFile(proto).message(ATTEMPTED, message), schema);
  }
  const schemas = new ProtoSchemas(options.registry ?? schemaRegistry());
  if (subject === undefined) {
    if (schema !== undefined) return new RegisteredDecoder(schema, schemas, message);
    throw badOption(ATTEMPTED, "subject", "neither it nor a schema", "one of them");
  }
  const newest = (await schemas.newest(subject)).message(ATTEMPTED, message);
  const columns = schema ?? schemaOfMessage(newest);
  refuseMisfit(newest, columns, `the newest version of subject "${subject}"`);
  return new RegisteredDecoder(columns, schemas, message);
}

function bareDecoder(message: Type, schema: Schema = schemaOfMessage(message)): Decoder {
  refuseMisfit(message, schema, "the message");
  const { reader } = planMessage(message, schema.fields);
  const rows = new RowReader();
  const describe = (error: string) => error;
  return {
    schema,
    decode: (block, batch) =>
      rows.readBlock(block, batch, (_bytes, start) => ({ reader, start, describe })),
  };
}

/** Better no query than one that makes a dead letter of every record. */
function refuseMisfit(message: Type, schema: Schema, where: string): void {
  const { problems } = planMessage(message, schema.fields);
  if (problems.length === 0) return;
  throw new SluiceError("SCHEMA_MISMATCH", {
    attempted: ATTEMPTED,
    where,
    found: problems.join("; "),
    hint: "change the schema that is wanted; a nullable column may be missing in the records",
  });
}
