import { deepEqual, equal } from "assert";
import { Batch, Decimal, type Decoder, isRejection, typeName } from "../../../lib/core/mod.ts";
import { protobuf } from "../../../lib/formats/protobuf/mod.ts";
import {
  type SchemaRegistry,
  schemaRegistry,
  withSchemaId,
} from "../../../lib/formats/registry/mod.ts";
import { testRegistry } from "../../support/stack.ts";
import { recordBlock } from "../record_block.ts";
import { goldenProto, readGolden } from "./golden.ts";
import { ProtoRegistry } from "./proto_registry.ts";

const CURRENCY = "common/currency.proto";
const MONEY = "common/money.proto";
const FILES = [
  { name: CURRENCY, imports: [] },
  { name: MONEY, imports: [CURRENCY] },
  { name: "golden.proto", imports: [MONEY] },
];
const ID = 3;

Deno.test("every type has its column", async () => {
  await using fake = new ProtoRegistry();
  const { schema } = await goldenDecoder(fake, await textFiles());
  const line = "struct<sku:string,counts:array<long>,at:timestamp>";
  const columns = schema.fields.map(({ name, type, nullable }) =>
    `${name} ${typeName(type)}${nullable ? " or null" : ""}`
  );
  deepEqual(columns, [
    "i32 integer",
    "s32 integer",
    "sf32 integer",
    "u32 long",
    "f32 long",
    "i64 long",
    "s64 long",
    "sf64 long",
    "u64 decimal(20,0)",
    "f64 decimal(20,0)",
    "real float",
    "number double",
    "flag boolean",
    "text string",
    "data binary",
    "side string",
    "maybe long or null",
    "maybe_side string or null",
    "name string or null",
    `line ${line} or null`,
    "number_of decimal(20,0) or null",
    "packed array<integer>",
    "apart array<integer>",
    "tags array<string>",
    `lines array<${line}>`,
    "sides array<string>",
    "totals map<string,long>",
    `by_id map<long,${line}>`,
    "by_flag map<boolean,string>",
    "by_key map<decimal(20,0),binary>",
    "at timestamp or null",
    "times array<timestamp>",
    "wrapped_long long or null",
    "wrapped_text string or null",
    "wrapped_flag boolean or null",
    "wrapped_unsigned decimal(20,0) or null",
    "wrapped_bytes binary or null",
    "wrapped_double double or null",
    "wrapped_float float or null",
    "wrapped_int integer or null",
    "wrapped_uint long or null",
    "wrapped_texts array<string>",
    "price struct<units:long,currency:string> or null",
  ]);
});

Deno.test("records of protoc's classes for Python become their rows, value for value", async () => {
  const { all, compiled } = await readGolden();
  for (const files of [await textFiles(), compiled]) {
    await using fake = new ProtoRegistry();
    const decoder = await goldenDecoder(fake, files);
    const values = all.map(({ hex }) => withSchemaId(ID, Uint8Array.fromHex(`00${hex}`)));
    const { rows, errors } = await decode(decoder, values);
    deepEqual(errors, []);
    deepEqual(rows.map(asJson), all.map(({ row }) => row));
  }
});

Deno.test("records of Confluent's serializer are read by the message that they name", async () => {
  const { framed } = await readGolden();
  const values = framed.map(({ hex }) => Uint8Array.fromHex(hex));
  await using fake = new ProtoRegistry();
  await goldenDecoder(fake, await textFiles());
  const messages = framed.map(({ message }) => message);
  for (const [index, message] of messages.entries()) {
    if (message === "sluice.golden.Outer") continue;
    const registry = fake.client();
    const decoder = await protobuf({ registry, subject: "golden.proto", message });
    const { rows, errors } = await decode(decoder, values);
    equal(rows.length, 1);
    const others = messages.filter((_, other) => other !== index);
    deepEqual(
      errors,
      others.map((other) => `schema id ${ID}: found message ${other}, wanted message ${message}`),
    );
  }
});

Deno.test("a real registry's files are read, with those they import, as text and compiled", async () => {
  const url = await testRegistry();
  const { all, compiled } = await readGolden();
  for (const files of [await textFiles(), compiled]) {
    const registry = schemaRegistry({ url });
    const subject = (name: string) => `${run}-${name}`;
    const run = `protobuf-${crypto.randomUUID()}`;
    let id = 0;
    for (const { name, imports } of FILES) {
      const references = imports.map((name) => ({ name, subject: subject(name), version: 1 }));
      const schema = files[name] ?? "";
      id = await registry.register(subject(name), { schemaType: "PROTOBUF", schema, references });
    }
    const decoder = await protobuf({ registry, subject: subject("golden.proto") });
    const values = all.map(({ hex }) => withSchemaId(id, Uint8Array.fromHex(`00${hex}`)));
    const { rows, errors } = await decode(decoder, values);
    deepEqual(errors, []);
    deepEqual(rows.map(asJson), all.map(({ row }) => row));
  }
});

async function textFiles(): Promise<Record<string, string>> {
  const names = FILES.map(({ name }) => name);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await goldenProto(name)] as const)),
  );
}

async function goldenDecoder(
  fake: ProtoRegistry,
  files: Readonly<Record<string, string>>,
): Promise<Decoder> {
  for (const [index, { name, imports }] of FILES.entries()) {
    fake.add(index + 1, name, { schema: files[name] ?? "", imports });
  }
  const registry: SchemaRegistry = fake.client();
  return await protobuf({ registry, subject: "golden.proto" });
}

async function decode(
  decoder: Decoder,
  values: readonly Uint8Array[],
): Promise<{ rows: Record<string, unknown>[]; errors: string[] }> {
  const batch = new Batch(decoder.schema);
  const rejections = await decoder.decode(recordBlock(values), batch);
  return {
    rows: [...batch.rows()],
    errors: rejections.filter(isRejection).map(({ error }) => error),
  };
}

/** As the golden rows are written: whole numbers of 64 bits as text, bytes in hex, pairs sorted. */
function asJson(value: unknown): unknown {
  if (typeof value === "bigint" || value instanceof Decimal) return String(value);
  if (value instanceof Uint8Array) return value.toHex();
  if (Array.isArray(value)) return value.map(asJson);
  if (value instanceof Map) {
    const pairs = [...value].map(([key, item]) => [asJson(key), asJson(item)]);
    return pairs.sort((a, b) => String(a[0]) < String(b[0]) ? -1 : 1);
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, asJson(item)]));
}
