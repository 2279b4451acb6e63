import { deepEqual, throws } from "assert";
import { Batch, schema as s } from "../../lib/core/mod.ts";
import { bindExpression, bindPredicate } from "../../lib/sql/mod.ts";

const Trade = s.struct({
  id: s.long(),
  Symbol: s.string().nullable(),
  place: s.struct({ City: s.string().nullable(), at: s.struct({ x: s.integer() }).nullable() })
    .nullable(),
  "a.b": s.integer(),
  tags: s.array(s.string().nullable()).nullable(),
  scores: s.map(s.string(), s.integer()).nullable(),
});

function trades(): Batch {
  const batch: Batch = new Batch(Trade);
  batch.append({
    id: 1n,
    Symbol: "BTC",
    place: { City: "Bern", at: { x: 7 } },
    "a.b": 1,
    tags: ["x", null],
    scores: new Map([["k", 5]]),
  });
  batch.append({ id: 2n, Symbol: null, place: null, "a.b": 2, tags: null, scores: null });
  batch.append({
    id: 3n,
    Symbol: "ETH",
    place: { City: null, at: null },
    "a.b": 3,
    tags: ["y", "z"],
    scores: new Map(),
  });
  return batch;
}

function values(sql: string): unknown[] {
  const column = bindExpression(sql, Trade).evaluate(trades());
  return Array.from({ length: column.length }, (_, row) => column.get(row));
}

Deno.test("columns are found whatever the case, inside structs too, and named as in the schema", () => {
  deepEqual(values("SYMBOL"), ["BTC", null, "ETH"]);
  deepEqual(values("`a.b` + 1"), [2, 3, 4]);
  deepEqual(values("Place.city"), ["Bern", null, null]);
  deepEqual(values("place.at.x"), [7, null, null]);
  deepEqual(values("place.at.x IS NULL"), [false, true, true]);
  deepEqual(bindExpression("PLACE.AT.X > id AND id > 1", Trade).columns, [
    { qualifier: "", path: ["place", "at", "x"] },
    { qualifier: "", path: ["id"] },
  ]);
});

Deno.test("elements of arrays and maps: a key may be missing, an index may not", () => {
  deepEqual(values("tags[0]"), ["x", null, "y"]);
  deepEqual(values("scores['k']"), [5, null, null]);
  deepEqual(values("size(tags)"), [2, null, 2]);
  throws(() => values("tags[2]"), {
    code: "BAD_VALUE",
    message: /"tags\[2\]" at row 0: found index 2, wanted an index below 2/,
  });
});

Deno.test("over two tables, a name that both have needs its table", () => {
  const Source = s.struct({ id: s.long(), price: s.double() });
  const scope = { target: Trade, source: Source };
  const batches = { target: trades(), source: new Batch(Source) };
  for (const [id, price] of [[1n, 1.5], [5n, 2.5], [3n, 3.5]] as const) {
    batches.source.append({ id, price });
  }
  const match = bindPredicate("target.id = SOURCE.ID AND symbol <> 'x' AND price > 1", scope);
  deepEqual([...match.select(batches)], [0, 2]);
  deepEqual(match.columns, [
    { qualifier: "target", path: ["id"] },
    { qualifier: "source", path: ["id"] },
    { qualifier: "target", path: ["Symbol"] },
    { qualifier: "source", path: ["price"] },
  ]);
  throws(() => bindPredicate("id = 1", scope), {
    code: "BAD_EXPRESSION",
    message: /column "id": found .*target and of source: ambiguous, wanted target.id or source.id/,
  });
  throws(() => bindPredicate("source.symbol = ''", scope), {
    message: /column "symbol": found no such column, wanted one of id, price/,
  });
  throws(() => match.select({ target: trades(), source: new Batch(Source) }), {
    code: "BAD_OPTION",
    message: /found 3, 0 rows, wanted batches of the same length/,
  });
});

