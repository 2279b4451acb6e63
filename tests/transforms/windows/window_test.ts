import { deepEqual, equal, match, rejects, throws } from "assert";
import {
  Batch,
  formatTimestampMicros,
  parseTimestampMicros,
  schema as s,
  SluiceError,
} from "../../../lib/core/mod.ts";
import {
  aggregateRows,
  count,
  sum,
  window,
  type WindowRow,
  type WindowSpec,
} from "../../../lib/transforms/mod.ts";
import { OperatorRunner } from "../run_operator.ts";

const Tick = s.struct({ at: s.timestamp().nullable(), name: s.string() });
type TickRow = { at: bigint | null; name: string };

function at(time: string): bigint {
  return parseTimestampMicros(`2024-06-01 ${time}`, "utc")!;
}

function ticks(...rows: TickRow[]): Batch<TickRow> {
  const batch = new Batch(Tick);
  rows.forEach((row) => batch.append(row));
  return batch;
}

/** `HH:mm` of the start and the end. */
function clock({ start, end }: WindowRow): string {
  return [start, end].map((micros) => formatTimestampMicros(micros).slice(11, 16)).join("-");
}

/** The windows of a row at one time, earliest first. */
async function windowsOf(micros: bigint, spec: WindowSpec<"at", "window">): Promise<WindowRow[]> {
  const counts = aggregateRows({ schema: Tick }, [spec], { n: count() });
  using runner = await OperatorRunner.open(counts, { mode: "complete", inputs: [Tick] });
  const { rows } = await runner.batch(ticks({ at: micros, name: "" }));
  return rows.map(({ window }) => window);
}

Deno.test("windows are those of Spark's own example, at 12:05", async () => {
  // The comment of TimeWindowing in Spark's ResolveTimeWindows.scala.
  const slides = await windowsOf(at("12:05"), window("at", "12 minutes", "5 minutes"));
  deepEqual(slides.map(clock), ["11:55-12:07", "12:00-12:12", "12:05-12:17"]);
  const moved = await windowsOf(at("12:05"), window("at", "12 minutes", "5 minutes", "2 minutes"));
  deepEqual(moved.map(clock), ["11:57-12:09", "12:02-12:14"]);
});

Deno.test("a window has its start and not its end, before 1970 too", async () => {
  const minutes = window("at", "10 us");
  deepEqual(await windowsOf(0n, minutes), [{ start: 0n, end: 10n }]);
  deepEqual(await windowsOf(9n, minutes), [{ start: 0n, end: 10n }]);
  deepEqual(await windowsOf(10n, minutes), [{ start: 10n, end: 20n }]);
  deepEqual(await windowsOf(-1n, minutes), [{ start: -10n, end: 0n }]);
  deepEqual(await windowsOf(-10n, minutes), [{ start: -10n, end: 0n }]);
  deepEqual(await windowsOf(-11n, minutes), [{ start: -20n, end: -10n }]);
  deepEqual(await windowsOf(-1n, window("at", "10 us", "4 us", "-3 us")), [
    { start: -7n, end: 3n },
    { start: -3n, end: 7n },
  ]);
  deepEqual(await windowsOf(2n, window("at", "10 us", "10 us", "-3 us")), [
    { start: -3n, end: 7n },
  ]);
});

Deno.test("a row without a time is in no window, and not late either", async () => {
  const counts = aggregateRows({ schema: Tick, eventTime: "at" }, [window("at", "1 minute")], {
    n: count(),
  });
  using runner = await OperatorRunner.open(counts, { mode: "update", inputs: [Tick] });
  const { rows, late } = await runner.batch(ticks({ at: null, name: "" }));
  deepEqual([rows, late], [[], [[]]]);
});

Deno.test("a late row of a sliding window counts in the windows that are still open", async () => {
  const input = { schema: Tick, eventTime: "at" };
  const counts = aggregateRows(input, [window("at", "10 minutes", "5 minutes")], { n: count() });
  using runner = await OperatorRunner.open(counts, {
    inputs: [Tick],
    watermarks: [{ column: "at", delayMicros: 0n }],
  });
  await runner.batch(ticks({ at: at("12:16"), name: "first" }));
  await runner.batch(ticks());
  // The watermark is 12:16: of a row at 12:07, 12:00-12:10 and 12:05-12:15 are over, of one at 12:12
  // 12:05-12:15 is, and 12:10-12:20 is open.
  const { rows, late } = await runner.batch(ticks(
    { at: at("12:07"), name: "late" },
    { at: at("12:12"), name: "late for one" },
    { at: at("12:31"), name: "on time" },
  ));
  deepEqual(rows, []);
  deepEqual(late, [[{ at: at("12:07"), name: "late" }]]);
  const [closed] = await runner.drain();
  deepEqual(closed!.rows.map(({ window, n }) => `${clock(window)} ${n}`), [
    "12:10-12:20 2",
    "12:15-12:25 1",
  ]);
});

