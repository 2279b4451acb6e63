import { deepEqual, equal } from "assert";
import { delta, DeltaTable } from "../../../lib/delta/mod.ts";
import { digestRows } from "../../support/canonical_rows.ts";
import { EngineServer } from "../../support/engine_server.ts";
import { microBatch, sinkContext } from "../../support/micro_batches.ts";
import { enginesHome } from "../../support/python.ts";
import { Random } from "../../support/random.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import {
  MarkedUpsert,
  rowText,
  Upsert,
  UpsertModel,
  upsertOptions,
  type UpsertRow,
} from "../../support/upsert_model.ts";

const SEEDS = Array.from({ length: 20 }, (_, i) => i);
const NUM_BATCHES = 10;

Deno.test("a table by key is that of a model after each batch, for delta-rs too", async (t) => {
  await using engines = await EngineServer.start(enginesHome, "interop/serve_engines.py");
  for (const seed of SEEDS) {
    await t.step(`seed ${seed}`, async () => {
      await using folder = await tempFolder();
      const path = `${folder.path}/table`;
      const random = new Random(seed);
      const options = upsertOptions(seed);
      const schema = options.onDelete === "mark" ? MarkedUpsert : Upsert;
      // Some of the tables are made by the first batch, as plain ones.
      if (seed % 3 !== 0) {
        await DeltaTable.create(path, {
          schema,
          ...(seed % 5 < 2 ? { partitionBy: ["position"] } : {}),
          properties: {
            "delta.enableDeletionVectors": String(seed % 3 === 1),
            "delta.enableChangeDataFeed": String(seed % 4 === 1),
          },
        });
      }
      const model = new UpsertModel(options);
      const context = { ...sinkContext(Upsert), outputMode: "update" as const };
      let writer = await delta({ path, ...options }).open(context);
      for (let batchId = 0; batchId < NUM_BATCHES; batchId++) {
        const { batch, deletes } = model.change(random);
        const changes = microBatch(batchId, batch, { deletes });
        if (random.next() < 0.2) await (await writer.stage(changes)).abort();
        await (await writer.stage(changes)).commit();
        if (random.next() < 0.2) {
          writer = await delta({ path, ...options }).open(context);
          equal((await (await writer.stage(changes)).commit()).status, "alreadyCommitted");
        }
        if (random.next() < 0.2) await (await DeltaTable.open(path)).optimize();

        const found = await Array.fromAsync((await DeltaTable.open(path)).rows());
        deepEqual(
          found.map((row) => rowText(row as UpsertRow)).sort(),
          model.rows.map(rowText).sort(),
          `batch ${batchId}`,
        );
      }
      deepEqual(await engines.read("delta-rs", path), digestRows(schema, model.rows));
    });
  }
});
