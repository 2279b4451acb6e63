import { deepEqual, equal, ok, rejects, throws } from "assert";
import {
  Batch,
  Decimal,
  type Decoder,
  isRejection,
  type Schema,
  schema as s,
  typeName,
} from "../../../lib/core/mod.ts";
import { protobuf, schemaOfProto } from "../../../lib/formats/protobuf/mod.ts";
import { withSchemaId } from "../../../lib/formats/registry/mod.ts";
import { Random } from "../../support/random.ts";
import { recordBlock } from "../record_block.ts";
import { goldenProto, readGolden } from "./golden.ts";
import { ProtoRegistry } from "./proto_registry.ts";

const ORDER = `
  syntax = "proto3";
  package shop;
  message Order { int64 id = 1; string customer = 2; Line line = 3; }
  message Line { string sku = 1; uint32 count = 2; }
  message Note { string text = 1; }
`;

Deno.test("fields may come in any order, several times and in parts, and unknown ones are passed over", async () => {
  const decoder = await protobuf({
    proto: `
      syntax = "proto3";
      message M {
        int32 x = 1;
        repeated int32 list = 2;
        P part = 3;
        map<string, P> parts = 4;
        oneof choice { string a = 5; P b = 6; int32 c = 7; }
      }
      message P { int32 x = 1; repeated int32 list = 2; }
    `,
  });
  const none = { x: 0, list: [], part: null, parts: new Map(), a: null, b: null, c: null };
  const cases: [hex: string, row: object][] = [
    ["", {}],
    ["0801 0802", { x: 2 }],
    ["1001 12020203 1004", { list: [1, 2, 3, 4] }],
    ["1200", {}],
    ["1a020801 1a0412020506 1a021007", { part: { x: 1, list: [5, 6, 7] } }],
    ["1a00", { part: { x: 0, list: [] } }],
    ["22050a0161 1200 22070a016112020803", { parts: new Map([["a", { x: 3, list: [] }]]) }],
    ["2200", { parts: new Map([["", { x: 0, list: [] }]]) }],
    ["220a 1202 0803 7801 0a02 6161", { parts: new Map([["aa", { x: 3, list: [] }]]) }],
    ["220b 0a0161 12020801 12021007", { parts: new Map([["a", { x: 1, list: [7] }]]) }],
    ["2a0161 3807", { c: 7 }],
    ["3807 32020805 32021009", { b: { x: 5, list: [9] } }],
    ["32020805 2a00 32021009", { b: { x: 0, list: [9] } }],
    // Numbers 100 to 104, of each wire type; the group holds a group.
    ["a00601 a9060102030405060708 b2060161 bb06 bb06 bc06 0801 bc06 c50601020304 0805", { x: 5 }],
    // More bits than 32 bits hold.
    ["08ffffffffffffffffff01", { x: -1 }],
    ["0881808080f0ffffffff01", { x: 1 }],
  ];
  const { rows, errors } = await decode(decoder, cases.map(([hex]) => bytesOf(hex)));
  deepEqual(errors, []);
  deepEqual(rows, cases.map(([, row]) => ({ ...none, ...row })));
});

Deno.test("a member of a oneof that no column wants takes the place of one that is wanted", async () => {
  const proto = 'syntax = "proto3"; message M { oneof choice { string a = 1; int32 b = 2; } }';
  const decoder = await protobuf({ proto, schema: s.struct({ a: s.string().nullable() }) });
  const { rows } = await decode(decoder, [bytesOf("0a0161"), bytesOf("0a01611007")]);
  deepEqual(rows, [{ a: "a" }, { a: null }]);
});

