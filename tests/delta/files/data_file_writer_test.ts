import { deepEqual, equal, ok, rejects } from "assert";
import { Batch, type Schema, schema as s } from "../../../lib/core/mod.ts";
import { DataFileWriter } from "../../../lib/delta/files/data_file_writer.ts";
import { locateFile } from "../../../lib/delta/files/file_in_table.ts";
import type { TableLayout } from "../../../lib/delta/files/table_layout.ts";
import type { AddFile } from "../../../lib/delta/protocol/actions.ts";
import { runPython } from "../../support/python.ts";
import { field, layoutOf } from "../../support/table_layouts.ts";
import { tempFolder } from "../../support/temp_folder.ts";

/** What `read_parquet.py` prints. */
interface Found {
  readonly fields: { path: string; id: number | null; required: boolean }[];
  readonly compression: string[];
  readonly rows: Record<string, unknown>[];
}

const Trade = s.struct({
  id: s.long(),
  symbol: s.string().nullable(),
  note: s.string().nullable(),
});

function batchOf(schema: Schema, rows: readonly Record<string, unknown>[]): Batch {
  const batch = new Batch(schema);
  for (const row of rows) batch.append(row);
  return batch;
}

function trades(from: number, to: number, symbols: readonly string[] = ["A"]): Batch {
  return batchOf(
    Trade as Schema,
    Array.from({ length: to - from }, (_, i) => ({
      id: BigInt(from + i),
      symbol: symbols[(from + i) % symbols.length],
      note: crypto.randomUUID(),
    })),
  );
}

async function write(layout: TableLayout, ...batches: Batch[]): Promise<AddFile[]> {
  const writer = new DataFileWriter(layout);
  for (const batch of batches) await writer.write(batch);
  return await writer.finish();
}

async function found(layout: TableLayout, { path }: AddFile): Promise<Found> {
  return await runPython("read_parquet.py", locateFile(layout.path, path)) as Found;
}

async function filesBelow(path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (isDirectory) names.push(...await filesBelow(`${path}/${name}`));
    else names.push(`${path}/${name}`);
  }
  return names;
}

Deno.test("DataFileWriter gathers the rows of a partition from several batches into one file", async () => {
  await using folder = await tempFolder();
  const layout = layoutOf(folder.path, Trade, ["symbol"]);

  const files = await write(layout, trades(0, 10, ["A", "B"]), trades(10, 15, ["B", "A"]));

  equal(files.length, 2);
  for (const file of files) {
    const symbol = file.partitionValues.symbol;
    ok(file.path.startsWith(`symbol=${symbol}/part-`), file.path);
    const { rows } = await found(layout, file);
    const ids = [...Array(10).keys()].filter((id) => "AB"[id % 2] === symbol)
      .concat([10, 11, 12, 13, 14].filter((id) => "BA"[id % 2] === symbol));
    deepEqual(rows.map(({ id }) => id), ids);
    ok(rows.every((row) => !("symbol" in row)));
    equal((await Deno.stat(locateFile(layout.path, file.path))).size, file.size);
    equal(JSON.parse(file.stats ?? "").numRecords, ids.length);
  }
});

Deno.test("DataFileWriter makes files of about the size asked for", async () => {
  await using folder = await tempFolder();
  const targetFileBytes = 100_000;
  const writer = new DataFileWriter(layoutOf(folder.path, Trade), { targetFileBytes });

  for (let id = 0; id < 40_000; id += 2000) await writer.write(trades(id, id + 2000));
  const files = await writer.finish();

  ok(files.length > 5, `${files.length} files`);
  const rows = files.map(({ stats }) => JSON.parse(stats ?? "").numRecords);
  equal(rows.reduce((sum, count) => sum + count, 0), 40_000);
  // The first one goes by a guess, and the last one has what is left.
  for (const { size } of files.slice(1, -1)) {
    ok(size > targetFileBytes / 3 && size < targetFileBytes * 2, `${size} bytes`);
  }
});

