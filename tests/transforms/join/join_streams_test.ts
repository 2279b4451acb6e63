import { deepEqual, equal, ok, throws } from "assert";
import { Batch, type Row, schema as s, SluiceError } from "../../../lib/core/mod.ts";
import { type JoinOptions, joinStreams, type JoinType } from "../../../lib/transforms/mod.ts";
import { EveryType, everyTypeBatch } from "../../support/sample_rows.ts";
import { Random } from "../../support/random.ts";
import { batchOf, cut, randomFaults, sortedTexts } from "../random_batches.ts";
import { type BatchOutcome, OperatorRunner } from "../run_operator.ts";
import { type JoinRule, PlainJoin } from "./plain_join.ts";

const View = s.struct({
  ad: s.string().nullable(),
  shop: s.double(),
  view: s.long(),
  viewed: s.timestamp().nullable(),
});
type ViewRow = Row<typeof View>;
const Click = s.struct({
  ad: s.string().nullable(),
  store: s.double(),
  click: s.long(),
  clicked: s.timestamp().nullable(),
});
type ClickRow = Row<typeof Click>;

const SECOND = 1_000_000n;
const TYPES: readonly JoinType[] = ["inner", "leftOuter", "rightOuter", "fullOuter"];
const on = ["ad", { left: "shop", right: "store" }] as const;
type Options = JoinOptions<ViewRow, ClickRow, typeof on, JoinType>;

/** Views and clicks out of order, with nulls, equal keys, NaN and two zeros. */
function randomViews(
  random: Random,
  count: number,
  disorder: number,
  ads: readonly (string | null)[] = [null, "a", "b", "c"],
): ViewRow[] {
  return Array.from({ length: count }, (_, i) => ({
    ad: random.pick(ads),
    shop: ads.length === 1 ? 1 : random.pick([0, -0, NaN, 1]),
    view: BigInt(i),
    viewed: randomTime(random, i, disorder),
  }));
}

function randomClicks(...of: Parameters<typeof randomViews>): ClickRow[] {
  return randomViews(...of).map(({ ad, shop, view, viewed }) => ({
    ad,
    store: shop,
    click: view,
    clicked: viewed,
  }));
}

function randomTime(random: Random, i: number, disorder: number): bigint | null {
  if (random.next() < 0.04) return null;
  return BigInt(1000 + Math.floor(i / 2) - random.integer(0, disorder)) * SECOND +
    BigInt(random.integer(0, 3) * 500);
}

function isMatch(left: ViewRow, right: ClickRow): boolean {
  return left.ad !== null && left.ad === right.ad &&
    (left.shop === right.store || (Number.isNaN(left.shop) && Number.isNaN(right.store)));
}

function joined(left: ViewRow | undefined, right: ClickRow | undefined) {
  return {
    ad: left?.ad ?? right?.ad ?? null,
    shop: left?.shop ?? null,
    view: left?.view ?? null,
    viewed: left?.viewed ?? null,
    store: right?.store ?? null,
    click: right?.click ?? null,
    clicked: right?.clicked ?? null,
  };
}

interface Case {
  readonly options: Options;
  readonly leftDelay: bigint | undefined;
  readonly rightDelay: bigint | undefined;
}

function plainJoin({ options, leftDelay, rightDelay }: Case): JoinRule<ViewRow, ClickRow> {
  const { within, type = "inner", where } = options;
  const from = BigInt(within?.from.split(" ")[0] ?? 0) * SECOND;
  const to = BigInt(within?.to.split(" ")[0] ?? 0) * SECOND;
  return {
    type,
    leftTime: leftDelay === undefined ? undefined : ({ viewed }) => viewed,
    rightTime: rightDelay === undefined ? undefined : ({ clicked }) => clicked,
    matches: (left, right) => {
      if (!isMatch(left, right)) return false;
      if (where !== undefined && (left.view + right.click) % 3n === 0n) return false;
      if (within === undefined) return true;
      if (left.viewed === null || right.clicked === null) return false;
      return right.clicked >= left.viewed + from && right.clicked <= left.viewed + to;
    },
    leftCanMatch: ({ ad, viewed }) => ad !== null && (within === undefined || viewed !== null),
    rightCanMatch: ({ ad, clicked }) => ad !== null && (within === undefined || clicked !== null),
    leftIsOver: ({ viewed }, watermark) =>
      within !== undefined && rightDelay !== undefined && viewed! <= stateWatermark(watermark - to),
    rightIsOver: ({ clicked }, watermark) =>
      within !== undefined && leftDelay !== undefined &&
      clicked! <= stateWatermark(watermark + from),
  };
}

