import { deepEqual, equal } from "assert";
import { Batch, Decimal, type Row, schema as s, typeName } from "../../../lib/core/mod.ts";
import {
  aggregateRows,
  avg,
  collectList,
  collectSet,
  count,
  countDistinct,
  first,
  last,
  max,
  min,
  sessionWindow,
  sum,
  window,
  type WindowRow,
} from "../../../lib/transforms/mod.ts";
import { OperatorRunner } from "../run_operator.ts";

const Trade = s.struct({
  symbol: s.string(),
  side: s.string().nullable(),
  at: s.timestamp(),
  id: s.long(),
  lots: s.integer().nullable(),
  price: s.decimal(18, 8),
  fee: s.decimal(9, 2).nullable(),
  ratio: s.double(),
});
const input = { schema: Trade, eventTime: "at" };

/** True only for types that are the same: its use is an error where it would be false. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

Deno.test("an aggregation is typed by its input: names, values and what may be null", () => {
  const windowed = aggregateRows(input, ["side", window("at", "1 minute")], {
    n: count(),
    withFee: count("fee"),
    ids: sum("id"),
    paid: sum("price"),
    fees: sum("fee"),
    lots: sum("lots"),
    mean: avg("price"),
    meanFee: avg("fee"),
    meanId: avg("id"),
    least: min("price"),
    most: max("side"),
    opened: first("price", "at"),
    byLots: last("price", "lots"),
    symbols: countDistinct("symbol", "side"),
    all: collectList("fee"),
    different: collectSet("ratio"),
  });
  type Windowed = Row<typeof windowed.schema>;
  const isSame: Same<Windowed, {
    side: string | null;
    window: WindowRow;
    n: bigint;
    withFee: bigint;
    ids: bigint;
    paid: Decimal;
    fees: Decimal | null;
    lots: number | bigint | null;
    mean: Decimal;
    meanFee: Decimal | null;
    meanId: number;
    least: Decimal;
    most: string | null;
    opened: Decimal;
    byLots: Decimal | null;
    symbols: bigint;
    all: Decimal[];
    different: number[];
  }> = true;
  equal(isSame, true);

  const visits = aggregateRows(input, ["symbol", sessionWindow("at", "1 minute").as("visit")], {
    n: count(),
  });
  const isVisit: Same<
    Row<typeof visits.schema>,
    { symbol: string; visit: WindowRow; n: bigint }
  > = true;
  equal(isVisit, true);

  const whole = aggregateRows(input, [], {
    n: count(),
    paid: sum("price"),
    all: collectList("id"),
  });
  const isWhole: Same<
    Row<typeof whole.schema>,
    { n: bigint; paid: Decimal | null; all: bigint[] }
  > = true;
  equal(isWhole, true);

  // Windows of windows: the input of the second is the result of the first.
  const minutes = { schema: windowed.schema, eventTime: "window" };
  const hours = aggregateRows(minutes, [window("window", "1 hour").as("hour")], { n: sum("n") });
  const isHour: Same<Row<typeof hours.schema>, { hour: WindowRow; n: bigint }> = true;
  equal(isHour, true);
});

/** Checked by the compiler alone: none of these may be written. */
export function refusedByTheCompiler(): void {
  // @ts-expect-error: no such column
  aggregateRows(input, ["symbl"], { n: count() });
  // @ts-expect-error: no such column
  aggregateRows(input, ["symbol"], { n: sum("prize") });
  // @ts-expect-error: no such column
  aggregateRows(input, ["symbol"], { n: first("price", "time") });
  // @ts-expect-error: windows of text
  aggregateRows(input, [window("symbol", "1 minute")], { n: count() });
  // @ts-expect-error: distinct nothing
  countDistinct();
  const text = aggregateRows(input, ["side"], { n: sum("symbol") });
  // A sum of text has no type that a value could have.
  const isNever: Same<Row<typeof text.schema>["n"], never> = true;
  equal(isNever, true);
}

Deno.test("the types of results are Spark's", () => {
  const Numbers = s.struct({
    tiny: s.byte(),
    small: s.short(),
    medium: s.integer(),
    large: s.long(),
    single: s.float(),
    double: s.double(),
    price: s.decimal(9, 2),
    wide: s.decimal(33, 20),
    widest: s.decimal(38, 38).nullable(),
    day: s.date(),
  });
  const results = (["sum", "avg"] as const).map((name) =>
    ["tiny", "small", "medium", "large", "single", "double", "price", "wide", "widest"].map(
      (column) => {
        const spec = { function: name, columns: [column as "tiny"] };
        const { type } = aggregateRows({ schema: Numbers }, [], { x: spec }).schema.fields[0]!;
        return typeName(type);
      },
    )
  );
  deepEqual(results, [
    [
      ...["long", "long", "long", "long", "double", "double"],
      ...["decimal(19,2)", "decimal(38,20)", "decimal(38,38)"],
    ],
    [
      ...["double", "double", "double", "double", "double", "double"],
      ...["decimal(13,6)", "decimal(37,24)", "decimal(38,38)"],
    ],
  ]);
  const { fields } = aggregateRows({ schema: Numbers }, ["day"], {
    n: count(),
    least: min("day"),
    any: first("price", "widest"),
    widest: max("widest"),
    list: collectList("widest"),
  }).schema;
  deepEqual(fields.map(({ name, type, nullable }) => `${name} ${typeName(type)} ${nullable}`), [
    "day date false",
    "n long false",
    "least date false",
    "any decimal(9,2) true",
    "widest decimal(38,38) true",
    "list array<decimal(38,38)> false",
  ]);
  const [window_] = aggregateRows(input, [window("at", "1 day")], { n: count() }).schema.fields;
  equal(typeName(window_!.type), "struct<start:timestamp,end:timestamp>");
  equal(window_!.nullable, false);
});

Deno.test("means of decimals are rounded half up, away from zero", async () => {
  const Price = s.struct({ symbol: s.string(), price: s.decimal(9, 0) });
  const means = aggregateRows({ schema: Price }, ["symbol"], { mean: avg("price") });
  using runner = await OperatorRunner.open(means, { mode: "complete", inputs: [Price] });
  const batch = new Batch(Price);
  const add = (symbol: string, ...prices: bigint[]) =>
    prices.forEach((price) => batch.append({ symbol, price: new Decimal(price, 0) }));
  // 1/3, 2/3, and a half of the last digit that is kept: 1/32 is 0.03125.
  add("a", 1n, 0n, 0n);
  add("b", -1n, -1n, 0n);
  add("c", 1n, ...Array.from({ length: 31 }, () => 0n));
  add("d", -1n, ...Array.from({ length: 31 }, () => 0n));
  const { rows } = await runner.batch(batch);
  deepEqual(rows.map(({ symbol, mean }) => `${symbol} ${mean}`), [
    "a 0.3333",
    "b -0.6667",
    "c 0.0313",
    "d -0.0313",
  ]);
});
