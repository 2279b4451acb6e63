import { deepEqual, equal } from "assert";
import { Batch, deadLetter, rowBlock, type Schema } from "../../lib/core/mod.ts";
import { json } from "../../lib/formats/json/mod.ts";
import { recordBlock } from "../formats/record_block.ts";
import { Random } from "../support/random.ts";
import { EveryType } from "../support/sample_rows.ts";
import { randomRow } from "./random_values.ts";

Deno.test("a typed row that becomes a dead letter is JSON that reads back to the same row", async () => {
  const random = new Random(22);
  const schema = EveryType as unknown as Schema;
  const rows = new Batch(schema);
  // What JSON has no number for is text there, which the decoder rightly refuses.
  while (rows.numRows < 200) {
    const row = randomRow(random, schema.fields);
    const { geo } = row.address as { geo: { x: unknown } | null } ?? { geo: null };
    if ([row.single, row.double, geo?.x ?? null].every(isJsonNumber)) rows.append(row);
  }
  const place = { topic: "t", partition: 3, baseOffset: 5_000_000_000_000n };
  const block = rowBlock(place, rows, Int32Array.from({ length: 200 }, (_, i) => i * 7));
  const letters = Array.from({ length: 200 }, (_, i) => deadLetter(block, i, "unstorable"));
  const { value: _, ...letter } = letters[3]!;
  deepEqual(letter, {
    topic: "t",
    partition: 3,
    offset: 5_000_000_000_021n,
    timestampMs: -1,
    key: null,
    headers: [],
    error: "unstorable",
  });
  const again = new Batch(schema);
  deepEqual(await json(schema).decode(recordBlock(letters.map(({ value }) => value)), again), []);
  equal(again.numRows, 200);
  deepEqual([...again.rows()], [...rows.rows()]);
});

function isJsonNumber(value: unknown): boolean {
  return value === null || (Number.isFinite(value) && !Object.is(value, -0));
}
