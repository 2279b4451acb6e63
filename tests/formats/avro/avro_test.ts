import { deepEqual, equal, match, ok, rejects, throws } from "assert";
import {
  Batch,
  Decimal,
  isRejection,
  type Row,
  type Schema,
  schema as s,
  typeName,
} from "../../../lib/core/mod.ts";
import {
  avro,
  AvroEncoder,
  avroSchema,
  type AvroSchemaJson,
  schemaOfAvro,
} from "../../../lib/formats/avro/mod.ts";
import { randomRow } from "../../core/random_values.ts";
import { Random } from "../../support/random.ts";
import { recordBlock } from "../record_block.ts";

Deno.test("avro() reads the examples of Avro's specification", async () => {
  const long = record({ name: "v", type: "long" });
  const longs = ["00", "01", "02", "03", "04", "7f", "8001"].map((hex) => Uint8Array.fromHex(hex));
  deepEqual((await rows(long, longs)).map((row) => row.v), [0n, -1n, 1n, -2n, 2n, -64n, 64n]);

  const test = record({ name: "a", type: "long" }, { name: "b", type: "string" });
  deepEqual(await rows(test, ["3606666f6f"]), [{ a: 27n, b: "foo" }]);

  const list = record({ name: "v", type: { type: "array", items: "long" } });
  deepEqual(await rows(list, ["04063600", "0304063600"]), [{ v: [3n, 27n] }, { v: [3n, 27n] }]);

  const union = record({ name: "v", type: ["null", "string"] });
  deepEqual(await rows(union, ["00", "020261"]), [{ v: null }, { v: "a" }]);
});

Deno.test("avro() and AvroEncoder keep every type, at its bounds and nested", async () => {
  const seed = 20_260_115;
  const random = new Random(seed);
  const inner = s.struct({ x: s.integer().nullable(), list: s.array(s.string()) });
  const All = s.struct({
    string: s.string(),
    binary: s.binary(),
    boolean: s.boolean(),
    byte: s.byte(),
    short: s.short(),
    integer: s.integer(),
    long: s.long(),
    float: s.float(),
    double: s.double(),
    small: s.decimal(9, 2),
    medium: s.decimal(18, 8),
    large: s.decimal(38, 10).nullable(),
    date: s.date(),
    timestamp: s.timestamp().nullable(),
    local: s.timestampNtz(),
    numbers: s.array(s.long().nullable()).nullable(),
    map: s.map(s.string(), s.double().nullable()),
    struct: inner.nullable(),
    structs: s.array(inner),
  });
  const encoder = new AvroEncoder(All, avroSchema(All, "com.example.All"));
  const written = Array.from(
    { length: 300 },
    () => randomRow(random, All.fields) as Row<typeof All>,
  );
  const batch = new Batch(All);
  for (const row of written) batch.append(row);
  const decoder = await avro({ schema: All, writerSchema: avroSchema(All, "com.example.All") });
  const read = new Batch(All);
  deepEqual(
    await decoder.decode(recordBlock(encoder.encodeBatch(batch)), read),
    [],
    `seed ${seed}`,
  );
  deepEqual([...read.rows()], [...batch.rows()], `seed ${seed}`);
  deepEqual(encoder.encodeRow(written[0]!), encoder.encodeBatch(batch)[0]);
});

Deno.test("avro() makes of a record cut short at any byte a dead letter, and keeps the rows around it", async () => {
  const Nested = s.struct({
    id: s.long(),
    name: s.string().nullable(),
    parts: s.array(s.struct({ price: s.decimal(20, 4), tags: s.map(s.string(), s.long()) })),
    end: s.double(),
  });
  const encoder = new AvroEncoder(Nested, avroSchema(Nested, "Nested"));
  const row = {
    id: 2n ** 62n,
    name: "żółw",
    parts: [{ price: Decimal.parse("1234567890.1234"), tags: new Map([["a", 1n], ["b", -2n]]) }],
    end: 0.5,
  };
  const good = encoder.encodeRow(row);
  const values = Array.from(good, (_, length) => good.subarray(0, length)).flatMap((
    cut,
  ) => [cut, good]);
  const decoder = await avro({ schema: Nested, writerSchema: avroSchema(Nested, "Nested") });
  const batch = new Batch(Nested);
  const rejected = await decoder.decode(recordBlock(values), batch);
  deepEqual(rejected.map(({ index }) => index), Array.from(good, (_, i) => i * 2));
  equal(batch.numRows, good.length);
  for (const read of batch.rows()) deepEqual(read, row);
});

