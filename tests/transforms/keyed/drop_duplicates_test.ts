import { deepEqual, equal, ok, throws } from "assert";
import { type Row, schema as s, SluiceError } from "../../../lib/core/mod.ts";
import { dropDuplicates, dropDuplicatesWithinWatermark } from "../../../lib/transforms/mod.ts";
import { Random } from "../../support/random.ts";
import { batchOf, cut, randomFaults } from "../random_batches.ts";
import { type BatchOutcome, OperatorRunner } from "../run_operator.ts";

const Event = s.struct({
  seq: s.long(),
  id: s.integer().nullable(),
  x: s.double(),
  at: s.timestamp().nullable(),
});
type EventRow = Row<typeof Event>;

const SECOND = 1_000_000n;
const DELAY = 10n * SECOND;
const withWatermark = { eventTime: "at", delayMicros: DELAY };
const watermarks = [{ column: "at", delayMicros: DELAY }];

/** Events out of order by up to `disorder` seconds, with equal keys, nulls and all kinds of zero. */
function randomEvents(random: Random, count: number, disorder: number): EventRow[] {
  return Array.from({ length: count }, (_, i) => ({
    seq: BigInt(i),
    id: random.pick([null, 1, 2, 3, 4, 5]),
    x: random.pick([0, -0, NaN, 1]),
    at: random.next() < 0.03
      ? null
      : BigInt(1000 + Math.floor(i / 3) - random.integer(0, disorder)) * SECOND,
  }));
}

/** A key as text: NaN is NaN, and there is one zero. */
function keyOf(row: EventRow, columns: readonly (keyof EventRow)[]): string {
  return columns.map((column) => String(row[column] === 0 ? 0 : row[column])).join("|");
}

async function runInBatches<Out>(
  runner: OperatorRunner<Out>,
  batches: readonly EventRow[][],
): Promise<BatchOutcome<Out>[]> {
  const outcomes: BatchOutcome<Out>[] = [];
  for (const rows of batches) outcomes.push(await runner.batch(batchOf(Event, rows)));
  return outcomes;
}

function isLate(row: EventRow, lateMicros: bigint): boolean {
  return row.at !== null && row.at <= lateMicros;
}

Deno.test("dropDuplicates keeps the first row of each key that is in time, and reports the late", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed);
    const columns = random.pick(
      [["id"], ["id", "at"], ["x", "at"], ["at", "x", "id"], ["x"]] as const,
    );
    const batches = cut(random, randomEvents(random, 150, 25), 20);
    using runner = await OperatorRunner.open(
      dropDuplicates({ schema: Event, ...withWatermark }, columns),
      { inputs: [Event], watermarks, fault: randomFaults(random) },
    );
    const outcomes = [...await runInBatches(runner, batches), ...await runner.drain()];

    const seen = new Map<string, EventRow>();
    outcomes.forEach(({ context, rows, late }, i) => {
      const inBatch = batches[i] ?? [];
      const expected = inBatch.filter((row) => {
        if (isLate(row, context.lateMicros) || seen.has(keyOf(row, columns))) return false;
        seen.set(keyOf(row, columns), row);
        return true;
      });
      deepEqual(rows, expected, `seed ${seed} batch ${i}`);
      deepEqual(late[0], inBatch.filter((row) => isLate(row, context.lateMicros)), `seed ${seed}`);
    });
    const watermark = outcomes.at(-1)!.context.watermarkMicros;
    const remembered = [...seen.values()].filter(({ at }) =>
      !(columns as readonly string[]).includes("at") || at === null || at > watermark
    );
    equal(runner.state.numRowsTotal, remembered.length, `seed ${seed}`);
    ok(outcomes.some(({ late }) => late[0]!.length > 0), `seed ${seed} has no late row`);
  }
});

Deno.test("dropDuplicates gives the same rows however they are cut, when none is late", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const events = randomEvents(random, 200, 8);
    const results: EventRow[][] = [];
    for (const most of [1, 7, 40, 1000]) {
      for (
        const operator of [
          dropDuplicates({ schema: Event }),
          dropDuplicates({ schema: Event, ...withWatermark }, ["at", "id"]),
        ]
      ) {
        using runner = await OperatorRunner.open(operator, { inputs: [Event], watermarks });
        const outcomes = await runInBatches(runner, cut(random, events, most));
        results.push(outcomes.flatMap(({ rows }) => rows));
      }
    }
    for (let i = 2; i < results.length; i++) deepEqual(results[i], results[i % 2], `seed ${seed}`);
    equal(results[0]!.length, 200, "the number of each row tells them all apart");
    ok(results[1]!.length < 200);
  }
});

