import { deepEqual, equal, match, ok, rejects, throws } from "assert";
import { Batch, Decimal, schema as s, SluiceError } from "../../../lib/core/mod.ts";
import {
  aggregateRows,
  avg,
  collectSet,
  count,
  countDistinct,
  first,
  max,
  sessionWindow,
  type StatefulOperator,
  sum,
  window,
} from "../../../lib/transforms/mod.ts";
import { OperatorRunner } from "../run_operator.ts";

const Trade = s.struct({
  symbol: s.string(),
  at: s.timestamp(),
  seen: s.timestamp(),
  id: s.long(),
  price: s.decimal(38, 2),
  note: s.map(s.string(), s.string()).nullable(),
});
const withWatermark = { schema: Trade, eventTime: "at" };

function isError(code: string, message: RegExp): (error: unknown) => true {
  return (error) => {
    ok(error instanceof SluiceError, String(error));
    equal(error.code, code);
    match(error.message, message);
    return true;
  };
}

Deno.test("append mode takes a key that the watermark can close; the others take any", () => {
  const n = { n: count() };
  const closing: StatefulOperator<unknown>[] = [
    aggregateRows(withWatermark, [window("at", "1 hour")], n),
    aggregateRows(withWatermark, ["symbol", sessionWindow("at", "1 hour")], n),
    aggregateRows(withWatermark, ["symbol", "at"], n),
  ];
  const open: StatefulOperator<unknown>[] = [
    aggregateRows({ schema: Trade }, [window("at", "1 hour")], n),
    aggregateRows(withWatermark, [window("seen", "1 hour")], n),
    aggregateRows(withWatermark, ["symbol"], n),
    aggregateRows(withWatermark, [], n),
  ];
  for (const operator of [...closing, ...open]) {
    operator.checkMode("update");
    operator.checkMode("complete");
  }
  for (const operator of closing) operator.checkMode("append");
  for (const operator of open) {
    throws(
      () => operator.checkMode("append"),
      isError("BAD_PIPELINE", /output mode append.*outputMode "update" or "complete"/),
    );
  }
  throws(() => open[0]!.checkMode("append"), isError("BAD_PIPELINE", /Call withWatermark before/));
  throws(() => open[2]!.checkMode("append"), isError("BAD_PIPELINE", /Group by window\("at", …\)/));
  deepEqual(closing.map(({ eventTime }) => eventTime), ["window", "session_window", "at"]);
  deepEqual(open.map(({ eventTime }) => eventTime), [undefined, undefined, undefined, undefined]);
  deepEqual(closing[1]!.keyColumns, ["symbol", "session_window"]);
});

Deno.test("keys and aggregates that cannot be are refused, naming the column", () => {
  const n = { n: count() };
  const cases: [build: () => unknown, code: string, message: RegExp][] = [
    [() => aggregateRows(withWatermark, ["symbl" as "symbol"], n), "UNKNOWN_COLUMN", /"symbl"/],
    [() => aggregateRows(withWatermark, [], { x: sum("ids" as "id") }), "UNKNOWN_COLUMN", /"ids"/],
    [
      () => aggregateRows(withWatermark, [], { x: first("id", "when" as "at") }),
      "UNKNOWN_COLUMN",
      /aggregate "x" at column "when"/,
    ],
    [() => aggregateRows(withWatermark, ["note"], n), "BAD_PIPELINE", /"note": found map/],
    [() => aggregateRows(withWatermark, [], { x: sum("symbol") }), "BAD_PIPELINE", /found string/],
    [() => aggregateRows(withWatermark, [], { x: avg("at") }), "BAD_PIPELINE", /found timestamp/],
    [() => aggregateRows(withWatermark, [], { x: max("note") }), "BAD_PIPELINE", /found map/],
    [() => aggregateRows(withWatermark, [], { x: first("id", "note") }), "BAD_PIPELINE", /map/],
    [() => aggregateRows(withWatermark, [], { x: collectSet("note") }), "BAD_PIPELINE", /map/],
    [
      () => aggregateRows(withWatermark, [], { x: countDistinct("id", "note") }),
      "BAD_PIPELINE",
      /map/,
    ],
    [() => aggregateRows(withWatermark, [window("id", "1 day")], n), "BAD_PIPELINE", /found long/],
    [
      () => aggregateRows(withWatermark, [window("at", "1 day"), sessionWindow("at", "1 day")], n),
      "BAD_PIPELINE",
      /wanted one window/,
    ],
    [() => aggregateRows(withWatermark, ["symbol"], {}), "BAD_PIPELINE", /found no aggregate/],
    [() => aggregateRows(withWatermark, ["symbol"], { Symbol: count() }), "BAD_SCHEMA", /"symbol"/],
    [() => aggregateRows(withWatermark, ["id", "id"], n), "BAD_SCHEMA", /"id"/],
  ];
  for (const [build, code, message] of cases) throws(build, isError(code, message));
});

