import { deepEqual, equal, ok, rejects } from "assert";
import { Batch, Decimal, type Decoder, isRejection, schema as s } from "../../../lib/core/mod.ts";
import {
  avro,
  AvroEncoder,
  type AvroSchemaJson,
  schemaOfAvro,
} from "../../../lib/formats/avro/mod.ts";
import { withSchemaId } from "../../../lib/formats/registry/mod.ts";
import { recordBlock } from "../record_block.ts";
import { FakeRegistry } from "../registry/fake_registry.ts";

const SUBJECT = "orders-value";

const V1 = {
  type: "record",
  name: "com.old.Purchase",
  fields: [
    { name: "id", type: "int" },
    { name: "customer", type: "string" },
    { name: "side", type: { type: "enum", name: "Side", symbols: ["BUY", "SELL", "SHORT"] } },
    { name: "gone", type: { type: "map", values: ["null", "long"] } },
  ],
};

const V2 = {
  type: "record",
  name: "com.example.Order",
  aliases: ["com.old.Purchase"],
  fields: [
    {
      name: "side",
      type: { type: "enum", name: "Side", symbols: ["SELL", "BUY", "OTHER"], default: "OTHER" },
    },
    { name: "name", aliases: ["customer"], type: "string" },
    { name: "id", type: "long" },
    { name: "note", type: ["null", "string"], default: null },
    {
      name: "fee",
      type: { type: "bytes", logicalType: "decimal", precision: 9, scale: 2 },
      default: "\u00ff",
    },
    { name: "big", type: "long", default: 9007199254740991 },
    { name: "tags", type: { type: "array", items: "string" }, default: ["a", "b"] },
    {
      name: "at",
      type: {
        type: "record",
        name: "Place",
        fields: [{ name: "x", type: "double" }, { name: "y", type: "double", default: 1.5 }],
      },
      default: { x: 2 },
    },
  ],
};

const ROW_1 = { id: 7, customer: "ann", side: "SHORT", gone: new Map([["a", null], ["b", 1n]]) };

Deno.test("records of several versions in one block become rows of the newest", async () => {
  await using fake = new FakeRegistry();
  fake.add(1, SUBJECT, V1);
  fake.add(2, SUBJECT, V2);
  const registry = fake.client();
  const decoder = await avro({ registry, subject: SUBJECT });
  const first = encoded(1, V1, ROW_1);
  const [made] = (await decode(decoder, [first])).rows;
  deepEqual(
    JSON.stringify(made, plain),
    JSON.stringify({
      side: "OTHER",
      name: "ann",
      id: "7",
      note: null,
      fee: "-0.01",
      big: "9007199254740991",
      tags: ["a", "b"],
      at: { x: 2, y: 1.5 },
    }),
  );
  const second = encoded(2, V2, { ...made, side: "SELL", note: "n", tags: [] });
  const { rows, errors } = await decode(decoder, [second, first, second]);
  deepEqual(errors, []);
  deepEqual(rows, [{ ...made, side: "SELL", note: "n", tags: [] }, made, {
    ...made,
    side: "SELL",
    note: "n",
    tags: [],
  }]);
});

Deno.test("a field goes to the column of its name before one that has it as alias, and to one alone", async () => {
  const cases: [written: string[], reader: { name: string; aliases?: string[] }[], row: object][] =
    [
      [["a"], [{ name: "b", aliases: ["a"] }, { name: "a" }], { b: 9, a: 0 }],
      [["x", "a"], [{ name: "a", aliases: ["x"] }, { name: "b" }], { a: 1, b: 9 }],
      [["x"], [{ name: "a", aliases: ["x"] }, { name: "b", aliases: ["x"] }], { a: 0, b: 9 }],
    ];
  for (const [written, reader, row] of cases) {
    await using fake = new FakeRegistry();
    const type = "int";
    const record = (fields: object[]) => ({ type: "record", name: "R", fields });
    const writer = record(written.map((name) => ({ name, type })));
    fake.add(1, SUBJECT, writer);
    fake.add(2, SUBJECT, record(reader.map((field) => ({ ...field, type, default: 9 }))));
    const decoder = await avro({ registry: fake.client(), subject: SUBJECT });
    const values = Object.fromEntries(written.map((name, i) => [name, i]));
    deepEqual((await decode(decoder, [encoded(1, writer, values)])).rows, [row]);
  }
});

