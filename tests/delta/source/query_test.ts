import { deepEqual } from "assert";
import { DeltaTable } from "../../../lib/delta/mod.ts";
import {
  delta,
  deltaSource,
  memorySink,
  parquetFiles,
  pipeline,
  schema as s,
} from "../../../lib/mod.ts";
import { rowsOf } from "../../support/delta_log.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Trade = s.struct({ id: s.long(), symbol: s.string(), price: s.decimal(18, 2).nullable() });
const availableNow = { availableNow: true } as const;

Deno.test("a query streams one Delta table into another, and Parquet files of its own into a third", async () => {
  await using folder = await tempFolder();
  const table = await DeltaTable.create(`${folder.path}/bronze`, { schema: Trade });
  const trade = (id: number) => ({ id: BigInt(id), symbol: `S${id}`, price: null });
  const bronzeToSilver = async () => {
    const query = await pipeline("bronze to silver")
      .from(deltaSource({ path: `${folder.path}/bronze`, schema: Trade, maxFilesPerTrigger: 1 }))
      .where("id <> 2")
      .to(delta({ path: `${folder.path}/silver` }))
      .start({ checkpointLocation: `${folder.path}/c1`, trigger: availableNow });
    await query.awaitTermination();
  };
  await table.append([trade(1), trade(2)]);
  await bronzeToSilver();
  await table.append([trade(3)]);
  await table.append([trade(4)]);
  await table.optimize();
  await bronzeToSilver();
  await bronzeToSilver();
  deepEqual(await rowsOf(`${folder.path}/silver`, "id"), [1, 3, 4].map(trade));

  const gold = memorySink();
  const query = await pipeline("files to memory")
    .from(parquetFiles({ path: `${folder.path}/silver/*.parquet`, schema: Trade }))
    .withColumn("twice", s.long(), "id * 2")
    .to(gold)
    .start({ checkpointLocation: `${folder.path}/c2`, trigger: availableNow });
  await query.awaitTermination();
  deepEqual(gold.rows.map(({ twice }) => twice), [2n, 6n, 8n]);
});