Deno.test("avro() takes any bytes for rows or dead letters, and spoils no row beside them", async () => {
  const seed = 7;
  const random = new Random(seed);
  const Nested = s.struct({
    id: s.long(),
    name: s.string().nullable(),
    parts: s.array(s.struct({ price: s.decimal(20, 4).nullable(), at: s.timestamp() })).nullable(),
    tags: s.map(s.string(), s.array(s.double())),
  });
  const encoder = new AvroEncoder(Nested, avroSchema(Nested, "Nested"));
  const goodRows: Row<typeof Nested>[] = [];
  const values = Array.from({ length: 3_000 }, (_, i) => {
    const row = randomRow(random, Nested.fields) as Row<typeof Nested>;
    if (i % 3 === 0) goodRows.push(row);
    const bytes = encoder.encodeRow(row);
    if (i % 3 === 1) bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
    return i % 3 === 2
      ? Uint8Array.from({ length: random.integer(0, 40) }, () => random.integer(0, 255))
      : bytes;
  });
  const decoder = await avro({ schema: Nested, writerSchema: avroSchema(Nested, "Nested") });
  const batch = new Batch(Nested);
  const rejected = await decoder.decode(recordBlock(values), batch);
  const bad = new Set(rejected.map(({ index }) => index));
  equal(batch.numRows, values.length - bad.size, `seed ${seed}`);
  ok(bad.size > 1_000);
  let row = 0;
  for (let i = 0; i < values.length; i++) {
    if (i % 3 === 0) deepEqual(batch.row(row), goodRows[i / 3], `seed ${seed}, record ${i}`);
    if (!bad.has(i)) row++;
  }
});

Deno.test("avro() says of each bad record what is wrong and where", async () => {
  const schema = record(
    { name: "n", type: "int" },
    { name: "s", type: "string" },
    { name: "e", type: { type: "enum", name: "Side", symbols: ["BUY", "SELL"] } },
    { name: "u", type: ["null", "boolean"] },
  );
  const bad: [hex: string, error: RegExp][] = [
    ["", /^field "n": the bytes end too early$/],
    ["ffffffffffffffffffff01", /^field "n": no 64-bit number$/],
    ["8080808010", /^field "n": no 32-bit number$/],
    ["0201", /^field "s": found a length of -1 with 0 bytes left$/],
    ["0202ff0000", /^field "s": found bytes, no UTF-8$/],
    ["0202610400", /^field "e": found choice 2 of 2$/],
    ["0202610004", /^field "u": found choice 2 of 2$/],
    ["020261000202", /^field "u": found 2, wanted 0 or 1 for a boolean$/],
    ["020261000000", /^1 bytes follow the record$/],
  ];
  const { errors } = await decoded({ writerSchema: schema }, bad.map(([hex]) => hex));
  bad.forEach(([hex, error], i) => match(errors[i] ?? `${hex} was taken`, error));
  equal(errors.length, bad.length);
  const tombstone = await decoded({ writerSchema: schema }, [null]);
  deepEqual(tombstone.errors, ["value is null (a tombstone)"]);
});

