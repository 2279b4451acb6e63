import { deepEqual, equal, ok, rejects, throws } from "assert";
import { type Row, schema as s, SluiceError } from "../../../lib/core/mod.ts";
import {
  flatMapGroupsWithState,
  type GroupFunction,
  type GroupStateOptions,
} from "../../../lib/transforms/mod.ts";
import { Random } from "../../support/random.ts";
import { batchOf, cut, randomFaults } from "../random_batches.ts";
import { OperatorRunner } from "../run_operator.ts";

const Click = s.struct({
  seq: s.long(),
  user: s.string().nullable(),
  at: s.timestamp(),
});
type ClickRow = Row<typeof Click>;
const Visit = s.struct({
  user: s.string().nullable(),
  clicks: s.array(s.long()),
  timedOut: s.boolean(),
});
type VisitRow = Row<typeof Visit>;
const Seen = s.struct({ clicks: s.array(s.long()), last: s.timestamp() });
type SeenRow = Row<typeof Seen>;
type ClickFunction = GroupFunction<ClickRow, "user", SeenRow, VisitRow>;

const SECOND = 1_000_000n;
const input = { schema: Click, eventTime: "at", delayMicros: 5n * SECOND };
const watermarks = [{ column: "at", delayMicros: 5n * SECOND }];
const byEventTime: GroupStateOptions<SeenRow, VisitRow> = {
  state: Seen,
  output: Visit,
  timeout: "eventTime",
};

function randomClicks(random: Random, count: number): ClickRow[] {
  return Array.from({ length: count }, (_, i) => ({
    seq: BigInt(i),
    user: random.pick([null, "a", "b", "c", "d"]),
    at: BigInt(1000 + i - random.integer(0, 8)) * SECOND + BigInt(random.integer(0, 999)),
  }));
}

/** Gathers the clicks of a visit, which is over eight seconds behind its last click. */
const gatherVisit: ClickFunction = function* ({ user }, rows, state) {
  if (state.hasTimedOut) {
    yield { user, clicks: state.get().clicks, timedOut: true };
    state.remove();
    return;
  }
  const seen = state.getOption() ?? { clicks: [], last: 0n };
  for (const { seq, at } of rows) {
    seen.clicks.push(seq);
    if (at > seen.last) seen.last = at;
  }
  if (seen.clicks.length >= 6) {
    state.remove();
    yield { user, clicks: seen.clicks, timedOut: false };
  } else {
    state.update(seen);
    const end = seen.last + 8n * SECOND;
    const soonest = state.watermarkMicros;
    state.setTimeoutTimestamp(end > soonest ? end : soonest);
  }
};

Deno.test("groups get their rows in the order of arrival, keep a state and time out, as plain loops say", async () => {
  let numTimedOut = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const batches = cut(random, randomClicks(random, 150), 12);
    using runner = await OperatorRunner.open(
      flatMapGroupsWithState(input, ["user"], byEventTime, gatherVisit),
      { inputs: [Click], watermarks, fault: randomFaults(random) },
    );
    const visits = new Map<string | null, { clicks: bigint[]; last: bigint; end: bigint }>();
    for (let i = 0; i < batches.length || runner.isDue(0); i++) {
      const clicks = batches[i] ?? [];
      const { rows, late, context } = await runner.batch(batchOf(Click, clicks));
      const inTime = clicks.filter(({ at }) => at > context.lateMicros);
      const expected: VisitRow[] = [];
      for (const user of new Set(inTime.map((click) => click.user))) {
        const visit = visits.get(user) ?? { clicks: [], last: 0n, end: 0n };
        for (const click of inTime) {
          if (click.user !== user) continue;
          visit.clicks.push(click.seq);
          if (click.at > visit.last) visit.last = click.at;
        }
        visit.end = visit.last + 8n * SECOND;
        if (visit.end < context.watermarkMicros) visit.end = context.watermarkMicros;
        if (visit.clicks.length >= 6) {
          visits.delete(user);
          expected.push({ user, clicks: visit.clicks, timedOut: false });
        } else {
          visits.set(user, visit);
        }
      }
      const over = [...visits].filter(([, { end }]) => end < context.watermarkMicros);
      deepEqual(rows.slice(0, expected.length), expected, `seed ${seed} batch ${i}`);
      deepEqual(
        new Set(rows.slice(expected.length)),
        new Set(over.map(([user, { clicks }]) => ({ user, clicks, timedOut: true }))),
        `seed ${seed} batch ${i}`,
      );
      for (const [user] of over) visits.delete(user);
      numTimedOut += over.length;
      deepEqual(late[0], clicks.filter(({ at }) => at <= context.lateMicros));
      equal(runner.state.numRowsTotal, visits.size, `seed ${seed}`);
    }
  }
  ok(numTimedOut > 60, `only ${numTimedOut} groups timed out`);
});

