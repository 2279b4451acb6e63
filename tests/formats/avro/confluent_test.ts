import { deepEqual, equal, match, ok, rejects } from "assert";
import { Batch, schema as s } from "../../../lib/core/mod.ts";
import {
  avro,
  avroCompatibility,
  avroSchema,
  type AvroSchemaJson,
  avroSerializer,
} from "../../../lib/formats/avro/mod.ts";
import { schemaRegistry, subjectName } from "../../../lib/formats/registry/mod.ts";
import { testRegistry } from "../../support/stack.ts";
import { recordBlock } from "../record_block.ts";
import { runForeign } from "../foreign/run_foreign.ts";

const Order = s.struct({
  id: s.long(),
  customer: s.string(),
  amount: s.double(),
  note: s.string().nullable(),
});
const ROWS = [
  { id: 1n, customer: "ann", amount: 0.5, note: null },
  { id: -(2n ** 63n), customer: "bób", amount: -1e300, note: "n" },
];

Deno.test("records of Confluent's serializer are read, of an older version too", async () => {
  const { topic, registry, url } = await freshTopic();
  const v1 = order({ name: "id", type: "int" }, { name: "customer", type: "string" });
  const v2 = order({ name: "customer", type: "string" }, { name: "id", type: "long" }, {
    name: "amount",
    type: "float",
    default: 2.5,
  });
  const parts = [
    { schema: v1, rows: [{ id: 7, customer: "old" }] },
    { schema: v2, rows: [{ id: 2 ** 40, customer: "new", amount: 0.25 }] },
  ];
  const hexes = await runForeign("serialize", url, topic, JSON.stringify(parts)) as string[];
  const decoder = await avro({ registry, subject: subjectName({ topic }) });
  const batch = new Batch(decoder.schema);
  const values = [...hexes, ...hexes].map((hex) => Uint8Array.fromHex(hex));
  deepEqual(await decoder.decode(recordBlock(values), batch), []);
  const read = [
    { customer: "old", id: 7n, amount: 2.5 },
    { customer: "new", id: 2n ** 40n, amount: 0.25 },
  ];
  deepEqual([...batch.rows()], [...read, ...read]);
});

Deno.test("records of avroSerializer() are read by Confluent's deserializer, and by avro()", async () => {
  const { topic, registry, url } = await freshTopic();
  const subject = subjectName({ topic });
  const writerSchema = avroSchema(Order, "com.example.Order");
  const serializer = await avroSerializer({ registry, subject, schema: Order, writerSchema });
  const values = ROWS.map((row) => serializer.serialize(row));
  const hexes = JSON.stringify(values.map((value) => value.toHex()));
  deepEqual(await runForeign("deserialize", url, topic, hexes), [
    { id: "1", customer: "ann", amount: "0.5", note: "None" },
    { id: String(-(2n ** 63n)), customer: "bób", amount: "-1e+300", note: "n" },
  ]);
  const batch = new Batch(Order);
  const decoder = await avro({ registry, schema: Order });
  deepEqual(await decoder.decode(recordBlock(values), batch), []);
  deepEqual([...batch.rows()], ROWS);
  deepEqual(serializer.serializeBatch(batch), values);
});

Deno.test("a schema is registered once, and found by id, version and subject", async () => {
  const { topic, registry, url } = await freshTopic();
  const subject = subjectName({ topic });
  const first = { schema: JSON.stringify(order({ name: "id", type: "int" })) };
  const second = { schema: JSON.stringify(order({ name: "id", type: "long" })) };
  const ids = [await registry.register(subject, first), await registry.register(subject, second)];
  const other = schemaRegistry({ url });
  equal(await other.register(subject, first), ids[0]);
  deepEqual(await other.versions(subject), [1, 2]);
  const newest = await other.version(subject);
  deepEqual([newest?.version, newest?.id], [2, ids[1]]);
  equal((await other.version(subject, 1))?.id, ids[0]);
  deepEqual(JSON.parse((await other.schemaById(ids[0]!))?.schema ?? ""), JSON.parse(first.schema));
  equal(await other.schemaById(2 ** 31 - 1), undefined);
  equal(await other.version(`${subject}-none`), undefined);
  deepEqual(await other.versions(`${subject}-none`), []);
  await rejects(other.register(subject, { schema: '{"type":"rec' }), { code: "REGISTRY_REFUSED" });
});

Deno.test("a change that breaks readers is refused, and the report says what and why", async () => {
  const { topic, registry } = await freshTopic();
  const subject = subjectName({ topic });
  await registry.register(subject, {
    schema: JSON.stringify(order({ name: "id", type: "long" }, { name: "price", type: "string" })),
  });
  await registry.setCompatibilityLevel("BACKWARD", subject);
  equal(await registry.compatibilityLevel(subject), "BACKWARD");
  ok(await registry.compatibilityLevel(`${subject}-none`));

  const harmless = order({ name: "id", type: "double" });
  deepEqual(await avroCompatibility({ registry, subject, writerSchema: harmless }), {
    isCompatible: true,
    problems: [],
  });
  const breaking = order({ name: "price", type: "double" }, { name: "fee", type: "long" });
  const report = await avroCompatibility({ registry, subject, writerSchema: breaking });
  equal(report.isCompatible, false);
  match(report.problems[0] ?? "", /price/);
  match(report.problems[1] ?? "", /fee/);
  await rejects(registry.register(subject, { schema: JSON.stringify(breaking) }), {
    code: "INCOMPATIBLE_SCHEMA",
    message: new RegExp(`register a schema for subject "${subject}"`),
  });

  await registry.setCompatibilityLevel("FULL", subject);
  const forward = await avroCompatibility({ registry, subject, writerSchema: harmless });
  equal(forward.isCompatible, false);
  ok(forward.problems.some((problem) => /id/.test(problem)), String(forward.problems));
});

Deno.test("a schema that uses types of others is read with them", async () => {
  const { topic, registry } = await freshTopic();
  const side: AvroSchemaJson = { type: "enum", name: "com.example.Side", symbols: ["BUY", "SELL"] };
  const leg = {
    type: "record",
    name: "com.example.Leg",
    fields: [{ name: "side", type: "com.example.Side" }],
  };
  await registry.register(`${topic}-side`, { schema: JSON.stringify(side) });
  const sideReference = { name: "com.example.Side", subject: `${topic}-side`, version: 1 };
  await registry.register(`${topic}-leg`, {
    schema: JSON.stringify(leg),
    references: [sideReference],
  });
  const id = await registry.register(subjectName({ topic }), {
    schema: JSON.stringify(order(
      { name: "leg", type: "com.example.Leg" },
      { name: "side", type: "com.example.Side" },
    )),
    references: [sideReference, {
      name: "com.example.Leg",
      subject: `${topic}-leg`,
      version: 1,
    }],
  });
  const decoder = await avro({ registry, subject: subjectName({ topic }) });
  const batch = new Batch(decoder.schema);
  const value = Uint8Array.of(0, 0, 0, id >> 8, id & 0xff, 2, 0);
  deepEqual(await decoder.decode(recordBlock([value]), batch), []);
  deepEqual([...batch.rows()], [{ leg: { side: "SELL" }, side: "BUY" }]);
});

function order(...fields: { name: string; type: string; default?: unknown }[]): AvroSchemaJson {
  return { type: "record", name: "Order", namespace: "com.example", fields };
}

async function freshTopic() {
  const url = await testRegistry();
  return { url, topic: `avro-${crypto.randomUUID()}`, registry: schemaRegistry({ url }) };
}