Deno.test("avro() works no longer on a few bytes than they can hold", async () => {
  const nulls = record({ name: "v", type: { type: "array", items: "null" } }, {
    name: "id",
    type: "long",
  });
  const Id = s.struct({ id: s.long() });
  deepEqual((await decoded({ writerSchema: nulls, schema: Id }, ["fe0f0002"])).errors.length, 1);
  deepEqual((await decoded({ writerSchema: nulls, schema: Id }, ["040002"])).rows, [{ id: 1n }]);

  const recursive: AvroSchemaJson = {
    type: "record",
    name: "Node",
    fields: [{ name: "id", type: "long" }, { name: "next", type: ["null", "Node"] }],
  };
  const deep = "0202".repeat(100_000) + "0200";
  const { rows: read, errors } = await decoded({ writerSchema: recursive, schema: Id }, [
    "02020400",
    deep,
  ]);
  deepEqual(read, [{ id: 1n }]);
  deepEqual(errors, ['field "next": nested deeper than 1000 levels']);
});

Deno.test("avro() rejects a map with a key twice, and a list of items that take no bytes", async () => {
  const map = record({ name: "m", type: { type: "map", values: "int" } });
  const { rows: read, errors } = await decoded({ writerSchema: map }, [
    "04" + "026102" + "026202" + "00",
    "04" + "026102" + "026102" + "00",
  ]);
  deepEqual(read, [{ m: new Map([["a", 1], ["b", 1]]) }]);
  deepEqual(errors, ['field "m": found the key "a" twice']);

  const empty = { type: "fixed", name: "Empty", size: 0 };
  const list = record({ name: "l", type: { type: "array", items: empty } }, {
    name: "end",
    type: "long",
  });
  deepEqual((await decoded({ writerSchema: list }, ["0202", "020002"])).errors, [
    'field "l": found items that take no bytes',
    'field "l": found items that take no bytes',
  ]);
});

Deno.test("AvroEncoder writes decimals in as few bytes as hold them, as Java does", async () => {
  const Price = s.struct({ p: s.decimal(38, 2) });
  const encoder = new AvroEncoder(Price, avroSchema(Price, "Price"));
  const cases: [text: string, hex: string][] = [
    ["0.00", "0200"],
    ["1.27", "027f"],
    ["1.28", "040080"],
    ["-1.28", "0280"],
    ["-1.29", "04ff7f"],
    ["327.67", "047fff"],
    ["-327.68", "048000"],
  ];
  for (const [text, hex] of cases) {
    equal(encoder.encodeRow({ p: Decimal.parse(text) }).toHex(), hex, text);
  }
  const writerSchema = avroSchema(Price, "Price");
  const read = await decoded({ writerSchema }, cases.map(([, hex]) => hex));
  deepEqual(read.rows.map((row) => String(row.p)), cases.map(([text]) => text));
});

Deno.test("avro() promotes numbers, text and bytes as Avro does, and nothing else", async () => {
  const allowed: [writer: string, target: Schema["fields"][number]["type"]][] = [
    ["int", "long"],
    ["int", "float"],
    ["int", "double"],
    ["long", "float"],
    ["long", "double"],
    ["float", "double"],
    ["string", "binary"],
    ["bytes", "string"],
  ];
  const writers = ["boolean", "int", "long", "float", "double", "bytes", "string"];
  const types = ["boolean", "integer", "long", "float", "double", "binary", "string"] as const;
  for (const [i, writer] of writers.entries()) {
    for (const [j, type] of types.entries()) {
      const isAllowed = i === j || allowed.some(([w, t]) => w === writer && t === type);
      const specs = {
        boolean: s.boolean(),
        integer: s.integer(),
        long: s.long(),
        float: s.float(),
        double: s.double(),
        binary: s.binary(),
        string: s.string(),
      };
      const open = avro({
        writerSchema: record({ name: "v", type: writer }),
        schema: s.struct({ v: specs[type] }),
      });
      if (isAllowed) await open;
      else {
        await rejects(open, {
          code: "SCHEMA_MISMATCH",
          message: new RegExp(`field "v": found ${writer}, wanted ${type}`),
        });
      }
    }
  }
  const Wide = s.struct({ v: s.double() });
  const int = record({ name: "v", type: "int" });
  deepEqual((await decoded({ writerSchema: int, schema: Wide }, ["01"])).rows, [{ v: -1 }]);
});

