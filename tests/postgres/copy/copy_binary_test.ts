import { deepEqual, equal, ok } from "assert";
import {
  Batch,
  type DataType,
  Decimal,
  formatDateDays,
  formatTimestampMicros,
  MAX_DATE_DAYS,
  MAX_TIMESTAMP_MICROS,
  MIN_DATE_DAYS,
  MIN_TIMESTAMP_MICROS,
  type Schema,
  schema as s,
  type TypeSpec,
} from "../../../lib/core/mod.ts";
import { encodeCopyBinary, postgres } from "../../../lib/postgres/mod.ts";
import { Random } from "../../support/random.ts";
import { contextOf, rowsBatch, type TestDatabase, withDatabase } from "../test_database.ts";

const nines = (digits: number, scale: number) => new Decimal(10n ** BigInt(digits) - 1n, scale);
const d = (text: string) => Decimal.parse(text);

/** By type: values, and the text that Postgres shows for them. */
const cases: [TypeSpec<unknown>, [value: unknown, text: string][]][] = [
  [s.string(), [
    ["", ""],
    ["plain", "plain"],
    [
      "tab\t, newline\n, backslash \\, \\N and \u0001",
      "tab\t, newline\n, backslash \\, \\N and \u0001",
    ],
    ["ünï 漢字 🦀", "ünï 漢字 🦀"],
    ["x".repeat(600_000), "x".repeat(600_000)],
  ]],
  [s.binary(), [
    [new Uint8Array(), "\\x"],
    [Uint8Array.of(0, 1, 127, 128, 255), "\\x00017f80ff"],
  ]],
  [s.boolean(), [[true, "true"], [false, "false"]]],
  [s.byte(), [[-128, "-128"], [127, "127"]]],
  [s.short(), [[-32768, "-32768"], [32767, "32767"]]],
  [s.integer(), [[-2147483648, "-2147483648"], [2147483647, "2147483647"], [0, "0"]]],
  [s.long(), [
    [9007199254740993n, "9007199254740993"],
    [-9007199254740993n, "-9007199254740993"],
    [-(2n ** 63n), "-9223372036854775808"],
    [2n ** 63n - 1n, "9223372036854775807"],
    [4294967296n, "4294967296"],
    [-1n, "-1"],
  ]],
  [s.float(), [
    [0.10000000149011612, "0.1"],
    [3.4028234663852886e38, "3.4028235e+38"],
    [-1.401298464324817e-45, "-1e-45"],
    [NaN, "NaN"],
    [-Infinity, "-Infinity"],
  ]],
  [s.double(), [
    [0.1, "0.1"],
    [1.7976931348623157e308, "1.7976931348623157e+308"],
    [5e-324, "5e-324"],
    [-0, "-0"],
    [NaN, "NaN"],
    [Infinity, "Infinity"],
  ]],
  [s.decimal(18, 8), [
    [d("0"), "0.00000000"],
    [d("0.00000001"), "0.00000001"],
    [d("-1234567890.12345678"), "-1234567890.12345678"],
    [d("90071992.54740991"), "90071992.54740991"],
    [d("90071992.54740993"), "90071992.54740993"],
    [d("10000"), "10000.00000000"],
    [nines(18, 8), "9999999999.99999999"],
  ]],
  [s.decimal(18, 18), [[d("0.1"), "0.100000000000000000"], [nines(18, 18), `0.${"9".repeat(18)}`]]],
  [s.decimal(16, 13), [
    [d("900.7199254740991"), "900.7199254740991"],
    [d("-0.0000000000001"), "-0.0000000000001"],
  ]],
  [s.decimal(5, 2), [[d("-999.99"), "-999.99"], [d("0.01"), "0.01"], [d("1"), "1.00"]]],
  [s.decimal(1, 0), [[d("-9"), "-9"], [d("0"), "0"]]],
  [s.decimal(38, 9), [
    [d("12345678901234567890.123456789"), "12345678901234567890.123456789"],
    [d("-0.000000001"), "-0.000000001"],
    [d("9007199.254740993"), "9007199.254740993"],
    [nines(38, 9), `${"9".repeat(29)}.${"9".repeat(9)}`],
  ]],
  [s.decimal(38, 0), [
    [nines(38, 0), "9".repeat(38)],
    [new Decimal(-(10n ** 38n) + 1n, 0), `-${"9".repeat(38)}`],
    [new Decimal(-(2n ** 63n), 0), "-9223372036854775808"],
    [new Decimal(2n ** 64n, 0), "18446744073709551616"],
    [new Decimal(-1n, 0), "-1"],
  ]],
  [s.decimal(38, 38), [[nines(38, 38), `0.${"9".repeat(38)}`]]],
  [s.date(), [
    [MIN_DATE_DAYS, "0001-01-01"],
    [MAX_DATE_DAYS, "9999-12-31"],
    [0, "1970-01-01"],
    [10957, "2000-01-01"],
  ]],
  [s.timestamp(), [
    [MIN_TIMESTAMP_MICROS, "0001-01-01 00:00:00+00"],
    [MAX_TIMESTAMP_MICROS, "9999-12-31 23:59:59.999999+00"],
    [946684800000000n, "2000-01-01 00:00:00+00"],
    [946684799999999n, "1999-12-31 23:59:59.999999+00"],
    [-1n, "1969-12-31 23:59:59.999999+00"],
    [1700000000123456n, "2023-11-14 22:13:20.123456+00"],
  ]],
  [s.timestampNtz(), [
    [MIN_TIMESTAMP_MICROS, "0001-01-01 00:00:00"],
    [MAX_TIMESTAMP_MICROS, "9999-12-31 23:59:59.999999"],
  ]],
  [s.array(s.long().nullable()), [
    [[], "[]"],
    [[9007199254740993n, null, -1n], "[9007199254740993, null, -1]"],
  ]],
  [s.array(s.double()), [[[0.5, NaN, -Infinity], '[0.5, "NaN", "-Infinity"]']]],
  [s.map(s.string(), s.decimal(38, 9)), [
    [new Map(), "{}"],
    [
      new Map([['"q"', d("12345678901234567890.123456789")]]),
      '{"\\"q\\"": 12345678901234567890.123456789}',
    ],
  ]],
  [s.map(s.long(), s.boolean()), [[
    new Map([[9007199254740993n, true]]),
    '{"9007199254740993": true}',
  ]]],
  [s.map(s.struct({ a: s.string() }), s.string()), [[
    new Map([[{ a: "k" }, "v"]]),
    '[[{"a": "k"}, "v"]]',
  ]]],
  [
    s.struct({
      a: s.string().nullable(),
      b: s.array(s.struct({ c: s.date(), d: s.timestamp() })),
      e: s.timestampNtz(),
      f: s.binary(),
    }),
    [[
      { a: null, b: [{ c: 0, d: 1700000000123456n }], e: 0n, f: Uint8Array.of(255, 0) },
      '{"a": null, "b": [{"c": "1970-01-01", "d": "2023-11-14T22:13:20.123456Z"}], ' +
      '"e": "1970-01-01T00:00:00.000000", "f": "/wA="}',
    ]],
  ],
];