Deno.test("bytes that are no message are dead letters that say where and why", async () => {
  const proto = `
    syntax = "proto3";
    import "google/protobuf/timestamp.proto";
    message M {
      int32 x = 1;
      fixed64 y = 2;
      string text = 3;
      P part = 4;
      repeated int32 list = 5;
      map<string, P> parts = 6;
      google.protobuf.Timestamp at = 7;
      E side = 8;
    }
    message P { string text = 1; google.protobuf.Timestamp at = 2; }
    enum E { NONE = 0; }
  `;
  const cases: [hex: string, error: string][] = [
    ["08", 'field "x": the bytes end too early'],
    ["0880", 'field "x": the bytes end too early'],
    ["08ffffffffffffffffffff01", 'field "x": found a varint of more than ten bytes'],
    ["1101020304", 'field "y": the bytes end too early'],
    ["1a0261", 'field "text": found a length of 2 with 1 bytes left'],
    [
      "1affffffffffffffffff01",
      'field "text": found a length of 18446744073709551615 with 0 bytes left',
    ],
    ["1a01ff", 'field "text": found bytes, no UTF-8'],
    ["22030a0161ff", "the bytes end too early"],
    ["22030a0261", 'field "part.text": found a length of 2 with 1 bytes left'],
    ["220100", 'field "part": found no tag of a field'],
    ["2a0280", 'field "list": found a length of 2 with 1 bytes left'],
    ["2a0180", 'field "list": the bytes end too early'],
    ["32041202 0a02", 'field "parts.text": found a length of 2 with 0 bytes left'],
    ["3a0310f407", 'field "at": found 1012 nanoseconds, wanted whole microseconds'],
    ["3a0b10ffffffffffffffffff01", 'field "at": found -1 nanoseconds, wanted 0 to 999999999'],
    [
      "3a0708ffffffffff7f",
      'field "at": overflow: found 4398046511103 s since 1970, ' +
      "wanted 0001-01-01T00:00:00.000000 to 9999-12-31T23:59:59.999999",
    ],
    ["4001", 'field "side": found 1, which enum E has no name for'],
    ["0a0161", 'field "x": found wire type 2, wanted 0'],
    ["0c", 'field "x": found wire type 4, wanted 0'],
    ["7c", "found wire type 4 of field 15"],
    ["7b 0801", "the bytes end too early"],
    ["7b 84 01", "found wire type 4 of field 16"],
    ["7f", "found wire type 7 of field 15"],
    ["00", "found no tag of a field"],
    ["7b".repeat(101), "groups deeper than 100"],
  ];
  const decoder = await protobuf({ proto });
  const { rows, errors } = await decode(decoder, cases.map(([hex]) => bytesOf(hex)));
  deepEqual(errors, cases.map(([, error]) => error));
  equal(rows.length, 0);
});

Deno.test("whatever the bytes are, each record is a row or a dead letter", async () => {
  await using fake = new ProtoRegistry();
  fake.add(1, "common/currency.proto", { schema: await goldenProto("common/currency.proto") });
  const imports = ["common/currency.proto"];
  fake.add(2, "common/money.proto", { schema: await goldenProto("common/money.proto"), imports });
  const schema = await goldenProto("golden.proto");
  fake.add(3, "golden.proto", { schema, imports: ["common/money.proto"] });
  const decoder = await protobuf({ registry: fake.client(), subject: "golden.proto" });
  const [full] = (await readGolden()).all;
  const good = withSchemaId(3, Uint8Array.fromHex(`00${full?.hex}`));
  const random = new Random(20261121);
  const broken = Array.from({ length: 2000 }, () => {
    const value = good.slice(0, random.integer(6, good.length));
    for (let i = random.integer(0, 2); i > 0; i--) {
      value[random.integer(0, value.length - 1)] = random.integer(0, 255);
    }
    return value;
  });
  const values = [...broken, good];
  const { rows, errors } = await decode(decoder, values);
  equal(rows.length + errors.length, values.length);
  ok(errors.length > 1000);
  deepEqual(rows.at(-1), (await decode(decoder, [good])).rows[0]);
});