/** As StreamingJoinHelper has it for `<=`: whole milliseconds, and one less. */
function stateWatermark(micros: bigint): bigint {
  return (micros / 1000n - 1n) * 1000n;
}

function randomCase(random: Random): Case {
  const type = random.pick(TYPES);
  const [from, to] = random.pick([[-5, 10], [0, 4], [-8, -2], [3, 3], [2, 12]] as const);
  const delays = [4n * SECOND, 9n * SECOND];
  const isTimed = type !== "inner" || random.next() < 0.6;
  return {
    options: {
      type,
      on,
      ...(random.next() < 0.4 ? { where: "(view + click) % 3 <> 0" } : {}),
      ...(isTimed
        ? { within: { left: "viewed", right: "clicked", from: `${from} s`, to: `${to} s` } }
        : {}),
    },
    leftDelay: type === "leftOuter" && random.next() < 0.3 ? undefined : random.pick(delays),
    rightDelay: type === "rightOuter" && random.next() < 0.3 ? undefined : random.pick(delays),
  };
}

function openJoin({ options, leftDelay, rightDelay }: Case, random: Random) {
  const watermarks = [
    leftDelay === undefined ? undefined : { column: "viewed", delayMicros: leftDelay },
    rightDelay === undefined ? undefined : { column: "clicked", delayMicros: rightDelay },
  ];
  return OperatorRunner.open(
    joinStreams(
      { schema: View, ...(leftDelay === undefined ? {} : { eventTime: "viewed" }) },
      { schema: Click, ...(rightDelay === undefined ? {} : { eventTime: "clicked" }) },
      options,
    ),
    { inputs: [View, Click], watermarks, fault: randomFaults(random) },
  );
}

Deno.test("every pair comes out once, every row without a partner once it can have none", async () => {
  let numLate = 0;
  let numAlone = 0;
  for (let seed = 1; seed <= 120; seed++) {
    const random = new Random(seed);
    const given = randomCase(random);
    // With one key for all, its rows do not stay in one entry.
    const ads = random.next() < 0.3 ? ["a"] : undefined;
    const views = cut(random, randomViews(random, 70, 12, ads), 9);
    const clicks = cut(random, randomClicks(random, 70, 12, ads), 9);
    const oracle = new PlainJoin(plainJoin(given));
    using runner = await openJoin(given, random);
    const { operator } = runner;
    for (let i = 0; i < views.length || i < clicks.length || runner.isDue(0); i++) {
      const left = views[i] ?? [];
      const right = clicks[i] ?? [];
      const { rows, late, context } = await runner.batch([
        batchOf(View, left),
        batchOf(Click, right),
      ]);
      const expected = oracle.batch(left, right, context);
      const where = `seed ${seed} batch ${i}`;
      deepEqual(
        sortedTexts(rows),
        sortedTexts(expected.rows.map((pair) => joined(pair.left, pair.right))),
        where,
      );
      deepEqual(late, [expected.lateLeft, expected.lateRight], where);
      numLate += expected.lateLeft.length + expected.lateRight.length;
      numAlone += expected.rows.filter((pair) => !pair.left || !pair.right).length;

      // What is behind the join must not find its rows late.
      const { eventTime } = operator;
      if (eventTime !== undefined) {
        const lateMicros = operator.outputWatermark!(context.lateMicros);
        for (const row of rows as unknown as Record<string, bigint | null>[]) {
          const time = row[eventTime]!;
          ok(time === null || time > lateMicros, `${where}: a row at ${time} is late`);
        }
      }
    }
    const isEnded = given.options.within !== undefined;
    equal(
      operator.eventTime !== undefined,
      isEnded && given.options.type !== "fullOuter" &&
        (given.options.type === "rightOuter" ? given.leftDelay : given.rightDelay) !== undefined &&
        (given.options.type === "rightOuter" ? given.rightDelay : given.leftDelay) !== undefined,
    );
  }
  ok(numLate > 100 && numAlone > 100, `${numLate} late rows, ${numAlone} without a partner`);
});

