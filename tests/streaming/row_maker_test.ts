import { deepEqual, equal } from "assert";
import { Batch, type Decoder, type NoRow, schema as s } from "../../lib/core/mod.ts";
import { json } from "../../lib/formats/json/mod.ts";
import { withRecord } from "../../lib/formats/record/mod.ts";
import { RowMaker } from "../../lib/streaming/input/row_maker.ts";
import { filterRows, mapRows } from "../../lib/transforms/mod.ts";
import { recordBlock } from "../formats/record_block.ts";

const Item = s.struct({ id: s.long() });

/** Reads JSON, and takes a record without a value for one that stands for no row. */
const decoder: Decoder<{ id: bigint }> = {
  schema: Item,
  decode: async (block, batch): Promise<NoRow[]> =>
    (await json(Item).decode(block, batch)).map((noRow) =>
      block.valueStarts[noRow.index]! < 0 ? { index: noRow.index } : noRow
    ),
};

const block = recordBlock(['{"id":1}', null, "bad", '{"id":2}', null, '{"id":3}']);
const BAD = { index: 2, error: 'not JSON: unexpected "b" at byte 0' };

Deno.test("a record that stands for no row is neither a row nor a rejection", async () => {
  const maker = RowMaker.of({ decoder: decoder as unknown as Decoder });
  const batch = new Batch<Record<string, unknown>>(Item as unknown as Batch["schema"]);
  const made = await maker.make(block, batch);
  deepEqual([...made.batch.rows()], [{ id: 1n }, { id: 2n }, { id: 3n }]);
  deepEqual(made.rejections, [BAD]);
  deepEqual([...made.records() as Int32Array], [0, 3, 5]);
});

Deno.test("operators know the records of their rows behind those that stand for none", async () => {
  const map = mapRows(Item, ({ id }: { id: bigint }) => {
    if (id === 3n) throw new Error("no threes");
    return { id: id * 10n };
  });
  const maker = RowMaker.of({ decoder: decoder as unknown as Decoder })
    .with(filterRows(Item, ({ id }: { id: bigint }) => id !== 1n) as never)
    .with(map as never);
  const made = await maker.make(block, new Batch(maker.schema));
  deepEqual([...made.batch.rows()], [{ id: 20n }]);
  deepEqual(made.rejections, [
    BAD,
    { index: 5, error: "Cannot map a row: found no threes" },
  ]);
  deepEqual([...made.records() as Int32Array], [3]);
});

Deno.test("columns of the record stand beside the rows that they belong to", async () => {
  const wide = withRecord(decoder, { at: s.long().from("offset") });
  const batch = new Batch(wide.schema);
  const noRows = await wide.decode(block, batch);
  deepEqual([...batch.rows()], [{ id: 1n, at: 0n }, { id: 2n, at: 3n }, { id: 3n, at: 5n }]);
  deepEqual(noRows, [{ index: 1 }, BAD, { index: 4 }]);
  equal(batch.numRows + noRows.length, block.count);
});
