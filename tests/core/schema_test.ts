import { deepEqual, equal, throws } from "assert";
import { type Decimal, type Row, Schema, schema as s, typeName } from "../../lib/core/mod.ts";

Deno.test("a schema gives its rows their TypeScript type", () => {
  const Trade = s.struct({
    id: s.long(),
    price: s.decimal(18, 8).nullable().from("p"),
    tags: s.map(s.string(), s.array(s.integer().nullable())),
  });
  // Checked when the test is compiled: the row is exactly this.
  const row: Row<typeof Trade> = { id: 1n, price: null, tags: new Map([["a", [1, null]]]) };
  const same: { id: bigint; price: Decimal | null; tags: Map<string, (number | null)[]> } = row;
  // @ts-expect-error: a long is a bigint.
  const wrong: Row<typeof Trade> = { id: 1, price: null, tags: new Map() };
  equal(same.id, BigInt(wrong.id));
  deepEqual(Trade.fields.map(({ name, sourceName, nullable }) => [name, sourceName, nullable]), [
    ["id", "id", false],
    ["price", "p", true],
    ["tags", "tags", false],
  ]);
  equal(
    typeName(Trade.type),
    "struct<id:long,price:decimal(18,8),tags:map<string,array<integer>>>",
  );
});

Deno.test("a schema refuses columns whose names differ in case alone, and names the way out", () => {
  throws(() => s.struct({ t: s.long(), T: s.timestamp("ms") }), {
    code: "BAD_SCHEMA",
    message: /column "T": found another column "t".*\.from\("T"\)/s,
  });
  throws(() => s.struct({ nested: s.struct({ a: s.long(), A: s.long() }) }), {
    code: "BAD_SCHEMA",
  });
  deepEqual(
    s.struct({ t: s.long(), trade_time: s.timestamp("ms").from("T") }).fields.map((f) =>
      f.sourceName
    ),
    ["t", "T"],
  );
});

Deno.test("a schema refuses what it could not keep", () => {
  const schemas = [
    () => s.struct({}),
    () => s.struct({ a: s.long().from("x"), b: s.long().from("x") }),
    () => s.struct({ ["__proto__"]: s.long() }),
    () => s.decimal(0, 0),
    () => s.decimal(39, 0),
    () => s.decimal(10, 11),
    () => s.decimal(10, -1),
    () => s.decimal(10.5, 1),
    () => s.array(s.timestamp("ms")),
    () => s.map(s.string(), s.timestamp("us")),
    () => s.map(s.string().from("k"), s.long()),
    () => new Schema([]),
  ];
  for (const make of schemas) throws(make, { code: "BAD_SCHEMA" });
});
