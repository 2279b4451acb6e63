import { deepEqual, equal, ok, rejects } from "assert";
import { Batch, Decimal, onFailpoint, schema as s } from "../../../lib/core/mod.ts";
import { appendRows } from "../../../lib/delta/commands/write/append.ts";
import { createTable } from "../../../lib/delta/commands/define/create_table.ts";
import { deleteRows } from "../../../lib/delta/commands/change/delete_rows.ts";
import { fileBins } from "../../../lib/delta/commands/maintain/file_bins.ts";
import { optimizeTable } from "../../../lib/delta/commands/maintain/optimize_table.ts";
import { zOrder } from "../../../lib/delta/commands/maintain/z_order.ts";
import type { AddFile } from "../../../lib/delta/protocol/actions.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { actionsOf, filesBelow, rowsOf } from "../../support/delta_log.ts";
import { Random } from "../../support/random.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Point = s.struct({ day: s.string().nullable(), id: s.long(), x: s.integer(), y: s.string() });

function points(first: number, count: number, day: string | null = "a") {
  return Array.from({ length: count }, (_, i) => ({
    day,
    id: BigInt(first + i),
    x: (first + i) * 7919 % 1000,
    y: `user ${(first + i) * 104729 % 1000}`,
  }));
}

/** A table with one file for each of `counts`, and its state. */
async function tableOf(
  path: string,
  counts: readonly number[],
  properties: Record<string, string> = {},
  partitionBy: string[] = [],
): Promise<TableState> {
  const table = await createTable(path, { schema: Point, properties, partitionBy });
  let first = 0;
  for (const [i, count] of counts.entries()) {
    await appendRows(table, points(first, count, partitionBy.length > 0 ? "ab"[i % 2] : "a"));
    first += count;
  }
  return table;
}

const file = (path: string, size: number, more: Partial<AddFile> = {}): AddFile => ({
  path,
  size,
  partitionValues: {},
  modificationTime: 0,
  dataChange: true,
  ...more,
});

Deno.test("fileBins() fills bins with small files, and leaves large and single ones alone", () => {
  const files = [file("a", 90), file("b", 20), file("c", 30), file("d", 40), file("e", 100)];
  const bins = fileBins(files, { targetFileBytes: 100, isDone: () => false });
  deepEqual(bins.map((bin) => bin.map(({ path }) => path)), [["b", "c", "d"]]);
});

Deno.test("fileBins() takes what an optimize left only along with other files", () => {
  const options = {
    targetFileBytes: 100,
    isDone: ({ path }: AddFile) => path.startsWith("done"),
  };
  equal(fileBins([file("done 1", 10), file("done 2", 10)], options).length, 0);
  equal(fileBins([file("done 1", 10), file("new", 10)], options)[0]?.length, 2);
});

Deno.test("fileBins() takes a file of any size if many of its rows are deleted", () => {
  const vector = (cardinality: number) => ({
    storageType: "i",
    pathOrInlineDv: "",
    sizeInBytes: 1,
    cardinality,
  });
  const stats = '{"numRecords":100}';
  const files = [5, 6].map((cardinality) =>
    file(`${cardinality}`, 1000, { deletionVector: vector(cardinality), stats })
  );
  const bins = fileBins(files, { targetFileBytes: 100, isDone: () => true });
  deepEqual(bins.map((bin) => bin.map(({ path }) => path)), [["6"]]);
});

Deno.test("optimizeTable() makes one file of many and changes no row, once", async () => {
  await using folder = await tempFolder();
  const table = await tableOf(folder.path, [10, 20, 30]);
  const before = await rowsOf(folder.path, "id");

  const result = await optimizeTable(table);

  equal(result.version, 4);
  deepEqual(
    [result.numRemovedFiles, result.numAddedFiles, result.partitionsOptimized],
    [3, 1, 1],
  );
  deepEqual(await rowsOf(folder.path, "id"), before);
  const actions = await actionsOf(folder.path, 4);
  ok(actions.every(({ add, remove }) => (add ?? remove)?.dataChange !== true));
  equal(actions[0]?.commitInfo?.operation, "OPTIMIZE");
  equal(actions[0]?.commitInfo?.isolationLevel, "SnapshotIsolation");
  const again = await optimizeTable(table);
  deepEqual([again.version, again.numAddedFiles, table.snapshot.version], [undefined, 0, 4]);
});

Deno.test("optimizeTable() finds nothing to do a second time, however well rows compress together", async () => {
  await using folder = await tempFolder();
  const table = await tableOf(folder.path, Array<number>(30).fill(5));
  const targetFileBytes = 10_000;

  const first = await optimizeTable(table, { targetFileBytes });

  ok(first.numAddedFiles > 1 && first.numAddedFiles < 20, `${first.numAddedFiles} files`);
  equal((await optimizeTable(table, { targetFileBytes })).version, undefined);
  await appendRows(table, points(1000, 5));
  ok((await optimizeTable(table, { targetFileBytes })).version !== undefined);
});

Deno.test("optimizeTable() keeps partitions apart, and touches those asked for only", async () => {
  await using folder = await tempFolder();
  const table = await tableOf(folder.path, [5, 5, 5, 5], {}, ["day"]);
  for (const first of [100, 200]) await appendRows(table, points(first, 5, null));
  const before = await rowsOf(folder.path, "id");

  const some = await optimizeTable(table, { where: "day = 'a' OR day IS NULL" });

  deepEqual([some.partitionsOptimized, some.numRemovedFiles, some.numAddedFiles], [2, 4, 2]);
  equal((await optimizeTable(table)).partitionsOptimized, 1);
  deepEqual(await rowsOf(folder.path, "id"), before);
});

