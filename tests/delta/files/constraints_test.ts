import { deepEqual, equal, throws } from "assert";
import { Batch, Decimal, type Schema, schema as s } from "../../../lib/core/mod.ts";
import type { FieldJson } from "../../../lib/delta/protocol/schema_json.ts";
import { field, layoutOf } from "../../support/table_layouts.ts";

const Trade = s.struct({
  id: s.long(),
  price: s.decimal(10, 2).nullable(),
  address: s.struct({ street: s.string().nullable() }).nullable(),
});

function batchOf(schema: unknown, rows: readonly Record<string, unknown>[]): Batch {
  const batch = new Batch(schema as Schema);
  for (const row of rows) batch.append(row);
  return batch;
}

const trade = (id: number, price: string | null, street = "x") => ({
  id: BigInt(id),
  price: price === null ? null : Decimal.parse(price),
  address: { street },
});

const positive = { "delta.constraints.positive": "price > 0" };

Deno.test("enforce() names the constraint and the row that breaks it", () => {
  const { constraints } = layoutOf("/table", Trade, [], positive);

  constraints.enforce(batchOf(Trade, [trade(1, "0.01")]));
  throws(() => constraints.enforce(batchOf(Trade, [trade(1, "0.01"), trade(2, "-1.00")])), {
    code: "CONSTRAINT_VIOLATED",
    message: /constraint "positive".*price -1.00.*price > 0/,
  });
});

Deno.test("enforce() takes null for no: a constraint has to be true", () => {
  const { constraints } = layoutOf("/table", Trade, [], positive);

  throws(() => constraints.enforce(batchOf(Trade, [trade(1, null)])), {
    code: "CONSTRAINT_VIOLATED",
  });
});

Deno.test("enforce() keeps to invariants of columns, nested ones too", () => {
  const invariant = (sql: string) => ({
    "delta.invariants": JSON.stringify({ expression: { expression: sql } }),
  });
  const { constraints, schema } = layoutOf("/table", [
    field("id", "long", invariant("id < 10")),
    field("address", {
      type: "struct",
      fields: [field("street", "string", invariant("address.street <> ''"))],
    }),
  ]);
  const enforce = (id: bigint, street: string) =>
    constraints.enforce(batchOf(schema, [{ id, address: { street } }]));

  enforce(9n, "x");
  throws(() => enforce(10n, "x"), { message: /invariant of column "id"/ });
  throws(() => enforce(9n, ""), { message: /invariant of column "address.street"/ });
});

Deno.test("enforce() wants generated columns to be what they are generated from", () => {
  const { constraints, schema } = layoutOf("/table", [
    field("id", "long"),
    field("twice", "long", { "delta.generationExpression": "id * 2" }),
  ]);
  const enforce = (id: bigint | null, twice: bigint | null) =>
    constraints.enforce(batchOf(schema, [{ id, twice }]));

  enforce(2n, 4n);
  enforce(null, null);
  throws(() => enforce(2n, 5n), { message: /generated column "twice"/ });
  throws(() => enforce(2n, null), { code: "CONSTRAINT_VIOLATED" });
  deepEqual(constraints.generatedColumns, ["twice"]);
});

Deno.test("enforce() misses values at every level, but not below what is null itself", () => {
  const required = (name: string, type: FieldJson["type"]): FieldJson => ({
    ...field(name, type),
    nullable: false,
  });
  const street = { type: "struct", fields: [required("street", "string")] } as const;
  const { constraints } = layoutOf("/table", [
    field("id", "long"),
    field("address", street),
    field("stops", { type: "array", elementType: street, containsNull: false }),
    field("counts", {
      type: "map",
      keyType: "string",
      valueType: "long",
      valueContainsNull: false,
    }),
  ]);
  const anything = s.struct({
    id: s.long(),
    address: s.struct({ street: s.string().nullable() }).nullable(),
    stops: s.array(s.struct({ street: s.string().nullable() }).nullable()).nullable(),
    counts: s.map(s.string(), s.long().nullable()).nullable(),
  });
  const enforce = (row: Record<string, unknown>) => {
    const nulls = { id: 1n, address: null, stops: null, counts: null };
    constraints.enforce(constraints.complete(batchOf(anything, [nulls, { ...nulls, ...row }])));
  };

  enforce({});
  enforce({ address: { street: "x" }, stops: [], counts: new Map([["a", 1n]]) });
  throws(() => enforce({ address: { street: null } }), { message: /"address.street".*NOT NULL/ });
  throws(() => enforce({ stops: [{ street: "x" }, null] }), { message: /"stops.element"/ });
  throws(() => enforce({ stops: [{ street: null }] }), { message: /"stops.element.street"/ });
  throws(() => enforce({ counts: new Map([["a", null]]) }), { message: /"counts.value"/ });
});

Deno.test("reject() tells every row that breaks a constraint, from the one asked for", () => {
  const { constraints } = layoutOf("/table", Trade, [], positive);
  const batch = batchOf(Trade, [trade(1, "-1"), trade(2, "1"), trade(3, "0"), trade(4, null)]);

  deepEqual(constraints.reject(batch, 1).map(({ index }) => index), [2, 3]);
  equal(
    constraints.reject(batch, 0)[0]?.error,
    'constraint "positive": found price -1.00 (Decimal), wanted price > 0',
  );
});

Deno.test("reject() tells the row for which a constraint cannot be worked out", () => {
  const { constraints } = layoutOf("/table", Trade, [], {
    "delta.constraints.share": "100 / id > 1",
  });
  const batch = batchOf(Trade, [1, 0, 200, 2].map((id) => trade(id, "1")));

  deepEqual(constraints.reject(batch, 0).map(({ index }) => index), [1, 2]);
});

Deno.test("constraints that are not understood are refused by name, when rows come", () => {
  const { constraints } = layoutOf("/table", Trade, [], {
    "delta.constraints.odd": "my_function(id) = 1",
  });

  throws(() => constraints.enforce(batchOf(Trade, [trade(1, "1")])), {
    code: "UNSUPPORTED_FEATURE",
    message: /checkConstraints.*constraint "odd"/,
  });
});

Deno.test("a default is taken only where the rows do not have the column", () => {
  const { constraints, schema } = layoutOf("/table", [
    field("id", "long"),
    field("side", "string", { CURRENT_DEFAULT: "'buy'" }),
  ]);

  const given = constraints.complete(batchOf(schema, [{ id: 1n, side: null }]));
  const lacking = constraints.complete(batchOf(s.struct({ id: s.long() }), [{ id: 1n }]));

  deepEqual([...given.rows()], [{ id: 1n, side: null }]);
  deepEqual([...lacking.rows()], [{ id: 1n, side: "buy" }]);
});
