import { deepEqual, equal, throws } from "assert";
import { Batch, type DataType, Decimal, schema as s } from "../../lib/core/mod.ts";
import { bindAssignment } from "../../lib/sql/mod.ts";

const Source = s.struct({
  n: s.integer(),
  big: s.long(),
  d: s.double(),
  price: s.decimal(18, 8),
  text: s.string(),
  flag: s.boolean(),
  day: s.date(),
  tags: s.array(s.string()),
});

function assigned(sql: string, type: DataType): unknown {
  const batch: Batch = new Batch(Source);
  batch.append({
    n: 300,
    big: 9007199254740993n,
    d: 2.5,
    price: Decimal.parse("10.50000000"),
    text: "2024-02-29",
    flag: true,
    day: 19782,
    tags: ["a"],
  });
  const bound = bindAssignment(sql, Source, type, "target");
  equal(bound.type, type);
  const column = bound.evaluate(batch);
  deepEqual(column.type, type);
  return column.get(0);
}

function decimal(precision: number, scale: number): DataType {
  return { type: "decimal", precision, scale };
}

Deno.test("values are brought to the column's type where nothing is lost", () => {
  const cases: [sql: string, type: DataType, value: unknown][] = [
    ["n", "long", 300n],
    ["n", "short", 300],
    ["big", "long", 9007199254740993n],
    ["n", "double", 300],
    ["big", "double", 9007199254740992],
    ["CAST(2 AS double)", "integer", 2],
    ["price", "double", 10.5],
    ["n * 2", "long", 600n],
    ["NULL", "long", null],
    ["NULL", decimal(10, 2), null],
    ["'2024-02-29'", "date", 19782],
    ["'2024-02-29 00:00:01'", "timestamp", 1709164801000000n],
    ["day", "timestamp", 1709164800000000n],
    ["n", "string", "300"],
    ["flag", "string", "true"],
    ["price", "string", "10.50000000"],
  ];
  for (const [sql, type, value] of cases) deepEqual(assigned(sql, type), value, sql);
  equal(String(assigned("price", decimal(10, 1))), "10.5");
  equal(String(assigned("n", decimal(5, 2))), "300.00");
  equal(String(assigned("1", decimal(5, 2))), "1.00");
  deepEqual(assigned("tags", { type: "array", elementType: "string", containsNull: true }), ["a"]);
});

Deno.test("a value that the column cannot hold is an error that names both and the row", () => {
  const cases: [sql: string, type: DataType, message: RegExp][] = [
    ["n", "byte", /row 0: found 300 \(number\), wanted byte/],
    ["big", "integer", /found 9007199254740993 \(bigint\), wanted integer/],
    [
      "d",
      "integer",
      /found 2.5 \(number\) for column "target", wanted integer. Round it with CAST/,
    ],
    ["price", decimal(10, 0), /found 10.50000000 \(Decimal\) for column "target", wanted decimal/],
    ["price", decimal(2, 1), /found 10.50000000 \(Decimal\), wanted decimal\(2,1\)/],
    ["price * 1000", decimal(5, 1), /wanted decimal\(5,1\)/],
  ];
  for (const [sql, type, message] of cases) {
    throws(() => assigned(sql, type), { code: "BAD_VALUE", message }, sql);
  }
});

Deno.test("what is worked out is rounded to the digits of a decimal, as Spark does", () => {
  equal(String(assigned("price * 1.15", decimal(18, 2))), "12.08");
  equal(String(assigned("price / 3.1", decimal(18, 8))), "3.38709677");
  equal(String(assigned("-price / 4", decimal(5, 2))), "-2.63");
});

Deno.test("types that never fit are refused before there are rows", () => {
  const cases: [sql: string, type: DataType, message: RegExp][] = [
    [
      "text",
      "integer",
      /column "target": found string, wanted integer. Write CAST\(… AS integer\)/,
    ],
    ["text", "date", /found string, wanted date. Write CAST/],
    ["'12'", "integer", /found string, wanted integer/],
    ["'yesterday'", "date", /found string, wanted date/],
    ["flag", "integer", /found boolean, wanted integer/],
    ["n", "boolean", /found integer, wanted boolean/],
    ["n", "date", /found integer, wanted date/],
    ["tags", "string", /found array<string>, wanted string/],
  ];
  for (const [sql, type, message] of cases) {
    throws(
      () => bindAssignment(sql, Source, type, "target"),
      { code: "BAD_EXPRESSION", message },
      sql,
    );
  }
});
