import { deepEqual, equal } from "assert";
import { Batch, Schema } from "../../../lib/core/mod.ts";
import { delta, DeltaTable } from "../../../lib/delta/mod.ts";
import { microBatch, sinkContext } from "../../support/micro_batches.ts";
import { Random } from "../../support/random.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import {
  Document,
  DocumentModel,
  documentOptions,
  type DocumentRow,
  documentText,
} from "../../support/unavailable_model.ts";

for (let seed = 0; seed < 16; seed++) {
  Deno.test(`delta() leaves columns as they are whose values did not come (seed ${seed})`, async () => {
    await using folder = await tempFolder();
    const path = `${folder.path}/documents`;
    const random = new Random(seed);
    const options = documentOptions(seed);
    const partitionBy = seed % 3 === 0 ? { partitionBy: ["title"] } : {};
    const model = new DocumentModel(options);
    const context = { ...sinkContext(Document), outputMode: "update" as const };
    const writer = await delta({ path, ...options, ...partitionBy }).open(context);
    for (let batchId = 0; batchId < 10; batchId++) {
      const { batch, deletes } = model.change(random);
      const staged = await writer.stage(microBatch(batchId, batch, { deletes }));
      equal((await staged.commit()).status, "committed");
      const rows = await Array.fromAsync((await DeltaTable.open(path)).rows());
      deepEqual(
        rows.map((row) => documentText(row as DocumentRow)).sort(),
        model.texts,
        `batch ${batchId}`,
      );
    }
    await writer.close();
    const { schema } = await DeltaTable.open(path);
    equal(schema.fields.some(({ name }) => name === "__unavailable"), false);
  });
}

Deno.test("a constraint judges a row by what the table has in columns whose values did not come", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/documents`;
  const stored = new Schema(Document.fields.filter(({ name }) => name !== "__unavailable"));
  await DeltaTable.create(path, {
    schema: stored,
    properties: { "delta.constraints.titled": "title IS NOT NULL" },
  });
  const context = { ...sinkContext(Document), outputMode: "update" as const };
  const writer = await delta({ path, key: ["id"] }).open(context);
  const nothing = { title: null, body: null, amount: null, tags: null, position: null };
  const rows: DocumentRow[][] = [
    [{ ...nothing, id: 1n, title: "a", __unavailable: [] }],
    [{ ...nothing, id: 1n, position: 2n, __unavailable: ["title"] }],
    [{ ...nothing, id: 1n, position: 3n, __unavailable: [] }],
  ];
  const batches = rows.map((each) => {
    const batch = new Batch(Document);
    for (const row of each) batch.append(row);
    return batch as unknown as Batch;
  });
  deepEqual(batches.map((batch) => writer.reject!(batch, 0).length), [0, 0, 1]);
  for (const [batchId, batch] of batches.slice(0, 2).entries()) {
    await (await writer.stage(microBatch(batchId, batch))).commit();
  }
  const found = await Array.fromAsync((await DeltaTable.open(path)).rows());
  deepEqual(found.map(({ title, position }) => [title, position]), [["a", 2n]]);
});