Deno.test("dropDuplicates without a watermark has no late rows and remembers all keys", async () => {
  const random = new Random(1);
  const events = randomEvents(random, 100, 90);
  using runner = await OperatorRunner.open(dropDuplicates({ schema: Event }, ["id", "x"]), {
    inputs: [Event],
    mode: "update",
  });
  const outcomes = await runInBatches(runner, cut(random, events, 10));
  const first = events.filter((row, i) =>
    events.findIndex((other) => keyOf(other, ["id", "x"]) === keyOf(row, ["id", "x"])) === i
  );
  deepEqual(outcomes.flatMap(({ rows }) => rows), first);
  ok(outcomes.every(({ late }) => late[0]!.length === 0));
  equal(runner.state.numRowsTotal, first.length);
  equal(first.length, 18, "six ids and three kinds of number");
});

Deno.test("within the watermark a key is known from its first row until its time and the delay", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed);
    const columns = random.pick([["id"], ["id", "x"]] as const);
    const batches = cut(random, randomEvents(random, 200, 15), 20);
    using runner = await OperatorRunner.open(
      dropDuplicatesWithinWatermark({ schema: Event, ...withWatermark }, columns),
      { inputs: [Event], watermarks, fault: randomFaults(random) },
    );
    const outcomes = [...await runInBatches(runner, batches), ...await runner.drain()];

    const expiries = new Map<string, bigint>();
    outcomes.forEach(({ context, rows, late }, i) => {
      const inBatch = batches[i] ?? [];
      const expected = inBatch.filter((row) => {
        const key = keyOf(row, columns);
        if (isLate(row, context.lateMicros) || expiries.has(key)) return false;
        expiries.set(key, (row.at ?? 0n) + DELAY);
        return true;
      });
      for (const [key, expiry] of expiries) {
        if (expiry <= context.watermarkMicros) expiries.delete(key);
      }
      deepEqual(rows, expected, `seed ${seed} batch ${i}`);
      deepEqual(late[0], inBatch.filter((row) => isLate(row, context.lateMicros)), `seed ${seed}`);
    });
    equal(runner.state.numRowsTotal, expiries.size, `seed ${seed}`);
  }
});

Deno.test("within the watermark duplicates that are no further apart than the delay are always dropped", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    // Each id has its rows within nine seconds, and nothing comes more than nine seconds late.
    const events = Array.from({ length: 300 }, (_, i) => {
      const id = Math.floor(i / 6) + random.integer(0, 2);
      return {
        seq: BigInt(i),
        id,
        x: 0,
        at: BigInt(1000 + id * 2 + random.integer(0, 3)) * SECOND,
      };
    });
    using runner = await OperatorRunner.open(
      dropDuplicatesWithinWatermark({ schema: Event, ...withWatermark }, ["id"]),
      { inputs: [Event], watermarks, fault: randomFaults(random) },
    );
    const outcomes = await runInBatches(runner, cut(random, events, 12));
    const first = events.filter((row, i) => events.findIndex(({ id }) => id === row.id) === i);
    deepEqual(outcomes.flatMap(({ rows }) => rows), first, `seed ${seed}`);
    ok(runner.state.numRowsTotal < 20, `${runner.state.numRowsTotal} keys are remembered`);
  }
});

Deno.test("duplicates are dropped by columns that are there, in a mode that makes sense", () => {
  const hasCode = (code: string) => (error: unknown) =>
    error instanceof SluiceError && error.code === code;
  throws(() => dropDuplicates({ schema: Event }, ["idd" as "id"]), hasCode("UNKNOWN_COLUMN"));
  throws(() => dropDuplicates({ schema: Event }, []), hasCode("BAD_OPTION"));
  throws(() => dropDuplicates({ schema: Event }, ["id", "id"]), hasCode("BAD_OPTION"));
  const Mapped = s.struct({ id: s.long(), counts: s.map(s.string(), s.long()) });
  throws(() => dropDuplicates({ schema: Mapped }), hasCode("BAD_PIPELINE"));
  throws(() => dropDuplicates({ schema: Event }).checkMode("complete"), hasCode("BAD_PIPELINE"));
  throws(
    () => dropDuplicatesWithinWatermark({ schema: Event }, ["id"]),
    (error) => hasCode("BAD_PIPELINE")(error) && /withWatermark/.test(String(error)),
  );
});
