import { deepEqual, equal, ok } from "assert";
import type { Schema } from "../../../lib/core/mod.ts";
import { aggregateRows, type StatefulOperator } from "../../../lib/transforms/mod.ts";
import { Random } from "../../support/random.ts";
import { type BatchOutcome, OperatorRunner } from "../run_operator.ts";
import { AggregateOracle, compare, text, type Values } from "./aggregate_oracle.ts";
import {
  Event,
  eventBatch,
  type RandomAggregation,
  randomAggregation,
  randomEvent,
} from "./random_aggregation.ts";

function operatorOf({ keys, aggregates, watermark }: RandomAggregation): StatefulOperator<Values> {
  return aggregateRows(
    { schema: Event as unknown as Schema, eventTime: watermark?.column },
    keys,
    aggregates,
  );
}

/** Events out of order, from before 1970 on; and cut into batches, some of them empty. */
function randomBatches(random: Random): Values[][] {
  let now = random.pick([-200_000, 0, 1.7e15]);
  return Array.from(
    { length: random.integer(1, 10) },
    () =>
      Array.from({ length: random.pick([0, 1, random.integer(2, 40)]) }, () => {
        now += random.integer(0, 3000);
        return randomEvent(random, now);
      }),
  );
}

/** Rows as text in no order, sets of values too. */
function texts(rows: readonly unknown[], { aggregates }: RandomAggregation): string[] {
  const sets = Object.keys(aggregates).filter((name) =>
    aggregates[name]?.function === "collectSet"
  );
  return rows.map((row) => {
    const values = { ...row as Values };
    for (const name of sets) values[name] = (values[name] as unknown[]).map(text).sort();
    return text(values);
  }).sort();
}

Deno.test("in every mode each batch gives what a plain program makes of all rows so far", async () => {
  let numRows = 0;
  let numLate = 0;
  let numDeletes = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed);
    const aggregation = randomAggregation(random);
    const { keys, aggregates, mode, watermark } = aggregation;
    const oracle = new AggregateOracle(
      Event as unknown as Schema,
      keys,
      aggregates,
      mode,
      watermark,
    );
    using runner = await OperatorRunner.open(operatorOf(aggregation), {
      mode,
      inputs: [Event as unknown as Schema],
      watermarks: [watermark],
      fault: () => random.pick([undefined, undefined, "rollback", "reopen", "both"]),
    });
    const check = (rows: Values[], outcome: BatchOutcome<Values>) => {
      const expected = oracle.batch(rows);
      const place = `seed ${seed}, ${mode} by ${keys.join(", ")}, batch ${outcome.context.batchId}`;
      deepEqual(texts(outcome.rows, aggregation), texts(expected.rows, aggregation), place);
      deepEqual(texts(outcome.deletes, aggregation), texts(expected.deletes, aggregation), place);
      deepEqual(outcome.late[0]?.map(text), expected.late.map(text), place);
      numRows += outcome.rows.length;
      numLate += expected.late.length;
      numDeletes += outcome.deletes.length;
    };
    for (const rows of randomBatches(random)) check(rows, await runner.batch(eventBatch(rows)));
    for (const outcome of await runner.drain()) check([], outcome);
  }
  ok(numRows > 4000 && numLate > 400 && numDeletes > 40, `${numRows} ${numLate} ${numDeletes}`);
});

Deno.test("the same rows cut into any batches give the same result, to the last bit", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const aggregation: RandomAggregation = {
      ...randomAggregation(random),
      mode: "complete",
      watermark: undefined,
    };
    const rows = randomBatches(random).flat();
    const results: string[][] = [];
    for (const most of [rows.length, 1, 7]) {
      using runner = await OperatorRunner.open(operatorOf(aggregation), {
        mode: "complete",
        inputs: [Event as unknown as Schema],
      });
      let outcome = await runner.batch(eventBatch([]));
      for (let from = 0; from < rows.length;) {
        const to = from + Math.max(1, random.integer(Math.ceil(most / 2), most));
        outcome = await runner.batch(eventBatch(rows.slice(from, to)));
        from = to;
      }
      results.push(outcome.rows.map(text));
    }
    deepEqual(results[1], results[0], `seed ${seed}`);
    deepEqual(results[2], results[0], `seed ${seed}`);
  }
});

Deno.test("what update mode upserts and deletes adds up to the whole result", async () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new Random(seed);
    const aggregation = { ...randomAggregation(random), watermark: undefined };
    const [updates, whole] = await Promise.all(
      (["update", "complete"] as const).map((mode) =>
        OperatorRunner.open(operatorOf(aggregation), {
          mode,
          inputs: [Event as unknown as Schema],
        })
      ),
    );
    using updating = updates!;
    using completing = whole!;
    const table = new Map<string, Values>();
    const keyOf = (row: Values) => text(updating.operator.keyColumns.map((name) => row[name]));
    for (const rows of randomBatches(random)) {
      const { rows: upserts, deletes } = await updating.batch(eventBatch(rows));
      for (const row of deletes) {
        equal(text(table.get(keyOf(row))), text(row), `seed ${seed}: deletes are as rows were`);
        table.delete(keyOf(row));
      }
      for (const row of upserts) table.set(keyOf(row), row);
      const { rows: all } = await completing.batch(eventBatch(rows));
      deepEqual([...table.values()].map(text).sort(), all.map(text).sort(), `seed ${seed}`);
    }
  }
});

Deno.test("append mode gives groups in the order of their ends", async () => {
  const random = new Random(3);
  const { operator, watermark } = (() => {
    const watermark = { column: "at", delayMicros: 0n };
    const aggregation = { ...randomAggregation(new Random(1)), keys: ["at" as const], watermark };
    return { operator: operatorOf(aggregation), watermark };
  })();
  using runner = await OperatorRunner.open(operator, {
    inputs: [Event as unknown as Schema],
    watermarks: [watermark],
  });
  await runner.batch(eventBatch(Array.from({ length: 50 }, () => randomEvent(random, 1e9))));
  const [outcome] = await runner.drain();
  const times = outcome!.rows.map((row) => row.at);
  ok(times.length > 10);
  deepEqual(times, times.toSorted(compare));
});