Deno.test("a join gives the same rows however its inputs are cut, when none is late", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new Random(seed);
    const given = { ...randomCase(random), leftDelay: 100n * SECOND, rightDelay: 100n * SECOND };
    const views = randomViews(random, 60, 12);
    const clicks = randomClicks(random, 60, 12);
    const results: string[][] = [];
    for (const [most, mostOther] of [[1, 20], [20, 2], [100, 100]] as const) {
      using runner = await openJoin(given, random);
      const left = cut(random, views, most);
      const right = cut(random, clicks, mostOther);
      const outcomes: BatchOutcome<unknown>[] = [];
      for (let i = 0; i < left.length || i < right.length; i++) {
        outcomes.push(
          await runner.batch([batchOf(View, left[i] ?? []), batchOf(Click, right[i] ?? [])]),
        );
      }
      // A last pair of rows, long after, lets all that are waiting out.
      const end = { ad: null, at: 9000n * SECOND };
      await runner.batch([
        batchOf(View, [{ ad: end.ad, shop: 0, view: -1n, viewed: end.at }]),
        batchOf(Click, [{ ad: end.ad, store: 0, click: -1n, clicked: end.at }]),
      ]).then((outcome) => outcomes.push(outcome));
      outcomes.push(...await runner.drain());
      ok(outcomes.every(({ late }) => late.every((rows) => rows.length === 0)));
      results.push(sortedTexts(outcomes.flatMap(({ rows }) => rows)));
    }
    deepEqual(results[1], results[0], `seed ${seed}`);
    deepEqual(results[2], results[0], `seed ${seed}`);
  }
});

Deno.test("an event time among the keys ends the wait, on both sides", async () => {
  const Left = s.struct({ id: s.integer(), at: s.timestamp().nullable(), left: s.long() });
  const Right = s.struct({ id: s.integer(), at: s.timestamp().nullable(), right: s.long() });
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const type = random.pick(TYPES);
    const rows = (name: "left" | "right") =>
      Array.from({ length: 80 }, (_, i) => ({
        id: random.integer(0, 2),
        at: random.next() < 0.05 ? null : BigInt(100 + (i >> 2) - random.integer(0, 8)) * SECOND,
        [name]: BigInt(i),
      }));
    const lefts = cut(random, rows("left") as unknown as Row<typeof Left>[], 8);
    const rights = cut(random, rows("right") as unknown as Row<typeof Right>[], 8);
    // Only the left has a watermark: what is late by it is late on the right too.
    const operator = joinStreams(
      { schema: Left, eventTime: "at" },
      { schema: Right },
      { type, on: ["id", "at"] },
    );
    equal(operator.eventTime, "at");
    using runner = await OperatorRunner.open(operator, {
      inputs: [Left, Right],
      watermarks: [{ column: "at", delayMicros: 4n * SECOND }],
      fault: randomFaults(random),
    });
    const oracle = new PlainJoin<Row<typeof Left>, Row<typeof Right>>({
      type,
      leftTime: ({ at }) => at,
      rightTime: ({ at }) => at,
      matches: (left, right) => left.id === right.id && left.at !== null && left.at === right.at,
      leftCanMatch: ({ at }) => at !== null,
      rightCanMatch: ({ at }) => at !== null,
      leftIsOver: ({ at }, watermark) => at! <= watermark,
      rightIsOver: ({ at }, watermark) => at! <= watermark,
    });
    for (let i = 0; i < lefts.length || i < rights.length || runner.isDue(0); i++) {
      const [left, right] = [lefts[i] ?? [], rights[i] ?? []];
      const outcome = await runner.batch([batchOf(Left, left), batchOf(Right, right)]);
      const expected = oracle.batch(left, right, outcome.context);
      deepEqual(
        sortedTexts(outcome.rows),
        sortedTexts(expected.rows.map((pair) => ({
          id: (pair.left ?? pair.right)!.id,
          at: (pair.left ?? pair.right)!.at,
          left: pair.left?.left ?? null,
          right: pair.right?.right ?? null,
        }))),
        `seed ${seed} batch ${i}`,
      );
      deepEqual(outcome.late, [expected.lateLeft, expected.lateRight], `seed ${seed} batch ${i}`);
      for (const { at } of outcome.rows) ok(at === null || at > outcome.context.lateMicros);
    }
  }
});

