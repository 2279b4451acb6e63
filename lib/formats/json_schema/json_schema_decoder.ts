import {
  type Batch,
  type Decoder,
  type NoRow,
  type RecordBlock,
  refuseUnknownOptions,
  type Schema,
  SluiceError,
} from "../../core/mod.ts";
import { json } from "../json/mod.ts";
import {
  HEADER_BYTES,
  ReadersBySchema,
  type SchemaRegistry,
  schemaRegistry,
} from "../registry/mod.ts";
import { JsonValidator } from "./json_validator.ts";

/** What rows are wanted, and where the schemas of the records are. */
export interface JsonSchemaOptions<Row> {
  /** The rows that are wanted. */
  readonly schema: Schema<Row>;
  /** The registry whose ids stand before the records; absent: the one of SCHEMA_REGISTRY_URL. */
  readonly registry?: SchemaRegistry;
}

/**
 * Reads record values that are JSON objects, with the id of a JSON Schema before them as Confluent's
 * serializers write it. A value must be as its schema says, and then becomes a row as `json` makes
 * it, numbers to the last digit. Others are rejected with the place and the rule.
 *
 * Schemas of draft-07, 2019-09 and 2020-12 are known; `format` is not checked.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, type RecordBlock, schema as s } from "../../core/mod.ts";
 * import { schemaRegistry } from "../registry/mod.ts";
 * import { jsonSchema } from "./mod.ts";
 *
 * // A registry that has one schema.
 * const positive = { type: "object", properties: { id: { type: "integer", minimum: 1 } } };
 * await using server = Deno.serve({ port: 0, onListen: () => {} }, () =>
 *   Response.json({ schemaType: "JSON", schema: JSON.stringify(positive) }));
 * const registry = schemaRegistry({ url: `http://127.0.0.1:${server.addr.port}` });
 *
 * const Order = s.struct({ id: s.long() });
 * const batch = new Batch(Order);
 * const block = {
 *   bytes: new TextEncoder().encode('\0\0\0\0\x07{"id":9}\0\0\0\0\x07{"id":0}'),
 *   count: 2,
 *   valueStarts: Int32Array.of(0, 13),
 *   valueEnds: Int32Array.of(13, 26),
 * } as RecordBlock;
 *
 * deepEqual(await jsonSchema({ schema: Order, registry }).decode(block, batch), [
 *   { index: 1, error: 'field "id": must be >= 1' },
 * ]);
 * deepEqual([...batch.rows()], [{ id: 9n }]);
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION`.
 */
export function jsonSchema<Row>(options: JsonSchemaOptions<Row>): Decoder<Row> {
  refuseUnknownOptions("decode JSON by its schemas", options, ["schema", "registry"]);
  return new JsonSchemaDecoder(options.schema, options.registry ?? schemaRegistry());
}

class JsonSchemaDecoder<Row> implements Decoder<Row> {
  readonly schema: Schema<Row>;
  readonly #json: Decoder<Row>;
  readonly #validators: ReadersBySchema<JsonValidator>;
  readonly #text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor(schema: Schema<Row>, registry: SchemaRegistry) {
    this.schema = schema;
    this.#json = json(schema);
    this.#validators = new ReadersBySchema((id) => validatorOf(registry, id));
  }

  async decode(block: RecordBlock, batch: Batch<Row>): Promise<NoRow[]> {
    // Before a row is added: when the registry is away, the batch is as it was.
    await this.#validators.learn(this.#validators.newIds(block));
    const problems = new Map<number, string>();
    const valueStarts = block.valueStarts.slice(0, block.count);
    for (const [index, start] of valueStarts.entries()) {
      if (start < 0) continue;
      const problem = this.#problemOf(block.bytes, start, block.valueEnds[index]!);
      if (problem !== undefined) problems.set(index, problem);
      // Without a value it is rejected, for the reason that is known here.
      valueStarts[index] = problem === undefined ? start + HEADER_BYTES : -1;
    }
    const noRows = await this.#json.decode(withValueStarts(block, valueStarts), batch);
    return noRows.map((noRow) => {
      const problem = problems.get(noRow.index);
      return problem === undefined ? noRow : { ...noRow, error: problem };
    });
  }

  #problemOf(bytes: Uint8Array, start: number, end: number): string | undefined {
    const validator = this.#validators.readerAt(bytes, start, end);
    if (typeof validator === "string") return validator;
    let value: unknown;
    try {
      value = JSON.parse(this.#text.decode(bytes.subarray(start + HEADER_BYTES, end)));
    } catch {
      // The decoder of JSON says better what is wrong with it.
      return undefined;
    }
    return validator.problemOf(value);
  }
}

async function validatorOf(registry: SchemaRegistry, id: number): Promise<JsonValidator | string> {
  const stored = await registry.schemaById(id);
  if (stored === undefined) return "unknown to the registry";
  if (stored.schemaType !== "JSON") {
    return `found a schema of type ${stored.schemaType}, wanted JSON`;
  }
  try {
    return new JsonValidator(stored.schema, await registry.importsOf(stored));
  } catch (error) {
    const codes = ["BAD_JSON_SCHEMA", "SCHEMA_NOT_FOUND"];
    if (error instanceof SluiceError && codes.includes(error.code)) return error.message;
    throw error;
  }
}

/** The same records, whose values start elsewhere. */
function withValueStarts(block: RecordBlock, valueStarts: Int32Array): RecordBlock {
  const { topic, partition, count, bytes, baseOffset, offsetDeltas, timestampsMs } = block;
  const { keyStarts, keyEnds, valueEnds } = block;
  return {
    topic,
    partition,
    count,
    bytes,
    baseOffset,
    offsetDeltas,
    timestampsMs,
    keyStarts,
    keyEnds,
    valueStarts,
    valueEnds,
    headers: (index) => block.headers(index),
  };
}