Deno.test("a timeout holds for one call only, and needs no state", async () => {
  const calls: string[] = [];
  const operator = flatMapGroupsWithState(
    { schema: Click },
    ["user"],
    { state: Seen, output: Visit, timeout: "processingTime" },
    ({ user }, rows, state) => {
      calls.push(`${user} ${[...rows].length} ${state.hasTimedOut} ${state.processingTimeMs}`);
      if (calls.length === 1) state.setTimeoutDuration("2 seconds");
      if (calls.length === 2) state.setTimeoutDuration(5000);
      return [];
    },
  );
  using runner = await OperatorRunner.open(operator, { inputs: [Click] });
  const clicks = (...users: string[]) =>
    batchOf(Click, users.map((user, i) => ({ seq: BigInt(i), user, at: 0n })));
  await runner.batch(clicks("a", "a", "b"), 1000);
  equal(runner.state.numRowsTotal, 2);
  equal(runner.isDue(3000), false, "at the time is not past it");
  equal(runner.isDue(3001), true);
  await runner.batch(clicks("b"), 3000);
  equal(runner.state.numRowsTotal, 1, "the second call for b set no timeout");
  await runner.batch(clicks(), 3000);
  await runner.batch(clicks(), 3001);
  equal(runner.isDue(10_000_000), false);
  deepEqual(calls, ["a 2 false 1000", "b 1 false 1000", "b 1 false 3000", "a 0 true 3001"]);
  equal(runner.state.numRowsTotal, 0);
});

Deno.test("without a timeout by event time rows behind the watermark are handed over", async () => {
  const operator = flatMapGroupsWithState(
    input,
    ["user"],
    { state: Seen, output: Visit },
    ({ user }, rows) => [{ user, clicks: [...rows].map(({ seq }) => seq), timedOut: false }],
  );
  using runner = await OperatorRunner.open(operator, { inputs: [Click], watermarks });
  const ats = [100n, 100n, 1n];
  const all: bigint[] = [];
  for (const [i, at] of ats.entries()) {
    const { rows, late } = await runner.batch(
      batchOf(Click, [{ seq: BigInt(i), user: "a", at: at * SECOND }]),
    );
    all.push(...rows.flatMap(({ clicks }) => clicks));
    deepEqual(late[0], []);
  }
  deepEqual(all, [0n, 1n, 2n]);
  equal(runner.state.numRowsTotal, 0);
});

Deno.test("a state that is changed but not updated stays as it was", async () => {
  const operator = flatMapGroupsWithState(
    { schema: Click },
    ["user"],
    { state: Seen, output: Visit },
    ({ user }, _rows, state) => {
      if (!state.exists) state.update({ clicks: [7n], last: 0n });
      else state.get().clicks.push(8n);
      return [{ user, clicks: state.get().clicks, timedOut: false }];
    },
  );
  using runner = await OperatorRunner.open(operator, { inputs: [Click] });
  const given: bigint[][] = [];
  for (let i = 0; i < 3; i++) {
    const { rows } = await runner.batch(batchOf(Click, [{ seq: 1n, user: "a", at: 0n }]));
    given.push(...rows.map(({ clicks }) => clicks));
  }
  deepEqual(given, [[7n], [7n, 8n], [7n, 8n]]);
});

/** What a batch fails with in which the function does this. */
async function failureOf(
  change: ClickFunction,
  options: GroupStateOptions<SeenRow, VisitRow> = byEventTime,
): Promise<string> {
  const operator = flatMapGroupsWithState(
    options.timeout === "eventTime" ? input : { schema: Click },
    ["user"],
    options,
    change,
  );
  using runner = await OperatorRunner.open(operator, { inputs: [Click], watermarks });
  await runner.batch(batchOf(Click, [{ seq: 1n, user: "early", at: 60n * SECOND }])).catch(
    () => {},
  );
  if (runner.store.batchId < 0) runner.store.rollback();
  let message = "";
  await rejects(
    async () => {
      await runner.batch(batchOf(Click, [{ seq: 1n, user: "ann", at: 61n * SECOND }]));
    },
    (error) => {
      if (!(error instanceof SluiceError) || error.code !== "GROUP_FUNCTION_FAILED") return false;
      message = error.message;
      return true;
    },
  );
  return message;
}