Deno.test("a schema picks fields by name, within messages too, and may be wider than what was written", async () => {
  const proto = `
    syntax = "proto3";
    import "google/protobuf/wrappers.proto";
    message M {
      int32 a = 1; uint64 b = 2; float c = 3; int64 t = 4; P p = 5; repeated P ps = 6;
      google.protobuf.Int64Value w = 7; uint32 u = 8; string unwanted = 9;
    }
    message P { int32 x = 1; int64 t = 2; }
  `;
  const Wanted = s.struct({
    p: s.struct({ time: s.timestamp("s").from("t"), none: s.string().nullable() }).nullable(),
    long: s.long().from("a"),
    b: s.long(),
    c: s.double(),
    t: s.timestamp("ms"),
    ps: s.array(s.struct({ x: s.decimal(12, 2) })),
    w: s.decimal(38, 0).nullable(),
    u: s.byte(),
    missing: s.integer().nullable(),
  });
  const decoder = await protobuf({ proto, schema: Wanted });
  const { rows, errors } = await decode(decoder, [
    bytesOf("0807 1008 1d0000c03f 2009 2a041001 0801 32020802 3a02080a 407f 4a0161"),
    bytesOf(""),
    bytesOf("408001"),
    bytesOf("10ffffffffffffffffff01"),
    bytesOf("20ffffffffffffffff7f"),
  ]);
  const empty = {
    p: null,
    long: 0n,
    b: 0n,
    c: 0,
    t: 0n,
    ps: [],
    w: null,
    u: 0,
    missing: null,
  };
  deepEqual(rows, [{
    ...empty,
    p: { time: 1_000_000n, none: null },
    long: 7n,
    b: 8n,
    c: 1.5,
    t: 9000n,
    ps: [{ x: new Decimal(200n, 2) }],
    w: new Decimal(10n, 0),
    u: 127,
  }, empty]);
  deepEqual(errors, [
    'column "u": found 128 (number), wanted byte',
    'column "b": found 18446744073709551615 (bigint), wanted long',
    'column "t": found 9223372036854775807000 (bigint), wanted timestamp',
  ]);
});

Deno.test("a schema that no record could be a row of is refused, with every field that does not fit", async () => {
  const proto = `
    syntax = "proto3";
    import "google/protobuf/timestamp.proto";
    message M {
      int64 a = 1; repeated int32 b = 2; map<string, E> c = 3; P p = 4; E e = 5;
      google.protobuf.Timestamp t = 6; int32 f = 7;
    }
    message P { string x = 1; }
    enum E { NONE = 0; }
  `;
  const Wrong = s.struct({
    a: s.integer(),
    b: s.integer(),
    c: s.map(s.string(), s.long()),
    p: s.struct({ x: s.binary(), y: s.long() }),
    e: s.integer(),
    t: s.timestampNtz(),
    f: s.array(s.integer()),
    gone: s.string(),
  });
  await rejects(protobuf({ proto, schema: Wrong }), {
    code: "SCHEMA_MISMATCH",
    message: "Cannot decode Protobuf at the message: found " + [
      'field "a": found int64, wanted integer',
      'field "b": found repeated int32, wanted integer',
      'field "c": found map<string, enum E>, wanted map<string,long>',
      'field "p.x": found string, wanted binary',
      'field "p.y": missing in the message',
      'field "e": found enum E, wanted integer',
      'field "t": found message google.protobuf.Timestamp, wanted timestamp_ntz',
      'field "f": found int32, wanted array<integer>',
      'field "gone": missing in the message',
    ].join("; ") +
      ". Change the schema that is wanted; a nullable column may be missing in the records",
  });
});