Deno.test("a sum that its type cannot hold stops the query, naming group and column", async () => {
  type Sale = readonly [symbol: string, id: bigint, price: bigint];
  const trades = (...rows: readonly Sale[]) => {
    const batch = new Batch(Trade);
    for (const [symbol, id, price] of rows) {
      const at = 1_717_200_000_000_000n;
      batch.append({ symbol, at, seen: at, id, price: new Decimal(price, 2), note: null });
    }
    return batch;
  };
  const most = 2n ** 63n - 1n;
  const widest = 10n ** 38n - 1n;
  const totals = aggregateRows(withWatermark, ["symbol", window("at", "1 hour")], {
    ids: sum("id"),
    paid: sum("price"),
    mean: avg("price"),
  });
  for (
    const [rows, message] of [
      [
        [["BTC", most, 0n], ["BTC", 1n, 0n]],
        /sum\("id"\) at column "ids" of symbol = "BTC", window = /,
      ],
      [[["BTC", -most, 0n], ["BTC", -2n, 0n]], /found -9223372036854775809, wanted long/],
      [[["BTC", 0n, widest], ["BTC", 0n, 1n]], /sum\("price"\).*wanted decimal\(38,2\)/],
      [[["BTC", 0n, widest]], /avg\("price"\).*wanted decimal\(38,6\)/],
    ] as const
  ) {
    using runner = await OperatorRunner.open(totals, { mode: "update", inputs: [Trade] });
    await rejects(
      () => runner.batch(trades(...rows)),
      isError("BAD_VALUE", message),
    );
  }
  // What is too much on the way only is no error: the result is exact.
  const appending = aggregateRows(withWatermark, ["symbol", window("at", "1 hour")], {
    ids: sum("id"),
    paid: sum("price"),
  });
  using runner = await OperatorRunner.open(appending, {
    inputs: [Trade],
    watermarks: [{ column: "at", delayMicros: -7_200_000_000n }],
  });
  await runner.batch(trades(["BTC", most, widest], ["BTC", most, widest]));
  // The watermark runs two hours ahead, but rows are late by that of the batch before.
  const { rows } = await runner.batch(trades(["BTC", -most, -widest], ["BTC", 0n, 0n]));
  deepEqual(rows.map(({ ids, paid }) => [ids, String(paid)]), [[
    most,
    "999999999999999999999999999999999999.99",
  ]]);
});

Deno.test("another aggregation has another state", () => {
  const texts = [
    aggregateRows(withWatermark, ["symbol"], { n: count() }),
    aggregateRows(withWatermark, ["symbol"], { n: count("id") }),
    aggregateRows(withWatermark, ["id"], { n: count() }),
    aggregateRows(withWatermark, ["id"], { n: sum("price") }),
    aggregateRows(withWatermark, ["id"], { n: first("price") }),
    aggregateRows(withWatermark, ["id"], { n: first("price", "at") }),
    aggregateRows(withWatermark, [window("at", "1 hour")], { n: count() }),
    aggregateRows(withWatermark, [window("at", "1 hour", "5 minutes")], { n: count() }),
    aggregateRows(withWatermark, [window("at", "1 hour", "1 hour", "5 minutes")], { n: count() }),
    aggregateRows(withWatermark, [sessionWindow("at", "1 hour")], { n: count() }),
  ].map(({ stateDescription }) => stateDescription);
  equal(new Set(texts).size, texts.length);
  equal(texts[3], "aggregate by (id long): sum(price decimal(38,2))");
});

Deno.test("what a notebook may hand over in the place of names is refused with what is wanted", () => {
  const any = (value: unknown) => value as never;
  throws(
    () => aggregateRows({ schema: Trade }, any([["symbol"]]), { n: count() }),
    isError("BAD_OPTION", /found an array, wanted the name of a column.*without a list/),
  );
  throws(
    () => aggregateRows({ schema: Trade }, ["symbol"], any(count())),
    isError("BAD_PIPELINE", /an aggregate without a name.*trades: count/),
  );
  throws(
    () => aggregateRows({ schema: Trade }, ["symbol"], any({ n: "count" })),
    isError("BAD_PIPELINE", /wanted names with their aggregates/),
  );
});