Deno.test("avro() refuses at the start a schema that no record could ever meet", async () => {
  const writerSchema = record({ name: "id", type: "long" }, {
    name: "price",
    type: ["null", "string"],
  });
  await rejects(avro({ writerSchema, schema: s.struct({ id: s.long(), fee: s.long() }) }), {
    code: "SCHEMA_MISMATCH",
    message: /field "fee": missing in what was written, and not nullable/,
  });
  // That depends on the record, so the record is the dead letter.
  const Price = s.struct({ price: s.string() });
  const { rows: read, errors } = await decoded({ writerSchema, schema: Price }, [
    "020202" + "61",
    "0200",
  ]);
  deepEqual(read, [{ price: "a" }]);
  deepEqual(errors, ['field "price": found null, wanted string']);
});

Deno.test("a member of a union without a field for it is no row, whatever it is made of", async () => {
  const part = { type: "record", name: "P", fields: [{ name: "x", type: "long" }] };
  const writerSchema = record({ name: "v", type: ["string", part] });
  const Text = s.struct({ v: s.struct({ string: s.string() }) });
  deepEqual(await decoded({ writerSchema, schema: Text }, ["000261", "0204"]), {
    rows: [{ v: { string: "a" } }],
    errors: ['field "v": found record P, wanted struct<string:string>'],
  });
  // One of the two is null in each row.
  const Both = s.struct({
    v: s.struct({ string: s.string(), P: s.struct({ x: s.long() }).nullable() }),
  });
  await rejects(avro({ writerSchema, schema: Both }), {
    code: "SCHEMA_MISMATCH",
    message: /field "v": found a union, wanted "string" nullable, for its other members/,
  });
});

Deno.test("what is wrong with a schema is told, whatever is in it", () => {
  throws(
    () => schemaOfAvro({ type: "record", name: "R", fields: [{ name: "v", type: "array" }] }),
    {
      code: "BAD_AVRO_SCHEMA",
    },
  );
  throws(() => schemaOfAvro(record({ name: "v", type: { type: "array" } as AvroSchemaJson })), {
    code: "BAD_AVRO_SCHEMA",
    message: /at "v\[\]": found nothing, wanted a type/,
  });
  const long = '{"type":"record","name":"R","fields":[{"default":99999999999999999999}]}';
  throws(() => schemaOfAvro(long), { code: "BAD_AVRO_SCHEMA", message: /99999999999999999999/ });
});

Deno.test("avro() reads logical types by their unit, scale and size", async () => {
  const writerSchema = record(
    { name: "day", type: { type: "int", logicalType: "date" } },
    { name: "ms", type: { type: "long", logicalType: "timestamp-millis" } },
    { name: "us", type: { type: "long", logicalType: "local-timestamp-micros" } },
    { name: "plain", type: "long" },
    {
      name: "price",
      type: { type: "fixed", name: "P", size: 4, logicalType: "decimal", precision: 9, scale: 2 },
    },
    { name: "id", type: { type: "fixed", name: "U", size: 16, logicalType: "uuid" } },
  );
  const Wanted = s.struct({
    day: s.date(),
    ms: s.timestamp(),
    us: s.timestampNtz(),
    plain: s.timestamp("s"),
    price: s.decimal(18, 4),
    id: s.string(),
  });
  const value = "01" + "01" + "03" + "04" + "ffffff85" + "00112233445566778899aabbccddeeff";
  deepEqual((await decoded({ writerSchema, schema: Wanted }, [value])).rows, [{
    day: -1,
    ms: -1000n,
    us: -2n,
    plain: 2_000_000n,
    price: Decimal.parse("-1.2300"),
    id: "00112233-4455-6677-8899-aabbccddeeff",
  }]);
});

