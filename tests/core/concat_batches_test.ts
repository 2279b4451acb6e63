import { deepEqual, equal } from "assert";
import { Batch, concatBatches } from "../../lib/core/mod.ts";
import { everyTypeBatch } from "../support/sample_rows.ts";

Deno.test("concatBatches() puts rows of every type behind each other", () => {
  const parts = [everyTypeBatch(0, 3), everyTypeBatch(3, 1), everyTypeBatch(4, 9)] as Batch[];

  const whole = concatBatches(parts);

  deepEqual([...whole.rows()], [...everyTypeBatch(0, 13).rows()]);
  deepEqual(
    whole.columns.map(({ nullCount }) => nullCount),
    everyTypeBatch(0, 13).columns.map(({ nullCount }) => nullCount),
  );
});

Deno.test("concatBatches() takes rows that were taken from others, and none", () => {
  const taken = (everyTypeBatch(0, 20) as Batch).take(Int32Array.of(5, 3, 19));
  const none = new Batch(taken.schema);

  const whole = concatBatches([none, taken, none, taken]);

  deepEqual([...whole.rows()], [...taken.rows(), ...taken.rows()]);
});

Deno.test("concatBatches() does not copy a batch that is alone", () => {
  const batch = everyTypeBatch(0, 3) as Batch;

  equal(concatBatches([batch]), batch);
});