Deno.test("optimizeTable() refuses what it cannot do, by name", async () => {
  await using folder = await tempFolder();
  const options = { schema: Point, partitionBy: ["day"] };
  const properties = { "delta.dataSkippingStatsColumns": "id" };
  const table = await createTable(folder.path, { ...options, properties });
  const refused = [
    [{ where: "x = 1" }, /column "x", wanted partition columns only: day/],
    [{ zOrderBy: ["day"] }, /"day", a partition column/],
    [{ zOrderBy: ["z"] }, /"z", no such column/],
    [{ zOrderBy: ["x"] }, /"x", without statistics/],
    [{ zOrderBy: [] }, /0 columns/],
    [{ targetFileBytes: 0 }, /targetFileBytes/],
  ] as const;
  for (const [options, message] of refused) {
    await rejects(optimizeTable(table, options), { code: "BAD_OPTION", message });
  }
  const misspelt: object = { zorderBy: ["x"] };
  await rejects(optimizeTable(table, misspelt), { code: "UNKNOWN_OPTION" });
});

Deno.test("optimizeTable() leaves deleted rows out for good", async () => {
  await using folder = await tempFolder();
  const table = await tableOf(folder.path, [100], { "delta.enableDeletionVectors": "true" });
  await deleteRows(table, { where: "id < 10" });
  ok([...table.snapshot.files()][0]?.deletionVector !== undefined);

  const result = await optimizeTable(table);

  equal(result.numDeletionVectorsRemoved, 1);
  const [rewritten] = table.snapshot.files();
  equal(rewritten?.deletionVector, undefined);
  equal(JSON.parse(rewritten!.stats!).numRecords, 90);
  equal((await rowsOf(folder.path, "id")).length, 90);
});

Deno.test("optimizeTable() with zOrderBy keeps values together in every column, once", async () => {
  await using folder = await tempFolder();
  const table = await tableOf(folder.path, [4000, 4000]);
  const before = await rowsOf(folder.path, "id");
  const options = { zOrderBy: ["x", "y"], targetFileBytes: 4000 };

  const result = await optimizeTable(table, options);

  deepEqual(await rowsOf(folder.path, "id"), before);
  ok(result.numAddedFiles >= 4, `${result.numAddedFiles} files`);
  for (const [column, value] of [["x", 500], ["y", "user 500"]] as const) {
    const hit = [...table.snapshot.files()].filter(({ stats }) => {
      const { minValues, maxValues } = JSON.parse(stats!);
      return minValues[column] <= value && value <= maxValues[column];
    });
    ok(hit.length <= result.numAddedFiles * 0.75, `${column}: ${hit.length} files`);
  }
  equal((await optimizeTable(table, options)).version, undefined);
});

Deno.test("optimizeTable() gives way to a delete that comes first, and keeps its result", async () => {
  await using folder = await tempFolder();
  const table = await tableOf(folder.path, [10, 10, 10]);
  const other = await TableState.open(folder.path);
  let deleted = false;
  onFailpoint(async (name) => {
    if (name !== "delta:optimized" || deleted) return;
    deleted = true;
    await deleteRows(other, { where: "id < 5" });
    await appendRows(other, points(100, 3));
  });
  try {
    equal((await optimizeTable(table)).version, 6);
  } finally {
    onFailpoint(undefined);
  }

  equal((await rowsOf(folder.path, "id")).length, 28);
  equal(table.snapshot.numFiles, 1);
});

Deno.test("optimizeTable() leaves no files behind when it fails", async () => {
  await using folder = await tempFolder();
  const table = await tableOf(folder.path, [10, 10]);
  const before = await filesBelow(folder.path);
  onFailpoint((name) => {
    if (name === "delta:rewritten") throw new Error("no space");
  });
  try {
    await rejects(optimizeTable(table), /no space/);
  } finally {
    onFailpoint(undefined);
  }

  deepEqual(await filesBelow(folder.path), before);
});

Deno.test("zOrder() orders by one column as a sort does, nulls first and NaN last", () => {
  const random = new Random(20260101);
  const types = {
    i: s.integer().nullable(),
    l: s.long().nullable(),
    d: s.double().nullable(),
    n: s.decimal(30, 2).nullable(),
    t: s.string().nullable(),
  };
  const batch = new Batch(s.struct(types));
  for (let row = 0; row < 500; row++) {
    const value = random.integer(-1000, 1000);
    batch.append(
      random.next() < 0.1 ? { i: null, l: null, d: null, n: null, t: null } : {
        i: value,
        l: BigInt(value) * 1_000_000_007n,
        d: value > 990 ? NaN : value / 7,
        n: new Decimal(BigInt(value) * 10n ** 20n, 2),
        t: `name ${value}`,
      },
    );
  }
  const place = (value: unknown) =>
    value === null ? -Infinity : Number.isNaN(value) ? Infinity : Number(value);
  for (const name of Object.keys(types)) {
    const values = [...zOrder(batch as Batch, [name])].map((row) => batch.column(name).get(row));
    const sorted = name === "t"
      ? values.toSorted((a, b) => (a as string ?? "") < (b as string ?? "") ? -1 : 1)
      : values.toSorted((a, b) => place(a) - place(b) || 0);
    deepEqual(values.map(String), sorted.map(String), name);
  }
});