Deno.test("windows are joined by their ends", async () => {
  const window = s.struct({ start: s.timestamp(), end: s.timestamp() });
  const Views = s.struct({ window, views: s.long() });
  const Clicks = s.struct({ window, clicks: s.long() });
  const of = (end: bigint) => ({ start: (end - 10n) * SECOND, end: end * SECOND });
  using runner = await OperatorRunner.open(
    joinStreams(
      { schema: Views, eventTime: "window" },
      { schema: Clicks, eventTime: "window" },
      { type: "leftOuter", on: ["window"] },
    ),
    { inputs: [Views, Clicks] },
  );
  equal(runner.operator.eventTime, "window");
  const run = runner.operator.open(runner.store.operator("1", "by hand"), "append");
  const apply = async (
    batchId: number,
    views: Row<typeof Views>[],
    clicks: Row<typeof Clicks>[],
    [late, watermark]: [bigint, bigint],
  ) => {
    runner.store.begin(batchId);
    const result = await run.apply([batchOf(Views, views), batchOf(Clicks, clicks)], {
      batchId,
      lateMicros: late * SECOND,
      watermarkMicros: watermark * SECOND,
      timestampMs: 0,
    });
    await runner.store.commit({});
    return { rows: [...result.batch.rows()], late: [...result.late?.[1]?.rows() ?? []] };
  };
  const views = [10n, 20n, 30n].map((end) => ({ window: of(end), views: end }));
  deepEqual(await apply(0, views, [{ window: of(10n), clicks: 1n }], [0n, 5n]), {
    rows: [{ window: of(10n), views: 10n, clicks: 1n }],
    late: [],
  });
  deepEqual(await apply(1, [], [{ window: of(30n), clicks: 3n }], [5n, 20n]), {
    rows: [
      { window: of(30n), views: 30n, clicks: 3n },
      { window: of(20n), views: 20n, clicks: null },
    ],
    late: [],
  });
  deepEqual(await apply(2, [], [{ window: of(20n), clicks: 2n }], [20n, 30n]), {
    rows: [],
    late: [{ window: of(20n), clicks: 2n }],
  });
});

Deno.test("the state of a join with bounds does not grow", async () => {
  for (const type of TYPES) {
    using runner = await openJoin({
      options: {
        type,
        on,
        within: { left: "viewed", right: "clicked", from: "-5 s", to: "10 s" },
      },
      leftDelay: 5n * SECOND,
      rightDelay: 5n * SECOND,
    }, new Random(1));
    const random = new Random(2);
    const sizes: [entries: number, bytes: number][] = [];
    let numRows = 0;
    for (let batch = 0; batch < 200; batch++) {
      const at = () => BigInt(1000 + batch * 2 + random.integer(0, 3)) * SECOND;
      const of = () => random.integer(0, 20) * random.integer(0, 1);
      const views = randomViews(random, 40, 0).map((row) => ({ ...row, shop: of(), viewed: at() }));
      const clicks = randomClicks(random, 40, 0)
        .map((row) => ({ ...row, store: of(), clicked: at() }));
      numRows += (await runner.batch([batchOf(View, views), batchOf(Click, clicks)])).rows.length;
      sizes.push([runner.state.numRowsTotal, runner.store.sizeBytes]);
    }
    for (const what of [0, 1] as const) {
      const early = Math.max(...sizes.slice(20, 60).map((size) => size[what]));
      const last = Math.max(...sizes.slice(-40).map((size) => size[what]));
      ok(early > 50 && last <= early * 1.2, `${type}: ${early}, then ${last}`);
    }
    ok(numRows > 200 * 60, `${type}: ${numRows} rows`);
  }
});