Deno.test("a batch with more windows than fit into one part counts all of them", async () => {
  const input = { schema: Tick };
  const counts = aggregateRows(input, [window("at", "64 us", "1 us")], { n: count() });
  using runner = await OperatorRunner.open(counts, { mode: "update", inputs: [Tick] });
  const batch = new Batch(Tick);
  for (let row = 0; row < 40_000; row++) batch.append({ at: BigInt(row % 100), name: "" });
  const { rows } = await runner.batch(batch);
  // A window that starts at s has the times from s to s + 63 of 0 to 99, each 400 times.
  const expected = Array.from({ length: 163 }, (_, i) => {
    const start = i - 63;
    return 400 * (Math.min(100, start + 64) - Math.max(0, start));
  });
  deepEqual(rows.map(({ n }) => Number(n)).toSorted(), expected.toSorted());
});

Deno.test("windows of windows: the hours of minutes, each closed by the watermark", async () => {
  const minutes = aggregateRows({ schema: Tick, eventTime: "at" }, [window("at", "1 minute")], {
    n: count(),
  });
  const input = { schema: minutes.schema, eventTime: minutes.eventTime };
  const hours = aggregateRows(input, [window("window", "1 hour").as("hour")], { n: sum("n") });
  equal(hours.eventTime, "hour");
  using runner = await OperatorRunner.open(hours, {
    mode: "complete",
    inputs: [minutes.schema],
  });
  const batch = new Batch(minutes.schema);
  // A minute that ends with the hour is in that hour, not in the next.
  for (
    const [start, end, n] of [["10:58", "10:59", 1n], ["10:59", "11:00", 10n], [
      "11:00",
      "11:01",
      100n,
    ]]
  ) {
    batch.append({
      window: { start: at(start as string), end: at(end as string) },
      n: n as bigint,
    });
  }
  const { rows } = await runner.batch(batch);
  deepEqual(rows.map(({ hour, n }) => `${clock(hour)} ${n}`), [
    "10:00-11:00 11",
    "11:00-12:00 100",
  ]);
});

Deno.test("a column of windows among the keys closes groups at the ends of the windows", async () => {
  const minutes = aggregateRows(
    { schema: Tick, eventTime: "at" },
    ["name", window("at", "1 minute")],
    { n: count() },
  );
  const input = { schema: minutes.schema, eventTime: minutes.eventTime };
  const names = aggregateRows(input, ["window"], { names: count(), n: sum("n") });
  names.checkMode("append");
  equal(names.eventTime, "window");
  using runner = await OperatorRunner.open(names, { inputs: [minutes.schema] });
  const run = names.open(runner.state, "append");
  const batch = new Batch(minutes.schema);
  for (
    const [name, start, end] of [["a", 0n, 9n], ["a", 9n, 18n], ["b", 9n, 18n], ["c", 18n, 27n]]
  ) {
    const window = { start: start as bigint, end: end as bigint };
    batch.append({ name: name as string, window, n: 10n });
  }
  runner.store.begin(0);
  const { batch: closed, late } = await run.apply([batch as unknown as Batch], {
    batchId: 0,
    lateMicros: 9n,
    watermarkMicros: 18n,
    timestampMs: 0,
  });
  runner.store.rollback();
  deepEqual([...closed.rows()], [{ window: { start: 9n, end: 18n }, names: 2n, n: 20n }]);
  deepEqual(late?.map((rows) => [...rows!.rows()].map(({ name }) => name)), [["a"]]);
});

Deno.test("a window that no table could hold stops the query, naming the column", async () => {
  const last = parseTimestampMicros("9999-12-31T23:59:59.999999Z", "utc")!;
  const first = parseTimestampMicros("0001-01-01T00:00:00Z", "utc")!;
  for (
    const [micros, spec] of [
      [last, window("at", "1 hour")],
      [first, window("at", "2 hours", "1 hour")],
    ] as const
  ) {
    await rejects(() => windowsOf(micros, spec), (error) => {
      match(String(error), /Cannot make the window of a row at column "at"/);
      return error instanceof SluiceError && error.code === "BAD_VALUE";
    });
  }
  deepEqual(await windowsOf(last - 3_600_000_000n, window("at", "1 hour")), [
    { start: last - 7_199_999_999n, end: last - 3_599_999_999n },
  ]);
});

Deno.test("lengths that make no windows are refused", () => {
  for (
    const lengths of [
      ["0 minutes"],
      ["-1 minute"],
      ["ten minutes"],
      ["1 month"],
      ["10 minutes", "0 minutes"],
      ["10 minutes", "11 minutes"],
      ["10 minutes", "5 minutes", "5 minutes"],
      ["10 minutes", "5 minutes", "-5 minutes"],
    ]
  ) {
    throws(
      () => window("at", ...lengths as [string]),
      (error) => error instanceof SluiceError && error.code === "BAD_OPTION",
      lengths.join(", "),
    );
  }
});
