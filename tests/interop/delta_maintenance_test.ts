import { deepEqual, equal } from "assert";
import { schema as s } from "../../lib/core/mod.ts";
import { appendRows } from "../../lib/delta/commands/write/append.ts";
import { checkpointTable } from "../../lib/delta/commands/maintain/checkpoint_table.ts";
import { createTable } from "../../lib/delta/commands/define/create_table.ts";
import { optimizeTable } from "../../lib/delta/commands/maintain/optimize_table.ts";
import { restoreTable } from "../../lib/delta/commands/maintain/restore_table.ts";
import { vacuumTable } from "../../lib/delta/commands/maintain/vacuum_table.ts";
import { commitName } from "../../lib/delta/log/log_files.ts";
import { DeltaTable } from "../../lib/delta/mod.ts";
import { formatActions } from "../../lib/delta/protocol/actions.ts";
import type { TableState } from "../../lib/delta/table_state.ts";
import { digestRows } from "../support/canonical_rows.ts";
import { EngineServer } from "../support/engine_server.ts";
import { enginesHome } from "../support/python.ts";
import { EveryType, everyTypeBatch } from "../support/sample_rows.ts";
import { tempFolder } from "../support/temp_folder.ts";

/** delta-rs and DuckDB read the rows that we read. */
async function agree(engines: EngineServer, path: string, what: string): Promise<void> {
  const table = await DeltaTable.open(path);
  const ours = digestRows(table.schema, await Array.fromAsync(table.rows()));
  for (const engine of ["delta-rs", "duckdb"]) {
    deepEqual(await engines.read(engine, path), ours, `${engine} ${what}`);
  }
}

/** Everything that keeps a table in order, one after the other, with other engines looking on. */
async function maintain(engines: EngineServer, table: TableState): Promise<void> {
  const { path } = table;
  for (let i = 0; i < 4; i++) await appendRows(table, [everyTypeBatch(i * 50, 50)]);
  await agree(engines, path, "after the appends");
  await optimizeTable(table);
  await agree(engines, path, "after an optimize");
  await optimizeTable(table, { zOrderBy: ["large", "text"] });
  await agree(engines, path, "after an optimize in order");
  await checkpointTable(table);
  for (let version = 0; version < table.snapshot.version; version++) {
    await table.store.remove(commitName(version));
  }
  await agree(engines, path, "after a checkpoint, without the commits before it");
  await appendRows(table, [everyTypeBatch(200, 50)]);
  await vacuumTable(table, { retentionHours: 0, enforceRetention: false });
  await agree(engines, path, "after a vacuum");
  await restoreTable(table, { version: table.snapshot.version - 1 });
  await agree(engines, path, "after a restore");
}

Deno.test("delta-rs and DuckDB read a table after each step of its maintenance", async () => {
  await using folder = await tempFolder();
  await using engines = await EngineServer.start(enginesHome, "interop/serve_engines.py");
  await maintain(engines, await createTable(folder.path, { schema: EveryType }));
});

Deno.test("delta-rs and DuckDB read checkpoints with statistics as columns, and only those", async () => {
  await using folder = await tempFolder();
  await using engines = await EngineServer.start(enginesHome, "interop/serve_engines.py");
  const properties = {
    "delta.checkpoint.writeStatsAsStruct": "true",
    "delta.checkpoint.writeStatsAsJson": "false",
  };
  const options = { schema: EveryType, partitionBy: ["flag"], properties };
  await maintain(engines, await createTable(folder.path, options));
});

Deno.test("delta-rs and DuckDB read v2 checkpoints, and sidecars where there are many files", async () => {
  await using folder = await tempFolder();
  await using engines = await EngineServer.start(enginesHome, "interop/serve_engines.py");
  const properties = { "delta.checkpointPolicy": "v2" };
  const table = await createTable(folder.path, { schema: s.struct({ id: s.long() }), properties });
  await appendRows(table, [{ id: 1n }, { id: 2n }]);
  await checkpointTable(table);
  await agree(engines, folder.path, "after a small v2 checkpoint");
  equal((await table.store.listSidecars()).length, 0);

  const removed = Array.from({ length: 60_000 }, (_, i) => ({
    remove: { path: `gone-${i}.parquet`, deletionTimestamp: Date.now(), dataChange: true },
  }));
  await table.store.putIfAbsent(commitName(2), formatActions(removed));
  await checkpointTable(table);
  equal((await table.store.listSidecars()).length, 2);
  for (const version of [0, 1, 2]) await table.store.remove(commitName(version));
  await appendRows(table, [{ id: 3n }]);
  await agree(engines, folder.path, "after a v2 checkpoint with sidecars");
});
