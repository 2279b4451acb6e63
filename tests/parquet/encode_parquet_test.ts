import { deepEqual, equal, rejects } from "assert";
import { Batch, Decimal, schema as s } from "../../lib/core/mod.ts";
import { decodeParquet, encodeParquet } from "../../lib/parquet/mod.ts";
import { EveryType, everyTypeBatch } from "../support/sample_rows.ts";

Deno.test("encodeParquet() keeps every type to the last digit, and nulls", async () => {
  const batch = everyTypeBatch(0, 1000);

  const file = await encodeParquet(batch as Batch);

  const read = await decodeParquet(file, EveryType as Batch["schema"]);
  deepEqual([...read.rows()], [...batch.rows()]);
});

Deno.test("encodeParquet() tells the types in the file itself", async () => {
  const batch = everyTypeBatch(0, 3);

  const read = await decodeParquet(await encodeParquet(batch as Batch));

  deepEqual(read.schema.fields, EveryType.fields);
  deepEqual([...read.rows()], [...batch.rows()]);
});

Deno.test("encodeParquet() writes a batch without rows", async () => {
  const file = await encodeParquet(new Batch(EveryType) as Batch);

  equal((await decodeParquet(file, EveryType as Batch["schema"])).numRows, 0);
});

Deno.test("encodeParquet() refuses options that it cannot honour", async () => {
  const batch = everyTypeBatch(0, 1) as Batch;
  const encode = (options: object) => encodeParquet(batch, options);
  await rejects(encode({ compression: "lzo" }), { code: "BAD_OPTION" });
  await rejects(encode({ compression: "toString" }), { code: "BAD_OPTION" });
  await rejects(encode({ maxRowGroupRows: 0 }), { code: "BAD_OPTION" });
  await rejects(encode({ level: 3 }), { code: "UNKNOWN_OPTION" });
});

for (const rows of [1, 7, 8, 9, 255, 256, 257, 70_000]) {
  Deno.test(`encodeParquet() keeps ${rows} rows, repeating and distinct values alike`, async () => {
    const schema = s.struct({
      distinct: s.long(),
      repeating: s.long(),
      text: s.string(),
      exact: s.decimal(30, 2),
      ratio: s.double(),
      flag: s.boolean().nullable(),
    });
    const batch = new Batch(schema);
    for (let i = 0; i < rows; i++) {
      batch.append({
        distinct: BigInt(i) * (i % 2 === 0 ? 1n : -1n) * 2n ** 40n,
        repeating: BigInt(i % 3),
        text: `text ${i * 7919 % 1000}`,
        exact: new Decimal(BigInt(i) ** 5n, 2),
        ratio: i / 3,
        flag: i % 5 === 0 ? null : i % 2 === 0,
      });
    }

    const read = await decodeParquet(await encodeParquet(batch as Batch));

    deepEqual([...read.rows()], [...batch.rows()]);
  });
}