Deno.test("avro() rejects what a column could only hold rounded or not at all", async () => {
  const writerSchema = record(
    { name: "t", type: { type: "long", logicalType: "timestamp-nanos" } },
    { name: "d", type: { type: "bytes", logicalType: "decimal", precision: 9, scale: 3 } },
    { name: "i", type: "int" },
  );
  const Narrow = s.struct({ t: s.timestamp(), d: s.decimal(3, 2), i: s.byte() });
  const { rows: read, errors } = await decoded({ writerSchema, schema: Narrow }, [
    "d00f" + "0204" + "00",
    "d00f" + "020a" + "00",
    "d20f" + "020a" + "00",
    "d00f" + "042710" + "00",
    "d00f" + "020a" + "8002",
    "feffffffffffffffff01" + "020a" + "00",
  ]);
  deepEqual(read, [{ t: 1n, d: Decimal.parse("0.01"), i: 0 }]);
  deepEqual(errors, [
    'field "d": more than 2 decimals: found 0.004, wanted decimal(3,2)',
    'field "t": found 1001 nanoseconds, wanted whole microseconds',
    'field "d": overflow: found 10.00, wanted decimal(3,2)',
    'field "i": overflow: found 128, wanted byte',
    'field "t": found 9223372036854775807 nanoseconds, wanted whole microseconds',
  ]);
});

Deno.test("schemaOfAvro() makes a struct of a union, with the member that has the value", async () => {
  const schema = record({
    name: "v",
    type: ["null", "long", {
      type: "record",
      name: "com.x.P",
      fields: [{ name: "x", type: "int" }],
    }],
  }, { name: "w", type: ["int", "string"] });
  equal(
    typeName(schemaOfAvro(schema).type),
    "struct<v:struct<long:long,P:struct<x:integer>>,w:struct<int:integer,string:string>>",
  );
  const values = ["00" + "0002", "0206" + "020261", "0408" + "0000"];
  const read = await rows(schema, values);
  deepEqual(read, [
    { v: null, w: { int: 1, string: null } },
    { v: { long: 3n, P: null }, w: { int: null, string: "a" } },
    { v: { long: null, P: { x: 4 } }, w: { int: 0, string: null } },
  ]);
  const encoder = new AvroEncoder(schemaOfAvro(schema), schema);
  deepEqual(read.map((row) => encoder.encodeRow(row).toHex()), values);
});

Deno.test("schemaOfAvro() refuses by name what has no columns", () => {
  const list = { type: "record", name: "Node", fields: [{ name: "next", type: ["null", "Node"] }] };
  throws(() => schemaOfAvro(list), {
    code: "UNSUPPORTED_SCHEMA",
    message: /at field "next": found record Node, which holds itself/,
  });
  const huge = { type: "bytes", logicalType: "decimal", precision: 40, scale: 2 };
  throws(() => schemaOfAvro(record({ name: "d", type: huge })), /a decimal of 40 digits/);
  throws(() => schemaOfAvro("string"), { code: "UNSUPPORTED_SCHEMA" });
  throws(() => schemaOfAvro(record({ name: "x", type: "Missing" })), {
    code: "BAD_AVRO_SCHEMA",
    message: /at "x": found the unknown type "Missing"/,
  });
  throws(() => schemaOfAvro("{"), { code: "BAD_AVRO_SCHEMA" });
});

Deno.test("schemaOfAvro() finds types by namespace, and passes over logical types that do not fit", () => {
  const schema = schemaOfAvro({
    type: "record",
    name: "com.x.Outer",
    fields: [
      { name: "a", type: { type: "enum", name: "Kind", symbols: ["A"] } },
      { name: "b", type: "Kind" },
      { name: "c", type: "com.x.Kind" },
      {
        name: "d",
        type: { type: "record", name: "org.y.In", fields: [{ name: "e", type: "com.x.Kind" }] },
      },
      { name: "f", type: { type: "string", logicalType: "date" } },
      { name: "g", type: { type: "bytes", logicalType: "decimal", precision: 2, scale: 3 } },
    ],
  });
  equal(
    typeName(schema.type),
    "struct<a:string,b:string,c:string,d:struct<e:string>,f:string,g:binary>",
  );
});