Deno.test("a value goes to the member of the reader's union that is its type, else to the first it can be read as", async () => {
  await using fake = new FakeRegistry();
  const inner = { type: "record", name: "P", fields: [{ name: "x", type: "int" }] };
  const record = (type: unknown) => ({
    type: "record",
    name: "R",
    fields: [{ name: "v", type: type as AvroSchemaJson }],
  });
  fake.add(1, SUBJECT, record("int"));
  fake.add(2, SUBJECT, record("float"));
  fake.add(3, SUBJECT, record(["bytes", inner]));
  fake.add(4, SUBJECT, record("boolean"));
  fake.add(9, SUBJECT, record(["null", "string", "double", "float", inner]));
  const decoder = await avro({ registry: fake.client(), subject: SUBJECT });
  const { rows, errors } = await decode(decoder, [
    withSchemaId(1, Uint8Array.fromHex("0d")),
    withSchemaId(2, Uint8Array.fromHex("0000c03f")),
    withSchemaId(3, Uint8Array.fromHex("000261")),
    withSchemaId(3, Uint8Array.fromHex("0204")),
    withSchemaId(4, Uint8Array.fromHex("01")),
  ]);
  const none = { string: null, double: null, float: null, P: null };
  deepEqual(rows.map(({ v }) => v), [
    { ...none, double: -7 },
    { ...none, float: 1.5 },
    { ...none, string: "a" },
    { ...none, P: { x: 2 } },
  ]);
  deepEqual(errors, [
    'schema id 4: field "v": found boolean, wanted null or string or double or float or record P',
  ]);
});

Deno.test("a schema that is wanted reads all versions, and stays when a newer one comes", async () => {
  await using fake = new FakeRegistry();
  fake.add(1, SUBJECT, V1);
  const Order = s.struct({ order_id: s.long().from("id"), customer: s.string().nullable() });
  const decoder = await avro({ registry: fake.client(), schema: Order, subject: SUBJECT });
  fake.add(2, SUBJECT, V2);
  const second = encoded(2, V2, {
    side: "BUY",
    name: "bob",
    id: 8n,
    note: null,
    fee: Decimal.parse("0.01"),
    big: 1n,
    tags: [],
    at: { x: 0, y: 0 },
  });
  const { rows, errors } = await decode(decoder, [encoded(1, V1, ROW_1), second]);
  deepEqual(errors, []);
  deepEqual(rows, [{ order_id: 7n, customer: "ann" }, { order_id: 8n, customer: null }]);
});

Deno.test("records with a bad header, an unknown id or a schema that is no Avro are dead letters", async () => {
  await using fake = new FakeRegistry();
  fake.add(1, SUBJECT, V1);
  fake.add(3, "other", { type: "record", name: "X", fields: [{ name: "id", type: "string" }] });
  fake.add(4, "other", { type: "nonsense" });
  const Order = s.struct({ id: s.long() });
  const decoder = await avro({ registry: fake.client(), schema: Order });
  const good = encoded(1, V1, ROW_1);
  const text = new TextEncoder().encode('{"id":1}');
  const { rows, errors } = await decode(decoder, [
    text,
    good,
    null,
    Uint8Array.of(0, 0),
    withSchemaId(99, Uint8Array.of(1)),
    good,
    withSchemaId(3, Uint8Array.of(2, 97)),
    withSchemaId(4, Uint8Array.of(2)),
    good.subarray(0, good.length - 1),
    good,
  ]);
  deepEqual(rows, [{ id: 7n }, { id: 7n }, { id: 7n }]);
  deepEqual(errors, [
    "no schema id: found the bytes 7b22696422…, wanted 00 and four bytes of id before the value",
    "value is null (a tombstone)",
    "no schema id: found the bytes 0000, wanted 00 and four bytes of id before the value",
    "schema id 99: unknown to the registry",
    'schema id 3: field "id": found string, wanted long',
    'schema id 4: Cannot read an Avro schema: found the unknown type "nonsense", ' +
    "wanted a type of Avro, or one named before",
    'schema id 1: field "gone": the bytes end too early',
  ]);
});