Deno.test("DataFileWriter splits a batch that is larger than a file is to be", async () => {
  await using folder = await tempFolder();
  const layout = layoutOf(folder.path, Trade, [], { "delta.targetFileSize": "50kb" });

  const files = await write(layout, trades(0, 20_000));

  ok(files.length > 5, `${files.length} files`);
  const ids: unknown[] = [];
  for (const file of files) ids.push(...(await found(layout, file)).rows.map(({ id }) => id));
  deepEqual(ids, [...Array(20_000).keys()]);
});

Deno.test("DataFileWriter leaves nothing behind when it is given up, before or after the end", async () => {
  await using folder = await tempFolder();
  const layout = layoutOf(folder.path, Trade, ["symbol"]);
  const writer = new DataFileWriter(layout, { targetFileBytes: 1000 });

  await writer.write(trades(0, 1000, ["A", "B", "C"]));
  ok((await filesBelow(folder.path)).length > 0);
  await writer.abort();
  deepEqual(await filesBelow(folder.path), []);

  const other = new DataFileWriter(layout);
  await other.write(trades(0, 10, ["A", "B", "C"]));
  equal((await other.finish()).length, 3);
  await other.abort();
  deepEqual(await filesBelow(folder.path), []);
});

Deno.test("DataFileWriter leaves nothing behind when a file cannot be written", async () => {
  await using folder = await tempFolder();
  await folder.write("symbol=B", "a file where a folder should be");
  const writer = new DataFileWriter(layoutOf(folder.path, Trade, ["symbol"]));

  await writer.write(trades(0, 10, ["A", "B", "C"]));
  await rejects(writer.finish(), { code: "DELTA_STORAGE", retryable: false });
  await writer.abort();

  deepEqual(await filesBelow(folder.path), [`${folder.path}/symbol=B`]);
});

Deno.test("DataFileWriter notes tags, and that rows are only rearranged", async () => {
  await using folder = await tempFolder();
  const writer = new DataFileWriter(layoutOf(folder.path, Trade), {
    dataChange: false,
    tags: { ZCUBE_ID: "1" },
  });

  await writer.write(trades(0, 1));
  const [file] = await writer.finish();

  equal(file?.dataChange, false);
  deepEqual(file?.tags, { ZCUBE_ID: "1" });
});

for (const mode of ["name", "id"]) {
  Deno.test(`DataFileWriter uses physical names and field ids everywhere in mode ${mode}`, async () => {
    await using folder = await tempFolder();
    const mapped = (name: string, type: Parameters<typeof field>[1], id: number) =>
      field(name, type, {
        "delta.columnMapping.id": id,
        "delta.columnMapping.physicalName": `col-${id}`,
      });
    const layout = layoutOf(
      folder.path,
      [
        mapped("my id", "long", 1),
        mapped("day", "date", 2),
        mapped("where to", {
          type: "array",
          elementType: { type: "struct", fields: [mapped("street", "string", 4)] },
          containsNull: true,
        }, 3),
        mapped("place", { type: "struct", fields: [mapped("x", "integer", 6)] }, 5),
      ],
      ["day"],
      { "delta.columnMapping.mode": mode, "delta.columnMapping.maxColumnId": "6" },
    );

    const [file] = await write(
      layout,
      batchOf(layout.schema, [
        { "my id": 1n, day: 0, "where to": [{ street: "x" }], place: { x: 7 } },
      ]),
    );

    const { fields, rows } = await found(layout, file!);
    deepEqual(fields.map(({ path, id }) => [path, id]), [
      ["col-1", 1],
      ["col-3", 3],
      ["col-3.element", null],
      ["col-3.element.col-4", 4],
      ["col-5", 5],
      ["col-5.col-6", 6],
    ]);
    deepEqual(rows, [{ "col-1": 1, "col-3": [{ "col-4": "x" }], "col-5": { "col-6": 7 } }]);
    deepEqual(file?.partitionValues, { "col-2": "1970-01-01" });
    ok(/^[0-9a-z]{2}\/part-/.test(file?.path ?? ""), file?.path);
    const { minValues, nullCount } = JSON.parse(file?.stats ?? "");
    deepEqual(minValues, { "col-1": 1, "col-5": { "col-6": 7 } });
    deepEqual(nullCount, { "col-1": 0, "col-3": 0, "col-5": { "col-6": 0 } });
  });
}