Deno.test("AvroEncoder refuses to lose a column, and to write a value that its schema cannot hold", () => {
  const Order = s.struct({ id: s.long(), side: s.string(), at: s.timestamp() });
  const writer = record(
    { name: "id", type: "long" },
    { name: "side", type: { type: "enum", name: "Side", symbols: ["BUY", "SELL"] } },
    { name: "at", type: { type: "long", logicalType: "timestamp-millis" } },
    { name: "extra", type: "string", default: "none" },
  );
  const encoder = new AvroEncoder(Order, writer);
  equal(encoder.encodeRow({ id: 1n, side: "SELL", at: 1000n }).toHex(), "020202086e6f6e65");
  throws(() => encoder.encodeRow({ id: 1n, side: "HOLD", at: 0n }), {
    code: "BAD_VALUE",
    message: /at field "side": found "HOLD", wanted one of BUY, SELL/,
  });
  throws(() => encoder.encodeRow({ id: 1n, side: "BUY", at: 1n }), /at field "at"/);
  equal(encoder.encodeRow({ id: 1n, side: "BUY", at: 0n }).toHex(), "020000086e6f6e65");
  throws(() => new AvroEncoder(Order, record({ name: "id", type: "long" })), {
    code: "SCHEMA_MISMATCH",
    message: /at field "side": found no such field in record Test/,
  });
});

Deno.test("avroSchema() refuses names that Avro does not allow, and keys that are no text", () => {
  throws(() => avroSchema(s.struct({ "order id": s.long() }), "Order"), {
    code: "UNSUPPORTED_SCHEMA",
  });
  throws(() => avroSchema(s.struct({ id: s.long() }), "my order"), { code: "UNSUPPORTED_SCHEMA" });
  const map = s.struct({ m: s.map(s.long(), s.long()) });
  throws(() => avroSchema(map, "M"), /keys that are strings/);
});

Deno.test("avro() refuses options that it does not know or that contradict each other", async () => {
  await rejects(avro({ subjcet: "x" } as object), { code: "UNKNOWN_OPTION" });
  await rejects(avro({ writerSchema: record({ name: "a", type: "int" }), subject: "x" }), {
    code: "BAD_OPTION",
  });
  await rejects(avro({}), { code: "BAD_OPTION" });
});

interface JsonField {
  readonly name: string;
  readonly type: AvroSchemaJson;
  readonly default?: unknown;
}

function record(...fields: JsonField[]): AvroSchemaJson {
  return { type: "record", name: "Test", fields };
}

async function rows(
  writerSchema: AvroSchemaJson,
  values: readonly (Uint8Array | string)[],
): Promise<Record<string, unknown>[]> {
  const result = await decoded({ writerSchema }, values);
  deepEqual(result.errors, []);
  return result.rows;
}

async function decoded<R>(
  options: { writerSchema: AvroSchemaJson; schema?: Schema<R> },
  values: readonly (Uint8Array | string | null)[],
): Promise<{ rows: Record<string, unknown>[]; errors: string[] }> {
  const { schema, writerSchema } = options;
  const decoder = schema === undefined
    ? await avro({ writerSchema })
    : await avro({ writerSchema, schema: schema as Schema });
  const batch = new Batch(decoder.schema);
  const block = recordBlock(
    values.map((value) => typeof value === "string" ? Uint8Array.fromHex(value) : value),
  );
  const rejections = await decoder.decode(block, batch);
  ok(batch.numRows + rejections.length === values.length);
  return {
    rows: [...batch.rows()],
    errors: rejections.filter(isRejection).map(({ error }) => error),
  };
}
