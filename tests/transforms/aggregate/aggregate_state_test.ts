import { deepEqual, equal, ok } from "assert";
import { Batch, schema as s } from "../../../lib/core/mod.ts";
import {
  aggregateRows,
  collectList,
  collectSet,
  count,
  countDistinct,
  window,
} from "../../../lib/transforms/mod.ts";
import { OperatorRunner } from "../run_operator.ts";

const Click = s.struct({ at: s.timestamp().nullable(), page: s.string(), user: s.long() });
const MINUTE = 60_000_000n;

function clicks(minute: bigint, users: number, pages: number): Batch {
  const batch = new Batch(Click);
  for (let user = 0; user < users; user++) {
    batch.append({ at: minute * MINUTE, page: `page ${user % pages}`, user: BigInt(user) });
  }
  return batch as unknown as Batch;
}

const distinct = aggregateRows({ schema: Click, eventTime: "at" }, [window("at", "1 minute")], {
  n: count(),
  users: countDistinct("user"),
  pages: collectSet("page"),
  all: collectList("user"),
});
const watermarks = [{ column: "at", delayMicros: 0n }];

Deno.test("distinct values are entries of their own: those that are there are not written again", async () => {
  using runner = await OperatorRunner.open(distinct, {
    mode: "update",
    inputs: [Click],
    watermarks,
  });
  await runner.batch(clicks(5n, 1000, 10));
  // The group, 1000 users, 10 pages, and the list of the batch.
  equal(runner.state.numRowsUpdated, 1 + 1000 + 10 + 1);
  await runner.batch(clicks(5n, 1001, 10));
  equal(runner.state.numRowsUpdated, 1 + 1 + 0 + 1);
});

for (const mode of ["append", "update"] as const) {
  Deno.test(`in ${mode} mode the watermark leaves nothing of a window that is over`, async () => {
    using runner = await OperatorRunner.open(distinct, { mode, inputs: [Click], watermarks });
    for (let minute = 5n; minute < 10n; minute++) {
      await runner.batch(clicks(minute, 20, 3));
      ok(runner.state.numRowsTotal <= 2 * (1 + 20 + 3 + 1), `${runner.state.numRowsTotal}`);
    }
    await runner.batch(clicks(20n, 1, 1));
    await runner.drain();
    equal(runner.state.numRowsTotal, 4, "the window of the last click");
  });
}

Deno.test("in complete mode late rows count, and all windows are kept", async () => {
  using runner = await OperatorRunner.open(distinct, {
    mode: "complete",
    inputs: [Click],
    watermarks,
  });
  await runner.batch(clicks(5n, 20, 3));
  await runner.batch(clicks(50n, 20, 3));
  await runner.drain();
  const { rows, late } = await runner.batch(clicks(5n, 10, 3));
  deepEqual(late, [[]]);
  deepEqual(rows.map(({ window, n }) => [window.start / MINUTE, n]), [[5n, 30n], [50n, 20n]]);
});

Deno.test("a group whose event time is null is never over", async () => {
  const times = aggregateRows({ schema: Click, eventTime: "at" }, ["at"], { n: count() });
  using runner = await OperatorRunner.open(times, { inputs: [Click], watermarks });
  const batch = new Batch(Click);
  for (const at of [null, 7n * MINUTE, null]) batch.append({ at, page: "", user: 0n });
  await runner.batch(batch as unknown as Batch);
  const [closed] = await runner.drain();
  deepEqual(closed!.rows, [{ at: 7n * MINUTE, n: 1n }]);
  const again = new Batch(Click);
  for (const at of [null, 9n * MINUTE]) again.append({ at, page: "", user: 0n });
  const { late } = await runner.batch(again as unknown as Batch);
  await runner.drain();
  deepEqual(late, [[]]);
  equal(runner.state.numRowsTotal, 1);
});

Deno.test("without keys there is one row from the first batch on, in complete and update mode", async () => {
  const totals = aggregateRows({ schema: Click }, [], { n: count(), users: countDistinct("user") });
  for (const mode of ["complete", "update"] as const) {
    using runner = await OperatorRunner.open(totals, { mode, inputs: [Click] });
    deepEqual((await runner.batch(clicks(0n, 0, 1))).rows, [{ n: 0n, users: 0n }]);
    const unchanged = (await runner.batch(clicks(0n, 0, 1))).rows;
    deepEqual(unchanged, mode === "complete" ? [{ n: 0n, users: 0n }] : []);
    deepEqual((await runner.batch(clicks(0n, 3, 1))).rows, [{ n: 3n, users: 3n }]);
  }
});
