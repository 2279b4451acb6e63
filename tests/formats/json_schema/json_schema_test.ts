import { deepEqual, equal, rejects, throws } from "assert";
import { Batch, type Decoder, isRejection, schema as s } from "../../../lib/core/mod.ts";
import { jsonSchema } from "../../../lib/formats/json_schema/mod.ts";
import { schemaRegistry, subjectName, withSchemaId } from "../../../lib/formats/registry/mod.ts";
import { testRegistry } from "../../support/stack.ts";
import { runForeign } from "../foreign/run_foreign.ts";
import { recordBlock } from "../record_block.ts";
import { FakeRegistry } from "../registry/fake_registry.ts";

const Order = s.struct({ id: s.long(), customer: s.string().nullable() });

const ORDER = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "Order",
  type: "object",
  properties: {
    id: { type: "integer", "connect.type": "int64" },
    customer: { type: ["string", "null"], format: "anything", maxLength: 3 },
    legs: { type: "array", items: { type: "object", properties: { "a/b": { type: "number" } } } },
  },
  required: ["id"],
  additionalProperties: false,
};

Deno.test("jsonSchema() makes rows of valid values, exact, and says of others which rule they break", async () => {
  await using fake = new FakeRegistry();
  fake.add(7, "orders-value", ORDER, "JSON");
  fake.add(8, "avro-value", "string");
  fake.add(9, "bad-value", { type: "nonsense" }, "JSON");
  fake.add(10, "old-value", { $schema: "http://json-schema.org/draft-04/schema#" }, "JSON");
  const decoder = jsonSchema({ schema: Order, registry: fake.client() });
  const { rows, errors } = await decode(decoder, [
    framed(7, '{"id":9007199254740993,"customer":"ann"}'),
    framed(7, '{"id":"1"}'),
    null,
    framed(7, '{"id":1,"legs":[{},{"a/b":"x"}]}'),
    framed(7, '{"id":1,"more":2}'),
    framed(7, '{"customer":"ann"}'),
    framed(7, '{"id":1'),
    framed(7, "[]"),
    framed(7, '{"id":1.5e300}'),
    new TextEncoder().encode('{"id":1}'),
    framed(8, '{"id":1}'),
    framed(9, '{"id":1}'),
    framed(10, '{"id":1}'),
    framed(99, '{"id":1}'),
    framed(7, '{"id":2}'),
  ]);
  deepEqual(rows, [{ id: 9007199254740993n, customer: "ann" }, { id: 2n, customer: null }]);
  deepEqual(errors.map((error) => error.replace(/strict mode.*/s, "")), [
    'field "id": must be integer',
    "value is null (a tombstone)",
    'field "legs[1].a/b": must be number',
    'the value must NOT have additional properties "more"',
    "the value must have required property 'id'",
    "not JSON: unexpected end at byte 7",
    "the value must be object",
    'field "id": found 1.5e300, wanted long',
    "no schema id: found the bytes 7b22696422…, wanted 00 and four bytes of id before the value",
    "schema id 8: found a schema of type AVRO, wanted JSON",
    errors[10],
    'schema id 10: Cannot read a JSON Schema: found "$schema": ' +
    '"http://json-schema.org/draft-04/schema#", wanted draft-07, 2019-09, 2020-12',
    "schema id 99: unknown to the registry",
  ]);
  equal(errors[10]?.startsWith("schema id 9: Cannot read a JSON Schema"), true, errors[10]);
});

Deno.test("jsonSchema() makes no dead letter where the registry is away", async () => {
  await using fake = new FakeRegistry();
  fake.trouble = () => new Response("", { status: 503 });
  const decoder = jsonSchema({ schema: Order, registry: fake.client() });
  await rejects(decode(decoder, [framed(7, '{"id":1}')]), {
    code: "REGISTRY_UNAVAILABLE",
    retryable: true,
  });
});

Deno.test("jsonSchema() refuses options that it does not know", () => {
  throws(() => jsonSchema({ schema: Order, subject: "x" } as { schema: typeof Order }), {
    code: "UNKNOWN_OPTION",
  });
});

Deno.test("records of Confluent's JSON Schema serializer are read, those with references too", async () => {
  const url = await testRegistry();
  const registry = schemaRegistry({ url });
  const topic = `json-${crypto.randomUUID()}`;
  const parts = [{ schema: ORDER, rows: [{ id: 2 ** 53 - 1, customer: "bób" }] }];
  const hexes = await runForeign("serialize-json", url, topic, JSON.stringify(parts)) as string[];
  await registry.register(`${topic}-name`, {
    schemaType: "JSON",
    schema: JSON.stringify({ $schema: ORDER.$schema, type: "string", maxLength: 3 }),
  });
  const id = await registry.register(subjectName({ topic, record: "Referring" }), {
    schemaType: "JSON",
    schema: JSON.stringify({
      $schema: ORDER.$schema,
      type: "object",
      properties: { customer: { $ref: "name.json" } },
    }),
    references: [{ name: "name.json", subject: `${topic}-name`, version: 1 }],
  });
  const { rows, errors } = await decode(jsonSchema({ schema: Order, registry }), [
    ...hexes.map((hex) => Uint8Array.fromHex(hex)),
    framed(id, '{"id":1,"customer":"ann"}'),
    framed(id, '{"id":1,"customer":"anna"}'),
  ]);
  deepEqual(rows, [{ id: 2n ** 53n - 1n, customer: "bób" }, { id: 1n, customer: "ann" }]);
  deepEqual(errors, ['field "customer": must NOT have more than 3 characters']);
});

function framed(id: number, json: string): Uint8Array {
  return withSchemaId(id, new TextEncoder().encode(json));
}

async function decode<Row>(
  decoder: Decoder<Row>,
  values: readonly (Uint8Array | null)[],
): Promise<{ rows: Row[]; errors: string[] }> {
  const batch = new Batch(decoder.schema);
  const rejections = await decoder.decode(recordBlock(values), batch);
  return {
    rows: [...batch.rows()],
    errors: rejections.filter(isRejection).map(({ error }) => error),
  };
}