Deno.test("DataFileWriter compresses and names files as the table's properties say", async () => {
  await using folder = await tempFolder();
  const layout = layoutOf(folder.path, Trade, ["symbol"], {
    "delta.parquet.compression.codec": "snappy",
    "delta.randomizeFilePrefixes": "true",
    "delta.randomPrefixLength": "5",
    "delta.dataSkippingStatsColumns": "note",
  });

  const [file] = await write(layout, trades(0, 3));

  ok(/^[0-9a-z]{5}\/part-00000-[0-9a-f-]{36}\.c000\.snappy\.parquet$/.test(file?.path ?? ""));
  deepEqual((await found(layout, file!)).compression, ["SNAPPY"]);
  deepEqual(JSON.parse(file?.stats ?? "").nullCount, { note: 0 });
});

Deno.test("DataFileWriter stores no column of type void, at any level", async () => {
  await using folder = await tempFolder();
  const layout = layoutOf(folder.path, [
    field("id", "long"),
    field("nothing", "void"),
    field("place", { type: "struct", fields: [field("x", "integer"), field("y", "void")] }),
  ]);

  const [file] = await write(
    layout,
    batchOf(layout.schema, [{ id: 1n, nothing: null, place: { x: 7, y: null } }]),
  );

  const { fields, rows } = await found(layout, file!);
  deepEqual(fields.map(({ path }) => path), ["id", "place", "place.x"]);
  deepEqual(rows, [{ id: 1, place: { x: 7 } }]);
  await rejects(
    write(layout, batchOf(layout.schema, [{ id: 1n, nothing: "x", place: null }])),
    { code: "BAD_VALUE", message: /"nothing"/ },
  );
});

Deno.test("DataFileWriter finds columns by name, and fills in those that the rows lack", async () => {
  await using folder = await tempFolder();
  const layout = layoutOf(folder.path, [
    field("id", "long"),
    field("next", "long", { "delta.generationExpression": "id + step" }),
    field("step", "long", { CURRENT_DEFAULT: "2" }),
    field("place", { type: "struct", fields: [field("x", "integer"), field("y", "string")] }),
  ]);
  const rows = s.struct({
    place: s.struct({ y: s.string().nullable() }).nullable(),
    id: s.long(),
  });

  const [file] = await write(
    layout,
    batchOf(rows as Schema, [{ place: { y: "a" }, id: 1n }, { place: null, id: 5n }]),
  );

  deepEqual((await found(layout, file!)).rows, [
    { id: 1, next: 3, step: 2, place: { x: null, y: "a" } },
    { id: 5, next: 7, step: 2, place: null },
  ]);
});

Deno.test("DataFileWriter refuses columns that are not the table's", async () => {
  await using folder = await tempFolder();
  const layout = layoutOf(folder.path, Trade);
  const refused = (schema: unknown, column: RegExp) =>
    rejects(write(layout, new Batch(schema as Schema)), {
      code: "SCHEMA_MISMATCH",
      message: column,
    });

  await refused(s.struct({ id: s.long(), other: s.string() }), /"other"/);
  await refused(s.struct({ id: s.string() }), /"id"/);
});

Deno.test("DataFileWriter refuses partition values that would be read back as others", async () => {
  await using folder = await tempFolder();
  const layout = layoutOf(folder.path, Trade, ["symbol"]);
  const writer = new DataFileWriter(layout);

  await rejects(writer.write(trades(0, 1, [""])), {
    code: "BAD_PARTITION_VALUE",
    message: /"symbol".*empty/,
  });
  deepEqual(await filesBelow(folder.path), []);
});