Deno.test("what a function does wrong stops the query with an error that names the group", async () => {
  const none: VisitRow[] = [];
  const byClock: GroupStateOptions<SeenRow, VisitRow> = {
    ...byEventTime,
    timeout: "processingTime",
  };
  const untimed: GroupStateOptions<SeenRow, VisitRow> = { state: Seen, output: Visit };
  const onAnn = (act: ClickFunction): ClickFunction => (key, rows, state) =>
    key.user === "ann" ? act(key, rows, state) : none;
  const failures: [RegExp, ClickFunction, GroupStateOptions<SeenRow, VisitRow>?][] = [
    [/user = "ann".*no luck/s, () => {
      throw new Error("no luck");
    }],
    [/clicks/, ({ user }) => [{ user, timedOut: true } as VisitRow]],
    [/wanted an array of rows/, () => undefined as unknown as VisitRow[]],
    [/wanted an array of rows/, () => "text" as unknown as VisitRow[]],
    [/must not be async/, (() => Promise.resolve([])) as unknown as ClickFunction],
    [/last/, (_key, _rows, state) => {
      state.update({ clicks: [] } as unknown as SeenRow);
      return none;
    }],
    [/update the state/, (_key, _rows, state) => {
      state.update(null as unknown as SeenRow);
      return none;
    }],
    [/get the state of a group: found none/, (_key, _rows, state) => [
      { user: "", clicks: state.get().clicks, timedOut: false },
    ]],
    [/a time not before the watermark, 55000000/, (_key, _rows, state) => {
      state.setTimeoutTimestamp(state.watermarkMicros - 1n);
      return none;
    }],
    [/a time after 1970/, (_key, _rows, state) => {
      state.setTimeoutTimestamp(0n);
      return none;
    }],
    [/not negative/, (_key, _rows, state) => {
      state.setTimeoutTimestamp(10n ** 9n, "-1 second");
      return none;
    }],
    [/timeout: "eventTime", wanted timeout: "processingTime"/, (_key, _rows, state) => {
      state.setTimeoutDuration("1 minute");
      return none;
    }],
    [/timeout: "processingTime", wanted timeout: "eventTime"/, (_key, _rows, state) => {
      state.setTimeoutTimestamp(10n ** 9n);
      return none;
    }, byClock],
    [/groups without timeout/, (_key, _rows, state) => {
      state.setTimeoutDuration(1);
      return none;
    }, untimed],
    [/more than 0 milliseconds/, (_key, _rows, state) => {
      state.setTimeoutDuration(-1);
      return none;
    }, byClock],
    [/rows without a watermark/, (_key, _rows, state) => {
      ok(state.watermarkMicros);
      return none;
    }, untimed],
  ];
  for (const [expected, act, options] of failures) {
    const message = await failureOf(onAnn(act), options);
    ok(expected.test(message), `${message} is not ${expected}`);
    ok(message.includes('user = "ann"'), message);
  }
});

Deno.test("a timeout at the watermark is allowed, and comes when the watermark has moved on", async () => {
  const timedOut: bigint[] = [];
  const operator = flatMapGroupsWithState(input, ["user"], byEventTime, (_key, rows, state) => {
    if (state.hasTimedOut) timedOut.push(state.watermarkMicros);
    for (const { at } of rows) {
      if (at === 61n * SECOND) state.setTimeoutTimestamp(state.watermarkMicros);
    }
    return [];
  });
  using runner = await OperatorRunner.open(operator, { inputs: [Click], watermarks });
  for (const [i, at] of [60n, 61n, 62n, 62n].entries()) {
    await runner.batch(batchOf(Click, [{ seq: BigInt(i), user: `${i}`, at: at * SECOND }]));
  }
  deepEqual(timedOut, [56n * SECOND]);
});

Deno.test("in update mode a row stands for its key: one of each in a batch", async () => {
  const counts = (times: number) =>
    flatMapGroupsWithState(
      { schema: Click },
      ["user"],
      { state: Seen, output: Visit },
      ({ user }, rows) => {
        const clicks = [...rows].map(({ seq }) => seq);
        return Array.from({ length: times }, () => ({ user, clicks, timedOut: false }));
      },
    );
  const clicks = batchOf(Click, [0n, 1n, 2n].map((seq) => ({ seq, user: `${seq % 2n}`, at: 0n })));
  using once = await OperatorRunner.open(counts(1), { inputs: [Click], mode: "update" });
  deepEqual((await once.batch(clicks)).rows.map((row) => row.clicks), [[0n, 2n], [1n]]);
  using twice = await OperatorRunner.open(counts(2), { inputs: [Click], mode: "update" });
  await rejects(
    () => twice.batch(clicks),
    (error) => error instanceof SluiceError && /two rows of this key/.test(error.message),
  );
  deepEqual(counts(1).keyColumns, ["user"]);

  const Total = s.struct({ total: s.long() });
  const keyless = flatMapGroupsWithState(
    { schema: Click },
    ["user"],
    { state: Seen, output: Total },
    () => [],
  );
  keyless.checkMode("append");
  throws(() => keyless.checkMode("update"), /all columns of the key/);
  throws(() => counts(1).checkMode("complete"), /outputMode "complete"/);
});

Deno.test("groups cannot time out by an event time that there is not", () => {
  throws(
    () => flatMapGroupsWithState({ schema: Click }, ["user"], byEventTime, () => []),
    (error) => error instanceof SluiceError && error.code === "BAD_PIPELINE",
  );
  throws(
    () =>
      flatMapGroupsWithState(
        input,
        ["user"],
        { ...byEventTime, timeout: "never" as "eventTime" },
        () => [],
      ),
    (error) => error instanceof SluiceError && error.code === "BAD_OPTION",
  );
});
