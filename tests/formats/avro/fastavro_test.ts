import { deepEqual, ok } from "assert";
import { Batch, Decimal } from "../../../lib/core/mod.ts";
import {
  avro,
  AvroEncoder,
  type AvroSchemaJson,
  schemaOfAvro,
} from "../../../lib/formats/avro/mod.ts";
import { withSchemaId } from "../../../lib/formats/registry/mod.ts";
import { recordBlock } from "../record_block.ts";
import { FakeRegistry } from "../registry/fake_registry.ts";
import { runForeign } from "../foreign/run_foreign.ts";

interface Case {
  readonly schema: AvroSchemaJson;
  readonly hex: string;
  readonly value: unknown;
}

Deno.test("every type is read as fastavro wrote it, and written as fastavro reads it", async () => {
  const cases = await runForeign("types") as Case[];
  ok(cases.length > 40);
  const theirs: Omit<Case, "value">[] = [];
  const ours: Omit<Case, "value">[] = [];
  for (const { schema, hex, value } of cases) {
    const decoder = await avro({ writerSchema: schema });
    const batch = new Batch(decoder.schema);
    const name = JSON.stringify(schema);
    deepEqual(await decoder.decode(recordBlock([Uint8Array.fromHex(hex)]), batch), [], name);
    deepEqual(JSON.parse(JSON.stringify(batch.row(0).v, plain)), value, name);
    const encoder = new AvroEncoder(schemaOfAvro(schema), schema);
    const [bytes] = encoder.encodeBatch(batch);
    theirs.push({ schema, hex });
    ours.push({ schema, hex: bytes?.toHex() ?? "" });
  }
  deepEqual(
    await runForeign("read", JSON.stringify(ours)),
    await runForeign("read", JSON.stringify(theirs)),
  );
});

const POINT = {
  type: "record",
  name: "Point",
  fields: [{ name: "x", type: "int" }, { name: "y", type: ["null", "int"] }],
};

/** What a writer wrote, and what a reader's schema makes of it. */
const RESOLUTIONS: readonly (readonly [writer: unknown, hex: string, reader: unknown])[] = [
  ["int", "0d", "long"],
  ["int", "0d", "double"],
  ["long", "0d", "float"],
  ["float", "0000c03f", "double"],
  ["string", "0261", "bytes"],
  ["bytes", "0261", "string"],
  ["int", "0d", ["null", "int"]],
  ["int", "0d", ["null", "double"]],
  [["null", "int"], "00", ["string", "null"]],
  [["int", "string"], "020261", ["null", "string"]],
  [["null", "int"], "020d", "long"],
  [{ type: "array", items: "int" }, "040d0200", { type: "array", items: ["null", "long"] }],
  [{ type: "map", values: "int" }, "0202610d00", { type: "map", values: "double" }],
  [POINT, "0202" + "04", { ...POINT, fields: [...POINT.fields].reverse() }],
  [POINT, "0202" + "04", {
    ...POINT,
    fields: [
      { name: "z", type: ["null", "string"], default: null },
      { name: "w", aliases: ["x"], type: "long" },
      { name: "list", type: { type: "array", items: "string" }, default: ["a"] },
    ],
  }],
  [
    { type: "enum", name: "E", symbols: ["A", "B", "C"] },
    "04",
    { type: "enum", name: "E", symbols: ["B", "X"], default: "X" },
  ],
];

Deno.test("what a reader's schema makes of a writer's is what fastavro makes of it", async () => {
  const items = RESOLUTIONS.map(([writer, hex, reader]) => ({
    writer: recordOf(writer),
    reader: recordOf(reader),
    hex,
  }));
  const expected = await runForeign("resolve", JSON.stringify(items)) as unknown[];
  for (const [i, { writer, reader, hex }] of items.entries()) {
    await using fake = new FakeRegistry();
    fake.add(1, "s", writer);
    fake.add(2, "s", reader);
    const decoder = await avro({ registry: fake.client(), subject: "s" });
    const batch = new Batch(decoder.schema);
    const block = recordBlock([withSchemaId(1, Uint8Array.fromHex(hex))]);
    const name = JSON.stringify({ writer, reader });
    deepEqual(await decoder.decode(block, batch), [], name);
    // As JSON, where long and int, bytes and hex are the same.
    deepEqual(JSON.parse(JSON.stringify(batch.row(0), numbers)), expected[i], name);
  }
});

function recordOf(type: unknown): AvroSchemaJson {
  return {
    type: "record",
    name: "R",
    fields: [{ name: "v", type: type as AvroSchemaJson }],
  } as AvroSchemaJson;
}

function numbers(name: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : plain(name, value);
}

function plain(_name: string, value: unknown): unknown {
  if (typeof value === "bigint" || value instanceof Decimal) return String(value);
  if (value instanceof Uint8Array) return value.toHex();
  return value instanceof Map ? Object.fromEntries(value) : value;
}