Deno.test("records with a bad header, of another message or with an id that tells no file are dead letters", async () => {
  await using fake = new ProtoRegistry();
  fake.add(1, "orders-value", { schema: ORDER });
  fake.add(2, "avro", { schema: '"string"', schemaType: "AVRO" });
  fake.add(3, "bad", { schema: "message Order {" });
  fake.add(4, "lost", { schema: ORDER, imports: ["gone.proto"] });
  fake.add(5, "untyped", { schema: 'syntax = "proto3"; message Order { Line line = 1; }' });
  fake.add(6, "text", { schema: ORDER.replace("int64 id", "string id") });
  fake.add(7, "renamed", { schema: ORDER.replaceAll("Order", "Purchase") });
  fake.add(8, "none", { schema: 'syntax = "proto3"; enum E { NONE = 0; }' });
  const Order = s.struct({ id: s.long(), customer: s.string() });
  const decoder = await protobuf({ registry: fake.client(), schema: Order, message: "shop.Order" });
  const good = bytesOf("00 00000001 00 0807 1203616e6e 1a020a00");
  const { rows, errors } = await decode(decoder, [
    bytesOf("0807"),
    good,
    null,
    bytesOf("00 00000001"),
    bytesOf("00 00000001 02"),
    bytesOf("00 00000001 0202 0a00"),
    bytesOf("00 00000001 0208"),
    bytesOf("00 00000001 040000"),
    bytesOf("00 00000001 0200 0807"),
    good.subarray(0, good.length - 1),
    ...[2, 3, 4, 5, 6, 7, 8, 99].map((id) => withSchemaId(id, bytesOf("000807"))),
    good,
  ]);
  deepEqual(rows, [7n, 7n, 7n].map((id, i) => ({ id, customer: i === 1 ? "" : "ann" })));
  const wanted = "wanted the text of a .proto file, all of whose types are in it or in its imports";
  deepEqual(errors, [
    "no schema id: found the bytes 0807, wanted 00 and four bytes of id before the value",
    "value is null (a tombstone)",
    "schema id 1: found no message indexes behind the id",
    "schema id 1: found no message indexes behind the id",
    "schema id 1: found message shop.Line, wanted message shop.Order",
    "schema id 1: found message indexes 4, which lead to none, wanted message shop.Order",
    "schema id 1: found message indexes 0, 0, which lead to none, wanted message shop.Order",
    "schema id 1: found a length of 2 with 1 bytes left",
    "schema id 2: Cannot read a Protobuf schema: found a schema of type AVRO, wanted PROTOBUF",
    `schema id 3: Cannot read a Protobuf schema: found illegal token 'null' (line 1), ${wanted}`,
    "schema id 4: Cannot get the schemas that a schema uses: found no version 1 of subject " +
    '"gone.proto"',
    "schema id 5: Cannot read a Protobuf schema: found no such Type or Enum 'Line' in Type " +
    `.Order, ${wanted}`,
    'schema id 6: field "id": found string, wanted long',
    "schema id 7: found no message shop.Order",
    "schema id 8: found no message shop.Order",
    "schema id 99: unknown to the registry",
  ]);
});

Deno.test("a registry that is away makes no dead letter and no row, but an error to try again", async () => {
  await using fake = new ProtoRegistry();
  fake.add(1, "orders-value", { schema: ORDER });
  fake.add(2, "orders-value", { schema: ORDER });
  const decoder = await protobuf({ registry: fake.client(), subject: "orders-value" });
  const value = (id: number) => withSchemaId(id, bytesOf("000807"));
  equal((await decode(decoder, [value(1)])).rows.length, 1);
  fake.isAway = true;
  const batch = new Batch(decoder.schema);
  await rejects(async () => await decoder.decode(recordBlock([value(1), value(2)]), batch), {
    code: "REGISTRY_UNAVAILABLE",
    retryable: true,
  });
  equal(batch.numRows, 0);
  // What is known needs no registry.
  equal((await decode(decoder, [value(1)])).rows.length, 1);
});

Deno.test("a subject's newest version gives the columns, and older records are read with their own", async () => {
  await using fake = new ProtoRegistry();
  fake.add(1, "orders-value", { schema: ORDER });
  fake.add(2, "orders-value", {
    schema: 'syntax = "proto3"; package shop; message Order { string customer = 9; int64 id = 1; }',
  });
  const decoder = await protobuf({ registry: fake.client(), subject: "orders-value" });
  const { rows, errors } = await decode(decoder, [
    bytesOf("00 00000001 00 0807 1203616e6e"),
    bytesOf("00 00000002 00 0808 4a03626f62"),
  ]);
  deepEqual(errors, []);
  deepEqual(rows, [{ customer: "ann", id: 7n }, { customer: "bob", id: 8n }]);
});

Deno.test("schemaOfProto() refuses by name what has no columns", () => {
  const cases: [fields: string, message: RegExp][] = [
    ["P p = 1;", /at field "p.m": found message M, which holds itself, wanted messages of a fixed/],
    ["map<int32, M> ms = 1;", /at field "ms\{\}": found message M, which holds itself/],
    ["repeated Q q = 1;", /at field "q\[\]": found message Q, which has no fields/],
    [
      "google.protobuf.Struct s = 1;",
      /field "s.fields\{\}.structValue": found message google.protobuf.Struct, which holds itself/,
    ],
  ];
  for (const [fields, message] of cases) {
    const proto = `
      syntax = "proto3";
      import "google/protobuf/struct.proto";
      message M { ${fields} }
      message P { M m = 1; }
      message Q {}
    `;
    throws(() => schemaOfProto(proto), { code: "UNSUPPORTED_SCHEMA", message });
  }
});