Deno.test("a row that nothing can match any more is not stored", async () => {
  using runner = await openJoin({
    options: {
      type: "leftOuter",
      on,
      within: { left: "viewed", right: "clicked", from: "-100 s", to: "-60 s" },
    },
    leftDelay: 0n,
    rightDelay: 0n,
  }, new Random(4));
  const view = (view: bigint, at: bigint) => ({ ad: "a", shop: 1, view, viewed: at * SECOND });
  const click = (click: bigint, at: bigint) => ({ ad: "a", store: 1, click, clicked: at * SECOND });
  const batch = async (views: ViewRow[], clicks: ClickRow[]) =>
    (await runner.batch([batchOf(View, views), batchOf(Click, clicks)])).rows
      .map((row) => [row.view, row.click]);
  deepEqual(await batch([view(0n, 1000n)], [click(0n, 1000n)]), []);
  equal(runner.state.numRowsTotal, 1, "one key");
  const bytes = () => [...runner.state.table("rows").entries()][0]!.value.length;
  const before = bytes();
  // The watermark is 1000: a click at 960 or before, which view 1 waits for, would be late.
  deepEqual(await batch([view(1n, 1020n)], [click(1n, 1001n)]), [[0n, null], [1n, null]]);
  equal(bytes(), before, "clicks 0 and 1 in the place of view 0 and click 0");
});

Deno.test("many rows of one key are chunked, matched one by one and forgotten one by one", async () => {
  const given: Case = {
    options: {
      type: "fullOuter",
      on,
      within: { left: "viewed", right: "clicked", from: "0 s", to: "0 s" },
    },
    leftDelay: 0n,
    rightDelay: 0n,
  };
  using runner = await openJoin(given, new Random(5));
  const at = (i: number) => BigInt(1000 + i) * SECOND;
  const views = Array.from({ length: 1000 }, (_, i) => ({
    ad: "a",
    shop: 1,
    view: BigInt(i),
    viewed: at(i),
  }));
  const clicks = views.filter(({ view }) => view % 2n === 0n).map(({ view, viewed }) => ({
    ad: "a",
    store: 1,
    click: view,
    clicked: viewed,
  }));
  const oracle = new PlainJoin(plainJoin(given));
  const batches: [ViewRow[], ClickRow[]][] = [
    [views, []],
    [[], clicks.slice(0, 300)],
    [[], clicks.slice(300, 301)],
    [[], clicks.slice(301)],
    [[{ ...views[0]!, viewed: at(2000) }], [{ ...clicks[0]!, clicked: at(2000) }]],
    [[], []],
  ];
  for (const [left, right] of batches) {
    const { rows, context } = await runner.batch([batchOf(View, left), batchOf(Click, right)]);
    const expected = oracle.batch(left, right, context).rows;
    deepEqual(
      sortedTexts(rows),
      sortedTexts(expected.map((pair) => joined(pair.left, pair.right))),
    );
  }
  equal(runner.state.numRowsTotal, 1, "the last view and click");
});

Deno.test("columns of every type come through state, pairs and nulls as they are", async () => {
  const Other = s.struct({ id: s.long(), note: s.string() });
  using runner = await OperatorRunner.open(
    joinStreams(
      { schema: EveryType },
      { schema: Other },
      { on: ["id"] },
    ),
    { inputs: [EveryType, Other] },
  );
  const left = everyTypeBatch(0, 40);
  const notes = batchOf(
    Other,
    Array.from({ length: 40 }, (_, i) => ({ id: BigInt(i), note: `${i}` })),
  );
  await runner.batch([left as unknown as Batch, new Batch(Other) as unknown as Batch]);
  const { rows } = await runner.batch([new Batch(EveryType) as unknown as Batch, notes]);
  deepEqual(rows, [...left.rows()].map((row) => ({ ...row, note: `${row.id}` })));
});

