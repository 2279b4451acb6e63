import { deepEqual, equal, ok, rejects } from "assert";
import { Batch, schema as s } from "../../../lib/core/mod.ts";
import { DataFileWriter } from "../../../lib/delta/files/data_file_writer.ts";
import { readDeletionVector } from "../../../lib/delta/files/deletion_vector.ts";
import { writeDeletionVectors } from "../../../lib/delta/files/deletion_vector_writer.ts";
import { localLogStore } from "../../../lib/delta/log/local_log_store.ts";
import { commitName } from "../../../lib/delta/log/log_files.ts";
import { type AddFile, formatActions } from "../../../lib/delta/protocol/actions.ts";
import { digestRows } from "../../support/canonical_rows.ts";
import { EngineServer } from "../../support/engine_server.ts";
import { enginesHome } from "../../support/python.ts";
import { layoutOf } from "../../support/table_layouts.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Numbers = s.struct({ id: s.long() });
const ROWS = 200_000;

function numbers(from: number, to: number): Batch {
  const batch = new Batch(Numbers);
  for (let id = from; id < to; id++) batch.append({ id: BigInt(id) });
  return batch as Batch;
}

function rowsWhere(isDeleted: (row: number) => boolean): number[] {
  return [...Array(ROWS).keys()].filter(isDeleted);
}

/** Rows of each file, so that all kinds of containers come up. */
const deletedRows = [
  [0],
  [ROWS - 1],
  rowsWhere((row) => row % 2 === 0),
  rowsWhere((row) => row % 100 < 50),
  rowsWhere((row) => row < 70_000),
  rowsWhere((row) => row % 65_536 < 3 || row > 150_000),
  rowsWhere((row) => row % 999 === 0),
  rowsWhere((row) => row > 0),
];

Deno.test("writeDeletionVectors() writes one file that delta-rs and DuckDB read", async () => {
  await using folder = await tempFolder();
  const layout = layoutOf(folder.path, Numbers, [], { "delta.enableDeletionVectors": "true" });
  const files: AddFile[] = [];
  for (const i of deletedRows.keys()) {
    const writer = new DataFileWriter(layout);
    await writer.write(numbers(i * ROWS, (i + 1) * ROWS));
    files.push(...await writer.finish());
  }

  const { vectors } = await writeDeletionVectors(
    folder.path,
    new Map(files.map((file, i) => [file, Int32Array.from(deletedRows[i]!)])),
  );

  const names = await folder.list(".");
  equal(names.filter((name) => /^deletion_vector_[0-9a-f-]{36}\.bin$/.test(name)).length, 1);
  for (const [i, file] of files.entries()) {
    const vector = vectors.get(file)!;
    equal(vector.cardinality, deletedRows[i]!.length);
    deepEqual(await readDeletionVector(folder.path, vector), deletedRows[i]);
  }

  const { protocol, metadata } = layout;
  const actions = files.map((add) => ({ add: { ...add, deletionVector: vectors.get(add)! } }));
  const commit = formatActions([{ protocol }, { metaData: metadata }, ...actions]);
  await localLogStore(folder.path).putIfAbsent(commitName(0), commit);
  const left = deletedRows.flatMap((rows, i) => {
    const deleted = new Set(rows);
    return [...Array(ROWS).keys()].filter((row) => !deleted.has(row))
      .map((row) => ({ id: BigInt(i * ROWS + row) }));
  });
  const expected = digestRows(Numbers, left);
  await using server = await EngineServer.start(enginesHome, "interop/serve_engines.py");
  for (const engine of ["delta-rs", "duckdb"]) {
    deepEqual(await server.read(engine, folder.path), expected, engine);
  }
});

Deno.test("writeDeletionVectors() writes nothing where nothing is deleted", async () => {
  await using folder = await tempFolder();

  const { vectors, discard } = await writeDeletionVectors(folder.path, new Map());
  await discard();

  equal(vectors.size, 0);
  deepEqual(await folder.list("."), []);
});

Deno.test("writeDeletionVectors() takes its file back, or leaves none if it cannot be written", async () => {
  await using folder = await tempFolder();
  const file: AddFile = {
    path: "x.parquet",
    partitionValues: {},
    size: 1,
    modificationTime: 0,
    dataChange: true,
  };

  const { discard } = await writeDeletionVectors(folder.path, new Map([[file, [1, 2]]]));
  ok((await folder.list(".")).length > 0);
  await discard();
  deepEqual(await folder.list("."), []);

  await folder.write("file", "");
  await rejects(writeDeletionVectors(`${folder.path}/file/table`, new Map([[file, [1]]])), {
    code: "DELTA_STORAGE",
  });
});
