import { deepEqual, equal, throws } from "assert";
import {
  Batch,
  formatTimestampMicros,
  parseTimestampMicros,
  schema as s,
  SluiceError,
} from "../../../lib/core/mod.ts";
import {
  aggregateRows,
  collectList,
  collectSet,
  count,
  countDistinct,
  first,
  last,
  sessionWindow,
  type WindowRow,
} from "../../../lib/transforms/mod.ts";
import { OperatorRunner, type RunnerOptions } from "../run_operator.ts";

const Click = s.struct({ user: s.string(), at: s.timestamp(), page: s.string() });

function clicks(...rows: [user: string, time: string, page: string][]): Batch {
  const batch = new Batch(Click);
  for (const [user, time, page] of rows) batch.append({ user, at: at(time), page });
  return batch as unknown as Batch;
}

function at(time: string): bigint {
  return parseTimestampMicros(`2021-01-01 00:${time}`, "utc")!;
}

/** `mm:ss` of the start and the end. */
function clock({ start, end }: WindowRow): string {
  return [start, end].map((micros) => formatTimestampMicros(micros).slice(14, 19)).join("-");
}

function visits() {
  return aggregateRows(
    { schema: Click, eventTime: "at" },
    ["user", sessionWindow("at", "5 minutes")],
    {
      n: count(),
      pages: collectList("page"),
      distinct: countDistinct("page"),
      set: collectSet("page"),
      opened: first("page"),
      left: last("page"),
    },
  );
}

function open(mode: RunnerOptions["mode"]) {
  return OperatorRunner.open(visits(), {
    mode: mode!,
    inputs: [Click],
    watermarks: [{ column: "at", delayMicros: 0n }],
  });
}

Deno.test("sessions are those of the example in Spark's SQL reference", async () => {
  // https://spark.apache.org/docs/latest/api/sql/index.html#session_window
  using runner = await open("complete");
  const { rows } = await runner.batch(clicks(
    ["A1", "00:00", "a"],
    ["A1", "04:30", "b"],
    ["A1", "10:00", "c"],
    ["A2", "01:00", "d"],
  ));
  deepEqual(rows.map(({ user, session_window, n }) => `${user} ${clock(session_window)} ${n}`), [
    "A1 00:00-09:30 2",
    "A1 10:00-15:00 1",
    "A2 01:00-06:00 1",
  ]);
});

Deno.test("sessions that touch are one; a microsecond apart they are two", async () => {
  using runner = await open("complete");
  const { rows } = await runner.batch(clicks(
    ["A", "00:00", "a"],
    ["A", "05:00", "b"],
    ["B", "00:00", "a"],
    ["B", "05:00.000001", "b"],
  ));
  deepEqual(rows.map(({ user, session_window, n }) => `${user} ${clock(session_window)} ${n}`), [
    "A 00:00-10:00 2",
    "B 00:00-05:00 1",
    "B 05:00-10:00 1",
  ]);
  // In whatever batch they come.
  const later = await runner.batch(clicks(["A", "10:00", "c"], ["B", "10:00.000002", "c"]));
  deepEqual(later.rows.map(({ user, session_window }) => `${user} ${clock(session_window)}`), [
    "A 00:00-15:00",
    "B 00:00-05:00",
    "B 05:00-10:00",
    "B 10:00-15:00",
  ]);
});

Deno.test("a row between two sessions makes them one, with all that was in them, in its order", async () => {
  using runner = await open("update");
  const one = await runner.batch(
    clicks(["A", "00:00", "first"], ["A", "09:00", "x"], ["A", "00:01", "y"]),
  );
  deepEqual(one.rows.map(({ session_window }) => clock(session_window)), [
    "00:00-05:01",
    "09:00-14:00",
  ]);
  deepEqual(one.deletes, []);
  equal(runner.state.table("groups").numRows, 2);

  const two = await runner.batch(clicks(["A", "04:30", "x"]));
  deepEqual(
    two.rows.map(({ session_window, ...rest }) => ({ at: clock(session_window), ...rest })),
    [{
      user: "A",
      at: "00:00-14:00",
      n: 4n,
      pages: ["first", "x", "y", "x"],
      distinct: 3n,
      set: two.rows[0]!.set,
      opened: "first",
      left: "x",
    }],
  );
  deepEqual(two.rows[0]!.set.toSorted(), ["first", "x", "y"]);
  deepEqual(two.deletes, one.rows);
  equal(runner.state.table("groups").numRows, 1);
});

Deno.test("a session that grows backwards keeps what it had", async () => {
  using runner = await open("update");
  await runner.batch(clicks(["A", "10:00", "b"]));
  const { rows, deletes } = await runner.batch(clicks(["A", "07:00", "a"]));
  deepEqual(rows.map(({ session_window, pages }) => [clock(session_window), pages]), [
    ["07:00-15:00", ["b", "a"]],
  ]);
  deepEqual(deletes.map(({ session_window }) => clock(session_window)), ["10:00-15:00"]);
  // A row within what is there changes the row and not its key.
  const within = await runner.batch(clicks(["A", "08:00", "c"]));
  deepEqual(within.rows.map(({ session_window, n }) => [clock(session_window), n]), [
    ["07:00-15:00", 3n],
  ]);
  deepEqual(within.deletes, []);
});

Deno.test("a session is given once when the watermark passed its end, and nothing is left of it", async () => {
  using runner = await open("append");
  await runner.batch(clicks(["A", "00:00", "a"], ["B", "00:00", "b"]));
  await runner.batch(clicks(["A", "04:00", "c"], ["C", "30:00", "d"]));
  const [outcome] = await runner.drain();
  deepEqual(
    outcome!.rows.map(({ user, session_window, pages }) => [user, clock(session_window), pages]),
    [
      ["B", "00:00-05:00", ["b"]],
      ["A", "00:00-09:00", ["a", "c"]],
    ],
  );
  // What would have been in A's session, were it still there; and a row that touches nothing.
  const { rows, late } = await runner.batch(clicks(["A", "08:00", "e"], ["A", "26:00", "f"]));
  deepEqual(rows, []);
  deepEqual(late, [[{ user: "A", at: at("08:00"), page: "e" }]]);
  await runner.batch(clicks(["D", "59:00", "g"]));
  await runner.drain();
  equal(runner.state.numRowsTotal, 4, "one session, its list, its distinct page and its set");
});

Deno.test("a gap that is none is refused", () => {
  for (const gap of ["0 seconds", "-1 minute", "soon"]) {
    throws(
      () => sessionWindow("at", gap),
      (error) => error instanceof SluiceError && error.code === "BAD_OPTION",
    );
  }
});
