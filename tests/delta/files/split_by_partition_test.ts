import { deepEqual, equal } from "assert";
import { Batch, type Column, schema as s } from "../../../lib/core/mod.ts";
import { splitByPartition } from "../../../lib/delta/files/split_by_partition.ts";

const schema = s.struct({
  symbol: s.string().nullable(),
  side: s.boolean().nullable(),
  id: s.long(),
});

function batchOf(rows: [string | null, boolean | null][]): Batch {
  const batch = new Batch(schema);
  rows.forEach(([symbol, side], id) => batch.append({ symbol, side, id: BigInt(id) }));
  return batch as Batch;
}

function split(batch: Batch, columns: string[]): unknown {
  return splitByPartition(batch, columns).map(({ partitionValues, batch }) => [
    partitionValues,
    Array.from(batch().rows(), ({ id }) => Number(id)),
  ]);
}

Deno.test("splitByPartition() keeps rows of one value together and in order", () => {
  const batch = batchOf([["B", null], ["A", null], ["B", null], [null, null], ["A", null]]);

  deepEqual(split(batch, ["symbol"]), [
    [{ symbol: "B" }, [0, 2]],
    [{ symbol: "A" }, [1, 4]],
    [{ symbol: null }, [3]],
  ]);
});

Deno.test("splitByPartition() tells combinations of several columns apart", () => {
  const batch = batchOf([["A", true], ["B", true], ["A", false], ["A", null], ["A", true]]);

  deepEqual(split(batch, ["symbol", "side"]), [
    [{ symbol: "A", side: "true" }, [0, 4]],
    [{ symbol: "B", side: "true" }, [1]],
    [{ symbol: "A", side: "false" }, [2]],
    [{ symbol: "A", side: null }, [3]],
  ]);
});

Deno.test("splitByPartition() finds thousands of values", () => {
  const values = Array.from({ length: 20_000 }, (_, i) => `value ${i * 7919 % 5000}`);

  const parts = splitByPartition(batchOf(values.map((value) => [value, null])), ["symbol"]);

  equal(parts.length, 5000);
  for (const { partitionValues, batch } of parts) {
    for (const { id } of batch().rows()) {
      equal(values[Number(id)], partitionValues.symbol);
    }
  }
  equal(parts.reduce((sum, { batch }) => sum + batch().numRows, 0), 20_000);
});

Deno.test("splitByPartition() leaves the partition columns out of the rows", () => {
  const [part] = splitByPartition(batchOf([["A", true]]), ["side"]);

  deepEqual([...part!.batch().rows()], [{ symbol: "A", id: 0n }]);
});

Deno.test("splitByPartition() does not copy rows that all have the same value", () => {
  const batch = batchOf([["A", true], ["A", false]]);

  const [whole] = splitByPartition(batch, []);
  const [same] = splitByPartition(batch, ["symbol"]);

  deepEqual(whole?.partitionValues, {});
  equal(whole!.batch().columns[2], batch.columns[2] as Column);
  equal(same!.batch().column("id"), batch.columns[2] as Column);
});

Deno.test("splitByPartition() has null for a partition column that the rows lack", () => {
  const batch = new Batch(s.struct({ id: s.long() }));
  batch.append({ id: 1n });

  deepEqual(split(batch as Batch, ["symbol"]), [[{ symbol: null }, [1]]]);
  deepEqual(splitByPartition(new Batch(schema), ["symbol"]), []);
});
