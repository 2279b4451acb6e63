import { deepEqual, equal, rejects } from "assert";
import { Batch, onFailpoint, schema as s, type SinkWriter } from "../../../lib/core/mod.ts";
import { delta, DeltaTable } from "../../../lib/delta/mod.ts";
import { digestRows } from "../../support/canonical_rows.ts";
import { filesBelow } from "../../support/delta_log.ts";
import { EngineServer } from "../../support/engine_server.ts";
import { microBatch, sinkContext } from "../../support/micro_batches.ts";
import { enginesHome } from "../../support/python.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Count = s.struct({ symbol: s.string(), count: s.long() });

function counts(...rows: [symbol: string, count: number][]): Batch {
  const batch = new Batch(Count);
  for (const [symbol, count] of rows) batch.append({ symbol, count: BigInt(count) });
  return batch as unknown as Batch;
}

Deno.test("delta() in complete mode puts each batch in the place of all rows, in one commit", () =>
  withTable(async (path) => {
    const writer = await open(path);
    await commit(writer, 0, counts(["A", 1], ["B", 1]));
    const outcome = await commit(writer, 1, counts(["A", 2], ["C", 1]));

    deepEqual(outcome, { status: "committed", numOutputRows: 2, tableVersion: 1 });
    deepEqual(await rows(path), ["A 2", "C 1"]);
    const [newest] = await (await DeltaTable.open(path)).history();
    equal(newest?.operation, "STREAMING UPDATE");
    deepEqual(newest?.operationParameters, {
      outputMode: "Complete",
      queryId: "query-1",
      epochId: "1",
    });
    equal(newest?.operationMetrics?.numRemovedFiles, "1");
    equal(newest?.operationMetrics?.numAddedFiles, "1");
    equal(newest?.isBlindAppend, false);
    equal((await DeltaTable.open(path)).txn("query-1")?.version, 1);

    await commit(writer, 2, counts());
    deepEqual(await rows(path), []);
    deepEqual(await rows(path, 1), ["A 2", "C 1"]);
  }));

Deno.test("delta() in complete mode leaves what delta-rs reads as the last batch", () =>
  withTable(async (path) => {
    await DeltaTable.create(path, {
      schema: Count,
      partitionBy: ["symbol"],
      properties: { "delta.enableChangeDataFeed": "true", "delta.enableDeletionVectors": "true" },
    });
    const writer = await open(path);
    for (let batchId = 0; batchId < 12; batchId++) {
      await commit(writer, batchId, counts(["A", batchId], [`B${batchId % 3}`, 1]));
      if (batchId === 5) await (await DeltaTable.open(path)).delete({ where: "symbol = 'A'" });
    }
    await using engines = await EngineServer.start(enginesHome, "interop/serve_engines.py");
    const wanted = digestRows(Count, counts(["A", 11], ["B2", 1]).rows());
    deepEqual(await engines.read("delta-rs", path), wanted);
    const changes = [];
    const table = await DeltaTable.open(path);
    for await (const batch of table.changes({ from: table.version })) {
      changes.push(...[...batch.rows()].map((row) => `${row._change_type} ${row.symbol}`));
    }
    deepEqual(changes.sort(), ["delete A", "delete B1", "insert A", "insert B2"]);
  }));

Deno.test("delta() in complete mode takes out what others added just before the commit too", () =>
  withTable(async (path) => {
    const writer = await open(path);
    await commit(writer, 0, counts(["A", 1]));
    const staged = await writer.stage(microBatch(1, counts(["A", 2])));
    const table = await DeltaTable.open(path);
    await table.append([{ symbol: "X", count: 1n }]);

    await staged.commit();

    deepEqual(await rows(path), ["A 2"]);
    equal((await filesBelow(path)).length, 3, "the files of the first try are gone");
  }));

Deno.test("delta() in complete mode replaces a table that another made just before the commit", () =>
  withTable(async (path) => {
    const writer = await open(path);
    const staged = await writer.stage(microBatch(0, counts(["A", 1])));
    const table = await DeltaTable.create(path, { schema: Count });
    await table.append([{ symbol: "X", count: 1n }]);
    await staged.commit();
    deepEqual(await rows(path), ["A 1"]);
  }));

Deno.test("delta() refuses complete mode in a table that only grows", () =>
  withTable(async (path) => {
    const properties = { "delta.appendOnly": "true" };
    await DeltaTable.create(path, { schema: Count, properties });
    await rejects(open(path), { code: "APPEND_ONLY" });
  }));

for (const point of ["delta:staged", "delta:committing", "delta:committed"]) {
  for (const restart of [false, true]) {
    const how = restart ? "a restart" : "another try of the same run";
    Deno.test(`delta() has a complete result once after a crash at ${point} and ${how}`, () =>
      withTable(async (path) => {
        let writer = await open(path);
        await commit(writer, 0, counts(["A", 1]));
        onFailpoint((name) => {
          if (name === point) throw new Error("crash");
        });
        await rejects(commit(writer, 1, counts(["A", 2])), /crash/);
        onFailpoint(undefined);

        if (restart) writer = await open(path);
        const outcome = await commit(writer, 1, counts(["A", 2]));

        const landed = point === "delta:committed";
        equal(outcome.status, landed && restart ? "alreadyCommitted" : "committed");
        equal((await commit(writer, 0, counts(["A", 1]))).status, "alreadyCommitted");
        deepEqual(await rows(path), ["A 2"]);
        equal((await DeltaTable.open(path)).version, 1);
      }));
  }
}

function open(path: string): Promise<SinkWriter> {
  return delta({ path }).open({
    ...sinkContext(Count),
    outputMode: "complete",
    keyColumns: ["symbol"],
  });
}

async function commit(writer: SinkWriter, batchId: number, batch: Batch) {
  return await (await writer.stage(microBatch(batchId, batch))).commit();
}

async function rows(path: string, version?: number): Promise<string[]> {
  const found = await Array.fromAsync((await DeltaTable.open(path, version)).rows());
  return found.map(({ symbol, count }) => `${symbol} ${count}`).sort();
}

async function withTable(test: (path: string) => Promise<void>): Promise<void> {
  await using folder = await tempFolder();
  try {
    await test(`${folder.path}/table`);
  } finally {
    onFailpoint(undefined);
  }
}