Deno.test("proto2 and editions: presence is as the file says, and a required field must be there", async () => {
  const proto2 = await protobuf({
    proto: `
      syntax = "proto2";
      message M { required int32 a = 1; optional int32 b = 2 [default = 5]; repeated int32 c = 3; }
    `,
  });
  equal(describe(proto2.schema), "a integer, b integer or null, c array<integer>");
  deepEqual(await decode(proto2, [bytesOf("0801"), bytesOf("1001")]), {
    rows: [{ a: 1, b: null, c: [] }],
    errors: ['column "a": found no value, wanted integer'],
  });
  const edition = schemaOfProto(`
    edition = "2023";
    message M { int32 a = 1; int32 b = 2 [features.field_presence = IMPLICIT]; }
  `);
  equal(describe(edition), "a integer or null, b integer");
  throws(
    () =>
      schemaOfProto(
        'syntax = "proto2"; message M { optional group G = 1 { optional int32 x = 1; } }',
      ),
    { code: "UNSUPPORTED_SCHEMA", message: /field "g": found group M.G, wanted a type with a/ },
  );
});

Deno.test("options of other files' fields are passed over", () => {
  const schema = schemaOfProto(`
    syntax = "proto3";
    import "google/protobuf/descriptor.proto";
    import "confluent/meta.proto";
    extend google.protobuf.FieldOptions { string unit = 50001; }
    message M { int32 a = 1 [(unit) = "m", (confluent.field_meta).doc = "length"]; }
  `);
  equal(describe(schema), "a integer");
});

Deno.test("a file of google/protobuf/ that the registry has too is read once", async () => {
  const timestamp = "google/protobuf/timestamp.proto";
  await using fake = new ProtoRegistry();
  fake.add(1, timestamp, {
    schema: `
      syntax = "proto3";
      package google.protobuf;
      message Timestamp { int64 seconds = 1; int32 nanos = 2; }
    `,
  });
  fake.add(2, "events-value", {
    schema: `
      syntax = "proto3";
      import "${timestamp}";
      message Event { google.protobuf.Timestamp at = 1; }
    `,
    imports: [timestamp],
  });
  const decoder = await protobuf({ registry: fake.client(), subject: "events-value" });
  equal(describe(decoder.schema), "at timestamp or null");
  deepEqual(await decode(decoder, [bytesOf("00 00000002 00 0a020801")]), {
    rows: [{ at: 1_000_000n }],
    errors: [],
  });
});

Deno.test("protobuf() refuses options that contradict each other or name what is not there", async () => {
  await using fake = new ProtoRegistry();
  fake.add(1, "orders-value", { schema: ORDER });
  const registry = fake.client();
  await rejects(protobuf({ proto: ORDER, registry }), { code: "BAD_OPTION" });
  await rejects(protobuf({ registry }), { code: "BAD_OPTION", message: /option "subject"/ });
  await rejects(protobuf({ registry, subject: "none" }), { code: "SCHEMA_NOT_FOUND" });
  await rejects(protobuf({ registry, subject: "orders-value", message: "Order" }), {
    code: "BAD_OPTION",
    message: /"Order", wanted one of shop.Order, shop.Line, shop.Note/,
  });
  await rejects(protobuf({ proto: "message {" }), { code: "BAD_PROTO_SCHEMA" });
  await rejects(protobuf({ proto: "" }), { code: "BAD_PROTO_SCHEMA" });
  await rejects(protobuf({ proto: ORDER, topic: "x" } as { proto: string }), {
    code: "UNKNOWN_OPTION",
  });
  const Wrong = s.struct({ id: s.string() });
  await rejects(protobuf({ registry, subject: "orders-value", schema: Wrong }), {
    code: "SCHEMA_MISMATCH",
    message: /at the newest version of subject "orders-value": found field "id": found int64/,
  });
});

/** Bytes in hex, with spaces where a reader likes them. */
function bytesOf(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

function describe({ fields }: Schema): string {
  return fields.map(({ name, type, nullable }) =>
    `${name} ${typeName(type)}${nullable ? " or null" : ""}`
  ).join(", ");
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
