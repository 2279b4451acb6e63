import { deepEqual, equal, ok, throws } from "assert";
import { Batch, Decimal, Int64Column, schema as s } from "../../lib/core/mod.ts";
import { Random } from "../support/random.ts";
import { randomRow } from "./random_values.ts";

const Everything = s.struct({
  text: s.string(),
  bytes: s.binary().nullable(),
  flag: s.boolean().nullable(),
  tiny: s.byte(),
  small: s.short().nullable(),
  middle: s.integer().nullable(),
  big: s.long().nullable(),
  rough: s.float().nullable(),
  fine: s.double(),
  price: s.decimal(18, 8).nullable(),
  huge: s.decimal(38, 18).nullable(),
  largest: s.decimal(38, 0),
  day: s.date().nullable(),
  at: s.timestamp().nullable(),
  wall: s.timestampNtz(),
  place: s.struct({ x: s.long().nullable(), tags: s.array(s.string().nullable()) }).nullable(),
  lists: s.array(s.array(s.decimal(20, 2)).nullable()).nullable(),
  scores: s.map(s.string(), s.struct({ n: s.integer() }).nullable()).nullable(),
});

Deno.test("a batch gives back every row as it was added, whatever is truncated and taken between", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    let batch: Batch = new Batch(Everything, random.pick([0, 1, 100]));
    let model: Record<string, unknown>[] = [];
    for (let step = 0; step < 40; step++) {
      switch (random.integer(0, 4)) {
        case 0: {
          const length = random.integer(0, model.length);
          batch.truncate(length);
          model.length = length;
          break;
        }
        case 1: {
          const rows = Int32Array.from(
            { length: model.length === 0 ? 0 : random.integer(0, 30) },
            () => random.integer(0, model.length - 1),
          );
          batch = batch.take(rows);
          model = Array.from(rows, (row) => model[row]!);
          break;
        }
        case 2:
          batch.reserve(random.integer(0, 50));
          break;
        default:
          for (let i = random.integer(1, 8); i > 0; i--) {
            const row = randomRow(random, Everything.fields);
            batch.append(row);
            model.push(row);
          }
      }
      equal(batch.numRows, model.length);
    }
    deepEqual([...batch.rows()], model);
    for (const [i, column] of batch.columns.entries()) {
      const { name } = Everything.fields[i]!;
      const nulls = model.map((row) => row[name] === null);
      equal(column.length, model.length);
      equal(column.nullCount, nulls.filter(Boolean).length);
      deepEqual(nulls.map((_, row) => column.isNull(row)), nulls);
      ok(column.byteSize >= 0);
    }
  }
});

Deno.test("a batch leaves no trace of a row that it refuses", () => {
  const random = new Random(5);
  const batch: Batch = new Batch(Everything);
  const rows = Array.from({ length: 20 }, () => randomRow(random, Everything.fields));
  const bad: [column: string, value: unknown][] = [
    ["text", null],
    ["text", "\ud800"],
    ["text", 1],
    ["bytes", "text"],
    ["tiny", 128],
    ["small", 1.5],
    ["middle", 2147483648],
    ["big", 2n ** 63n],
    ["big", 1],
    ["rough", 1e39],
    ["fine", "1"],
    ["price", new Decimal(10n ** 18n, 8)],
    ["price", new Decimal(1n, 9)],
    ["largest", new Decimal(-(10n ** 38n), 0)],
    ["day", -719163],
    ["at", 253402300800000000n],
    ["place", { x: 1n, tags: null }],
    ["place", { x: 1n, tags: ["a", 1] }],
    ["lists", [null, [new Decimal(1n, 3)]]],
    ["scores", new Map([["a", { n: 1 }], ["b", { n: null }]])],
    ["scores", { a: null }],
  ];
  for (const row of rows) {
    const [column, value] = random.pick(bad);
    throws(() => batch.append({ ...row, [column]: value }), {
      code: "BAD_VALUE",
      message: new RegExp(`column "${column}"`),
    });
    batch.append(row);
  }
  for (const [column, value] of bad) {
    throws(() => batch.append({ ...rows[0], [column]: value }), { code: "BAD_VALUE" });
  }
  deepEqual([...batch.rows()], rows);
});

Deno.test("a batch says which value does not fit where", () => {
  const batch = new Batch(s.struct({ price: s.decimal(5, 2), note: s.string() }));
  throws(() => batch.append({ price: new Decimal(123456n, 2), note: "" }), {
    message: 'Cannot store a value in a column at column "price": found 1234.56 (Decimal), ' +
      "wanted decimal(5,2)",
  });
  throws(() => batch.append({ price: new Decimal(1n, 2), note: "\ud800" }), {
    message: 'Cannot store a value in a column at column "note": found "\\ud800", wanted string',
  });
  throws(() => batch.column("prices"), { code: "UNKNOWN_COLUMN", message: /columns price, note/ });
});

Deno.test("Int64Column holds the same integer whether it is added as words, a number or a bigint", () => {
  const random = new Random(3);
  const values = [0, -0, 1, -1, 4294967295, 4294967296, -4294967296, -4294967297, 2147483648]
    .concat([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])
    .concat(Array.from({ length: 500 }, () => Math.trunc((random.next() - 0.5) * 2 ** 54)));
  const column = new Int64Column("long", 0);
  for (const value of values) column.appendSafeInteger(value);
  for (const value of values) {
    const integer = BigInt(value);
    column.appendWords(Number(BigInt.asIntN(32, integer)), Number(integer >> 32n));
  }
  for (const value of values) ok(column.tryAppendBigInt(BigInt(value)));
  const expected = values.map((value) => BigInt(value));
  deepEqual([...column.values.subarray(0, column.length)], [...expected, ...expected, ...expected]);
  equal(column.tryAppendBigInt(2n ** 63n), false);
  equal(column.length, values.length * 3);
});