Deno.test("an id that was unknown is asked for again, and each known one once", async () => {
  await using fake = new FakeRegistry();
  const decoder = await avro({ registry: fake.client(), schema: s.struct({ id: s.long() }) });
  const values = [encoded(1, V1, ROW_1), encoded(1, V1, ROW_1)];
  equal((await decode(decoder, values)).errors.length, 2);
  fake.add(1, SUBJECT, V1);
  for (let i = 0; i < 3; i++) equal((await decode(decoder, values)).rows.length, 2);
  deepEqual(fake.requests, ["GET /schemas/ids/1", "GET /schemas/ids/1"]);
});

Deno.test("a registry that is away makes no dead letter and no row, but an error to try again", async () => {
  await using fake = new FakeRegistry();
  fake.add(1, SUBJECT, V1);
  fake.add(2, SUBJECT, V2);
  const decoder = await avro({ registry: fake.client(), schema: s.struct({ id: s.long() }) });
  await decode(decoder, [encoded(1, V1, ROW_1)]);
  fake.trouble = () => new Response("", { status: 503 });
  const batch = new Batch(decoder.schema);
  const block = recordBlock([encoded(1, V1, ROW_1), withSchemaId(2, Uint8Array.of(0))]);
  await rejects(async () => await decoder.decode(block, batch), {
    code: "REGISTRY_UNAVAILABLE",
    retryable: true,
  });
  equal(batch.numRows, 0);
  // What is known needs no registry.
  equal((await decode(decoder, [encoded(1, V1, ROW_1)])).rows.length, 1);
});

Deno.test("a symbol that the enum in a reader's union lacks costs the records that have it, and no other", async () => {
  await using fake = new FakeRegistry();
  const record = (symbols: string[]) => ({
    type: "record",
    name: "R",
    fields: [{ name: "v", type: ["null", { type: "enum", name: "E", symbols }, "long"] }],
  });
  fake.add(1, SUBJECT, record(["A", "B", "C"]));
  fake.add(2, SUBJECT, record(["A", "B"]));
  const decoder = await avro({ registry: fake.client(), subject: SUBJECT });
  const values = ["0200", "0204", "0406"].map((hex) => withSchemaId(1, Uint8Array.fromHex(hex)));
  deepEqual(await decode(decoder, values), {
    rows: [{ v: { E: "A", long: null } }, { v: { E: null, long: 3n } }],
    errors: ['schema id 1: field "v": found the symbol "C", which the reader lacks'],
  });
});

Deno.test("an int is read as the timestamp that its field has become", async () => {
  await using fake = new FakeRegistry();
  const record = (type: unknown) => ({ type: "record", name: "R", fields: [{ name: "v", type }] });
  fake.add(1, SUBJECT, record("int"));
  fake.add(2, SUBJECT, record({ type: "int", logicalType: "date" }));
  fake.add(3, SUBJECT, record({ type: "long", logicalType: "timestamp-millis" }));
  const decoder = await avro({ registry: fake.client(), subject: SUBJECT });
  const values = [1, 2].map((id) => withSchemaId(id, Uint8Array.of(0x04)));
  deepEqual(await decode(decoder, values), {
    rows: [{ v: 2000n }],
    errors: ['schema id 2: field "v": found int (date), wanted long (timestamp-millis)'],
  });
});

Deno.test("avro() refuses a subject without a version, and a schema that none of its records could meet", async () => {
  await using fake = new FakeRegistry();
  const registry = fake.client();
  await rejects(avro({ registry, subject: SUBJECT }), { code: "SCHEMA_NOT_FOUND" });
  fake.add(1, SUBJECT, V1);
  const Wrong = s.struct({ id: s.string() });
  await rejects(avro({ registry, subject: SUBJECT, schema: Wrong }), {
    code: "SCHEMA_MISMATCH",
    message: /newest version of subject "orders-value": found field "id": found int, wanted string/,
  });
});

function encoded(id: number, schema: AvroSchemaJson, row: Record<string, unknown>): Uint8Array {
  return withSchemaId(id, new AvroEncoder(schemaOfAvro(schema), schema).encodeRow(row));
}

async function decode<Row>(
  decoder: Decoder<Row>,
  values: readonly (Uint8Array | null)[],
): Promise<{ rows: Row[]; errors: string[] }> {
  const batch = new Batch(decoder.schema);
  const rejections = await decoder.decode(recordBlock(values), batch);
  ok(batch.numRows + rejections.length === values.length);
  return {
    rows: [...batch.rows()],
    errors: rejections.filter(isRejection).map(({ error }) => error),
  };
}

function plain(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
