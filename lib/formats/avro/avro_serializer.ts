import { type Batch, refuseUnknownOptions, type Schema, SluiceError } from "../../core/mod.ts";
import { type SchemaRegistry, schemaRegistry, withSchemaId } from "../registry/mod.ts";
import { problemsOf } from "./avro_compatibility.ts";
import { AvroEncoder } from "./avro_encoder.ts";
import { type AvroSchemaJson, parseAvroSchema } from "./parse_avro_schema.ts";
import { schemaText } from "./schema_text.ts";

/** What rows are written, in which schema, and where that is registered. */
export interface AvroSerializerOptions<Row> {
  /** The rows that are written. */
  readonly schema: Schema<Row>;
  /** The subject that their Avro schema is registered under: see `subjectName`. */
  readonly subject: string;
  /** The Avro schema they are written in, such as `avroSchema(schema, "Trade")`. */
  readonly writerSchema: AvroSchemaJson;
  /** The registry; absent: the one of SCHEMA_REGISTRY_URL. */
  readonly registry?: SchemaRegistry;
}

/** Writes rows as Confluent's deserializers read them: with the id of their schema before them. */
export class AvroSerializer<Row> {
  /** The id of the schema in the registry. */
  readonly schemaId: number;
  readonly #encoder: AvroEncoder<Row>;

  /** Use `avroSerializer(options)`. */
  constructor(schemaId: number, encoder: AvroEncoder<Row>) {
    this.schemaId = schemaId;
    this.#encoder = encoder;
  }

  /**
   * The bytes of a row.
   *
   * @throws {SluiceError} `BAD_VALUE`, naming the column or the field.
   */
  serialize(row: Row): Uint8Array {
    return withSchemaId(this.schemaId, this.#encoder.encodeRow(row));
  }

  /**
   * The bytes of each row of a batch.
   *
   * @throws {SluiceError} `BAD_VALUE`, naming the field.
   */
  serializeBatch(batch: Batch<Row>): Uint8Array[] {
    return this.#encoder.encodeBatch(batch).map((value) => withSchemaId(this.schemaId, value));
  }
}

/**
 * Registers the schema that rows are written in, and writes them in it.
 *
 * @example
 * ```ts ignore
 * const trades = await avroSerializer({
 *   schema: Trade,
 *   subject: subjectName({ topic: "trades" }),
 *   writerSchema: avroSchema(Trade, "com.example.Trade"),
 * });
 * await producer.send("trades", rows.map((row) => ({ value: trades.serialize(row) })));
 * ```
 *
 * @throws {SluiceError} `SCHEMA_MISMATCH` if a column would be lost; `INCOMPATIBLE_SCHEMA` if the
 * subject's compatibility level forbids the schema; `BAD_AVRO_SCHEMA`; and what the registry throws.
 */
export async function avroSerializer<Row>(
  options: AvroSerializerOptions<Row>,
): Promise<AvroSerializer<Row>> {
  const known = ["schema", "subject", "writerSchema", "registry"];
  refuseUnknownOptions("serialize rows in Avro", options, known);
  const { schema, subject, writerSchema, registry = schemaRegistry() } = options;
  const encoder = new AvroEncoder(schema, writerSchema);
  const text = schemaText(writerSchema);
  try {
    return new AvroSerializer(await registry.register(subject, { schema: text }), encoder);
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== "INCOMPATIBLE_SCHEMA") throw error;
    throw await inOurWords(error, registry, subject, text);
  }
}

/** Registries answer with names of Java classes, or say only that it does not fit. */
async function inOurWords(
  error: SluiceError,
  registry: SchemaRegistry,
  subject: string,
  schema: string,
): Promise<SluiceError> {
  // What cannot be compared here is told as the registry tells it.
  const problems = await problemsOf(registry, subject, parseAvroSchema(schema)).catch(() => []);
  return problems.length === 0
    ? error
    : new SluiceError(error.code, { ...error.details, found: problems.join("; "), cause: error });
}