Deno.test("every type arrives to the last digit, extremes and nulls included", () =>
  withDatabase(async (db) => {
    const fields = cases.map(([spec], i) => [`c${i}`, spec.nullable()] as const);
    const Everything = s.struct(Object.fromEntries(fields));
    const numRows = Math.max(...cases.map(([, values]) => values.length)) + 1;
    const rows = Array.from(
      { length: numRows },
      (_, row) =>
        Object.fromEntries(cases.map(([, values], i) => [`c${i}`, values[row]?.[0] ?? null])),
    );
    await write(db, Everything, rows);
    for (const [i, [spec, values]] of cases.entries()) {
      const found = await db.rows(`select c${i}::text from t order by ctid`);
      const wanted = Array.from({ length: numRows }, (_, row) => values[row]?.[1] ?? "null");
      deepEqual(found, wanted, JSON.stringify(spec.type));
    }
  }));

for (const seed of [1, 2, 3]) {
  Deno.test(`a random batch arrives as it was (seed ${seed})`, () =>
    withDatabase(async (db) => {
      const random = new Random(seed);
      const types: TypeSpec<unknown>[] = [
        s.string(),
        s.binary(),
        s.boolean(),
        s.byte(),
        s.short(),
        s.integer(),
        s.long(),
        s.float(),
        s.double(),
        s.date(),
        s.timestamp(),
        s.timestampNtz(),
        ...Array.from({ length: 8 }, () => {
          const precision = random.integer(1, 38);
          return s.decimal(precision, random.integer(0, precision));
        }),
      ];
      const RandomRow = s.struct(Object.fromEntries([
        ["n", s.integer()],
        ...types.map((type, i) => [`c${i}`, i % 2 === 0 ? type.nullable() : type] as const),
      ]));
      const rows = Array.from({ length: 3_000 }, (_, n) =>
        Object.fromEntries(RandomRow.fields.map(({ name, type, nullable }) => [
          name,
          name === "n" ? n : nullable && random.next() < 0.2 ? null : randomValue(random, type),
        ])));
      await write(db, RandomRow, rows);
      for (const { name, type } of RandomRow.fields) {
        const found = await db.rows(`select ${shown(name, type)} as shown from t order by n`);
        rows.forEach((row, n) => {
          const value = (row as Record<string, unknown>)[name];
          const wanted = value === null ? "null" : textOf(value, type);
          if (type === "float" || type === "double") {
            ok(Object.is(Number(found[n]), Number(wanted)), `${name}[${n}]: ${found[n]} ${wanted}`);
          } else {
            equal(found[n], wanted, `${name}[${n}]`);
          }
        });
      }
    }));
}