Deno.test("names and types that make no sense are refused with what there is", () => {
  const wrong: [sql: string, message: RegExp][] = [
    ["prize", /column "prize": found no such column, wanted one of id, Symbol, place/],
    ["place.town", /column "place.town": found no such column, wanted one of City, at/],
    ["id.x", /column "id.x": found id is long, wanted a struct before the dot/],
    ["sum(id)", /found no function sum, wanted one of abs, /],
    ["now()", /found a function that gives another value each time/],
    ["current_date", /found a function that gives another value each time/],
    ["constructor(id)", /found no function constructor/],
    ["date_trunc('constructor', DATE '2024-01-01')", /wanted date_trunc\('unit', timestamp\)/],
    ["id AND true", /at "id": found long, wanted boolean/],
    ["id > DATE '2024-01-01'", /found long and date/],
    ["place = place", /found struct.* and struct.*, wanted types that go together/],
    ["place + 1", /found struct/],
    ["CASE WHEN id THEN 1 END", /found long and integer/],
    ["substring(Symbol)", /found string, wanted substring\(text, start \[, length\]\)/],
    ["CAST(place AS int)", /wanted a type that casts to integer/],
    ["Symbol RLIKE '(?<x'", /wanted rlike\(text, 'pattern'\)/],
    ["Symbol RLIKE '[a-z&&[^b]]'", /wanted rlike/],
    ["INTERVAL 3 DAYS", /found an interval, wanted it only after \+ or -/],
    ["id + INTERVAL 3 DAYS", /found long/],
    ["Symbol LIKE 'a\\\\b'", /wanted text and a pattern with .* only before _, % and itself/],
    ["NULL", /found NULL, which has no type/],
  ];
  for (const [sql, message] of wrong) {
    throws(() => bindExpression(sql, Trade), { code: "BAD_EXPRESSION", message }, sql);
  }
  throws(() => bindPredicate("id + 1", Trade), {
    code: "BAD_EXPRESSION",
    message: /found long, wanted a condition: boolean/,
  });
});

Deno.test("a value that fails names the expression, the row and the value", () => {
  throws(() => values("10 / (id - 2)"), {
    code: "BAD_VALUE",
    message: 'Cannot evaluate the SQL expression "10 / (id - 2)" at row 1: ' +
      "found a division by zero, wanted another divisor. Divide by NULLIF(divisor, 0)",
  });
  throws(() => values("CAST(Symbol AS int)"), { message: /row 0: found "BTC", wanted integer/ });
});

Deno.test("what the logic does not need is not evaluated", () => {
  deepEqual(values("id <> 2 AND 10 / (id - 2) > 5"), [false, false, true]);
  deepEqual(values("id = 2 OR 10 / (id - 2) > 5"), [false, true, true]);
  deepEqual(values("CASE WHEN id = 2 THEN 0 ELSE 10 / (id - 2) END"), [-10, 0, 10]);
  deepEqual(values("coalesce(Symbol, CAST('x' || id AS string))"), ["BTC", "x2", "ETH"]);
  const rows = bindPredicate("id <> 2 AND 10 / (id - 2) > 5", Trade).select(trades());
  deepEqual([...rows], [2]);
});

Deno.test("the deepest expression that can be read can be evaluated", () => {
  const sum = "id" + " + 1".repeat(1000);
  deepEqual(values(sum), [1001n, 1002n, 1003n]);
  const nested = "abs(".repeat(99) + sum + ")".repeat(99);
  deepEqual(values(nested), [1001n, 1002n, 1003n]);
});

Deno.test("a batch that is not what the expression was bound to is refused", () => {
  const bound = bindExpression("id + 1", Trade);
  const other = new Batch(s.struct({ id: s.integer() }));
  throws(() => bound.evaluate(other), {
    code: "SCHEMA_MISMATCH",
    message: /found integer, wanted long/,
  });
  throws(() => bound.evaluate(new Batch(s.struct({ x: s.long() }))), { code: "UNKNOWN_COLUMN" });
});
