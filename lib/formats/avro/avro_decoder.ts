import {
  badOption,
  type Decoder,
  refuseUnknownOptions,
  type Schema,
  SluiceError,
} from "../../core/mod.ts";
import { type SchemaRegistry, schemaRegistry } from "../registry/mod.ts";
import type { AvroType } from "./avro_type.ts";
import { type AvroSchemaJson, parseAvroSchema } from "./parse_avro_schema.ts";
import { planReader } from "./plan_reader.ts";
import { RegisteredDecoder } from "./registered_decoder.ts";
import { RowReader } from "./row_reader.ts";
import { schemaOfType } from "./schema_of_avro.ts";
import { WriterSchemas } from "./writer_schemas.ts";

/** Where the schemas of Avro records are, and what rows are wanted. One of both suffices. */
export interface AvroOptions<Row> {
  /** The rows that are wanted; absent: the columns of the subject's newest version. */
  readonly schema?: Schema<Row>;
  /** The subject that the records' schemas are registered under. */
  readonly subject?: string;
  /** The registry; absent: the one of SCHEMA_REGISTRY_URL. */
  readonly registry?: SchemaRegistry;
  /** For records without a schema id, all written in this schema: no registry is asked. */
  readonly writerSchema?: AvroSchemaJson;
}

const ATTEMPTED = "decode Avro";

/**
 * Reads record values in Avro's binary encoding, with the id of their schema before them as
 * Confluent's serializers write it. Each record is read in the schema it was written in and becomes
 * a row of one schema, by Avro's rules for schema resolution; records of several versions may come
 * in any order.
 *
 * With a `subject` the rows are those of its newest version, found when the decoder is made: give a
 * `schema` too to keep the columns as they are whatever is registered later. `schema` reads fields
 * by their name (or the one of `from`), nullable columns are null where the writer has no such
 * field, and an int or long without a logical type has the unit of `timestamp("ms")`. Which type becomes
 * which column is told at `schemaOfAvro`; a column may be wider than what was written.
 *
 * A record with no or an unknown schema id, or with bytes that do not fit, is rejected. A registry
 * that is away is an error, which a query tries again.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "assert";
 * import { Batch, type RecordBlock, schema as s } from "../../core/mod.ts";
 * import { avro } from "./mod.ts";
 *
 * const Test = s.struct({ b: s.string(), a: s.long(), c: s.double().nullable() });
 * const decoder = await avro({
 *   schema: Test,
 *   writerSchema: {
 *     type: "record",
 *     name: "test",
 *     fields: [{ name: "a", type: "int" }, { name: "b", type: "string" }],
 *   },
 * });
 * const batch = new Batch(Test);
 * const block = {
 *   bytes: Uint8Array.of(0x36, 0x06, 0x66, 0x6f, 0x6f, 0x36, 0x08),
 *   count: 2,
 *   valueStarts: Int32Array.of(0, 5),
 *   valueEnds: Int32Array.of(5, 7),
 * } as RecordBlock;
 *
 * deepEqual(await decoder.decode(block, batch), [
 *   { index: 1, error: 'field "b": found a length of 4 with 0 bytes left' },
 * ]);
 * deepEqual([...batch.rows()], [{ b: "foo", a: 27n, c: null }]);
 * ```
 *
 * @throws {SluiceError} `BAD_OPTION`, `UNKNOWN_OPTION`; `SCHEMA_NOT_FOUND` if the subject has no
 * version; `SCHEMA_MISMATCH` if no record of it could be a row of `schema`; `UNSUPPORTED_SCHEMA`;
 * `BAD_AVRO_SCHEMA`; and what the registry throws.
 */
export function avro<Row>(
  options: AvroOptions<Row> & { readonly schema: Schema<Row> },
): Promise<Decoder<Row>>;
/** The same, with the columns of the newest version, or of `writerSchema`. */
export function avro(options: AvroOptions<Record<string, unknown>>): Promise<Decoder>;
export async function avro(options: AvroOptions<Record<string, unknown>>): Promise<Decoder> {
  refuseUnknownOptions(ATTEMPTED, options, ["schema", "subject", "registry", "writerSchema"]);
  const { schema, subject, writerSchema } = options;
  if (writerSchema !== undefined) {
    if (subject !== undefined || options.registry !== undefined) {
      throw badOption(ATTEMPTED, "writerSchema", "a subject or a registry too", "one of them");
    }
    return bareDecoder(parseAvroSchema(writerSchema), schema);
  }
  const writers = new WriterSchemas(options.registry ?? schemaRegistry());
  if (schema === undefined) {
    if (subject === undefined) {
      throw badOption(ATTEMPTED, "subject", "neither it nor a schema", "one of them");
    }
    return subjectDecoder(await writers.newest(subject), writers);
  }
  if (subject !== undefined) {
    const where = `the newest version of subject "${subject}"`;
    refuseMisfit(await writers.newest(subject), schema, where);
  }
  const plan = (writer: AvroType) => planReader(writer, schema.fields).record;
  return new RegisteredDecoder(schema, writers, plan);
}

function subjectDecoder(newest: AvroType, writers: WriterSchemas): Decoder {
  const schema = schemaOfType(newest);
  const reader = newest.kind === "record" ? newest : undefined;
  const plan = (writer: AvroType) => planReader(writer, schema.fields, reader).record;
  return new RegisteredDecoder(schema, writers, plan);
}

function bareDecoder(writer: AvroType, schema: Schema = schemaOfType(writer)): Decoder {
  refuseMisfit(writer, schema, "the writer's schema");
  const { record } = planReader(writer, schema.fields);
  const rows = new RowReader(0);
  const way = { record, describe: (error: string) => error };
  return { schema, decode: (block, batch) => rows.readBlock(block, batch, () => way) };
}

/** Better no query than one that makes a dead letter of every record. */
function refuseMisfit(writer: AvroType, schema: Schema, where: string): void {
  const problems = planReader(writer, schema.fields).problems.filter(({ always }) => always);
  if (problems.length === 0) return;
  throw new SluiceError("SCHEMA_MISMATCH", {
    attempted: ATTEMPTED,
    where,
    found: problems.map(({ text }) => text).join("; "),
    hint: "change the schema that is wanted; a nullable column may be missing in the records",
  });
}