Deno.test("chunks stay near 256 KiB, and runs of rows make one stream like any other", () => {
  const Row = s.struct({ id: s.long(), text: s.string() });
  const sizes = [10, 100_000, 300_000, 0, 5, 1_000_000, 7];
  const rows = Array.from({ length: 5_000 }, (_, i) => ({
    id: BigInt(i),
    text: "x".repeat(i % 100 === 0 ? sizes[(i / 100) % sizes.length]! : i % 50),
  }));
  const batch = rowsBatch(0, Row, rows).batch;
  const whole = [...encodeCopyBinary(batch)];
  for (const chunk of whole) {
    ok(chunk.length <= 256 * 1024 || chunk.length < 1_000_100, `${chunk.length} bytes`);
  }
  ok(whole.length < 120);
  const bytes = joined(whole);
  // Without header (19 bytes) and trailer (2 bytes), the parts are the whole.
  const parts = [[0, 1], [1, 777], [777, 778], [778, 778], [778, 5_000]].map(([from, to]) =>
    joined([...encodeCopyBinary(batch, from, to)]).slice(19, -2)
  );
  deepEqual(joined(parts), bytes.slice(19, -2));
  equal([...encodeCopyBinary(new Batch(batch.schema))].length, 1);
});

async function write(db: TestDatabase, schema: Schema, rows: Record<string, unknown>[]) {
  const writer = await postgres({ table: "t", url: db.url }).open(contextOf(db, schema));
  await (await writer.stage(rowsBatch(0, schema, rows))).commit();
  await writer.close();
}

function joined(chunks: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function randomBigInt(random: Random, least: bigint, greatest: bigint): bigint {
  // As often small as large, and as often at the very ends.
  if (random.next() < 0.1) return random.pick([least, greatest]);
  const span = greatest - least;
  let value = 0n;
  for (let bits = 0n; span >> bits > 0n; bits += 32n) {
    value = (value << 32n) | BigInt(random.integer(0, 0xffffffff));
  }
  value = (value % (span + 1n)) >> BigInt(random.integer(0, span.toString(2).length));
  return random.next() < 0.5 ? least + value : greatest - value;
}

function randomValue(random: Random, type: DataType): unknown {
  if (typeof type === "object") {
    if (type.type !== "decimal") throw new TypeError(type.type);
    const limit = 10n ** BigInt(random.integer(1, type.precision)) - 1n;
    return new Decimal(randomBigInt(random, -limit, limit), type.scale);
  }
  switch (type) {
    case "string":
      return Array.from(
        { length: random.next() < 0.01 ? 20_000 : random.integer(0, 40) },
        () => random.pick(["a", "Z", "ü", "漢", "🦀", "\\", "\t", '"', "\u0001"]),
      ).join("");
    case "binary":
      return Uint8Array.from({ length: random.integer(0, 60) }, () => random.integer(0, 255));
    case "boolean":
      return random.next() < 0.5;
    case "byte":
      return random.integer(-128, 127);
    case "short":
      return random.integer(-32768, 32767);
    case "integer":
      return random.integer(-2147483648, 2147483647);
    case "long":
      return randomBigInt(random, -(2n ** 63n), 2n ** 63n - 1n);
    case "float":
      return Math.fround((random.next() - 0.5) * 10 ** random.integer(-40, 38));
    case "double":
      return (random.next() - 0.5) * 10 ** random.integer(-320, 308);
    case "date":
      return random.integer(MIN_DATE_DAYS, MAX_DATE_DAYS);
    default:
      return randomBigInt(random, MIN_TIMESTAMP_MICROS, MAX_TIMESTAMP_MICROS);
  }
}

function shown(name: string, type: DataType): string {
  switch (type) {
    case "binary":
      return `encode(${name}, 'hex')`;
    case "float":
      return `${name}::float8`;
    case "timestamp":
      return `to_char(${name} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`;
    case "timestamp_ntz":
      return `to_char(${name}, 'YYYY-MM-DD"T"HH24:MI:SS.US')`;
    default:
      return `${name}::text`;
  }
}

function textOf(value: unknown, type: DataType): string {
  switch (type) {
    case "binary":
      return (value as Uint8Array).toHex();
    case "date":
      return formatDateDays(value as number);
    case "timestamp":
    case "timestamp_ntz":
      return formatTimestampMicros(value as bigint);
    default:
      return String(value);
  }
}