const hasCode = (code: string, pattern = /./) => (error: unknown) =>
  error instanceof SluiceError && error.code === code && pattern.test(error.message);

Deno.test("a join that cannot be made is refused with what to do", () => {
  const left = { schema: View, eventTime: "viewed" };
  const right = { schema: Click, eventTime: "clicked" };
  const within = { left: "viewed", right: "clicked", from: "0 s", to: "1 hour" } as const;
  throws(
    () => joinStreams(left, right, { type: "leftOuter", on }),
    hasCode("BAD_PIPELINE", /withWatermark on the right/),
  );
  throws(
    () => joinStreams(left, { schema: Click }, { type: "leftOuter", on, within }),
    hasCode("BAD_PIPELINE", /a watermark on the right rows/),
  );
  throws(
    () => joinStreams({ schema: View }, right, { type: "fullOuter", on, within }),
    hasCode("BAD_PIPELINE", /a watermark on the left rows/),
  );
  joinStreams({ schema: View }, right, { type: "leftOuter", on, within });
  throws(
    () => joinStreams(left, { schema: View }, { on: ["ad"] }),
    hasCode("BAD_SCHEMA", /withColumnRenamed\("shop"/),
  );
  const Upper = s.struct({ ad: s.string(), VIEW: s.long() });
  throws(() => joinStreams(left, { schema: Upper }, { on: ["ad"] }), hasCode("BAD_SCHEMA"));
  throws(
    () => joinStreams(left, right, { on: [{ left: "ad", right: "click" }] }),
    hasCode("BAD_PIPELINE", /string and bigint|string and long/),
  );
  throws(() => joinStreams(left, right, { on: [] }), hasCode("BAD_OPTION"));
  throws(() => joinStreams(left, right, { on, where: "view > clik" }), hasCode("BAD_EXPRESSION"));
  throws(
    () => joinStreams(left, right, { on, type: "left" as "inner" }),
    hasCode("BAD_OPTION", /"leftOuter"/),
  );
  throws(
    () => joinStreams(left, right, { on, within: { ...within, from: "2 hours" } }),
    hasCode("BAD_OPTION"),
  );
  throws(
    () => joinStreams(left, right, { on, within: { ...within, left: "view" as "viewed" } }),
    hasCode("BAD_PIPELINE", /a timestamp/),
  );
  throws(
    () => joinStreams(left, right, { on, ...{ having: "1" } }),
    hasCode("UNKNOWN_OPTION"),
  );
  const inner = joinStreams(left, right, { on });
  inner.checkMode("update");
  throws(() => inner.checkMode("complete"), hasCode("BAD_PIPELINE"));
  throws(
    () => joinStreams(left, right, { type: "leftOuter", on, within }).checkMode("update"),
    hasCode("BAD_PIPELINE"),
  );
});

Deno.test("the state says what it is, so that another join does not take it up", () => {
  const left = { schema: View, eventTime: "viewed" };
  const right = { schema: Click, eventTime: "clicked" };
  const describe = (more: Partial<Options>) =>
    joinStreams(left, right, { on, ...more } as Options).stateDescription;
  const within = { left: "viewed", right: "clicked", from: "0 s", to: "1 hour" } as const;
  const all = [
    describe({}),
    describe({ within }),
    describe({ within: { ...within, to: "2 hours" } }),
    describe({ within, type: "leftOuter" }),
    describe({ where: "view > click" }),
  ];
  equal(new Set(all).size, all.length);
});

Deno.test("a condition that has no value stops the query", async () => {
  using runner = await OperatorRunner.open(
    joinStreams({ schema: View }, { schema: Click }, { on, where: "view / click > 1" }),
    { inputs: [View, Click] },
  );
  let error: unknown;
  try {
    await runner.batch([
      batchOf(View, [{ ad: "a", shop: 1, view: 1n, viewed: null }]),
      batchOf(Click, [{ ad: "a", store: 1, click: 0n, clicked: null }]),
    ]);
  } catch (thrown) {
    error = thrown;
  }
  runner.store.rollback();
  ok(hasCode("BAD_VALUE", /view \/ click > 1.*zero/)(error), String(error));
});
