import { deepEqual, equal, ok, rejects } from "assert";
import { Batch, schema as s } from "../../../lib/core/mod.ts";
import { appendRows } from "../../../lib/delta/commands/write/append.ts";
import { createTable } from "../../../lib/delta/commands/define/create_table.ts";
import { overwriteRows } from "../../../lib/delta/commands/write/overwrite.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { actionsOf, filesBelow, rowsOf } from "../../support/delta_log.ts";
import { runPython } from "../../support/python.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Item = s.struct({ id: s.long(), day: s.date().nullable(), n: s.integer().nullable() });

/** A table of ids 0 to 9; day 0 has the even ones, day 1 the odd ones. */
async function tenItems(
  path: string,
  properties: Record<string, string> = {},
  partitionBy: readonly string[] = ["day"],
): Promise<TableState> {
  const table = await createTable(path, { schema: Item, partitionBy, properties });
  await appendRows(table, Array.from({ length: 10 }, (_, i) => item(i)));
  return table;
}

const item = (id: number, n = 0) => ({ id: BigInt(id), day: id % 2, n });

async function idsOf(path: string): Promise<number[]> {
  return (await rowsOf(path, "id")).map(({ id }) => Number(id));
}

Deno.test("overwriteRows() replaces all rows in one commit, and delta-rs agrees", async () => {
  await using folder = await tempFolder();
  const table = await tenItems(folder.path);

  const result = await overwriteRows(table, [item(20)]);

  equal(result.version, 2);
  equal(result.numRemovedFiles, 2);
  const actions = await actionsOf(folder.path, 2);
  const removed = actions.flatMap(({ remove }) => remove ?? []);
  equal(removed.length, 2);
  ok(
    removed.every(({ dataChange, extendedFileMetadata, size, deletionTimestamp }) =>
      dataChange && extendedFileMetadata && size! > 0 && deletionTimestamp! > 0
    ),
  );
  equal(actions[0]?.commitInfo?.operationParameters?.mode, "Overwrite");
  const read = await runPython("read_delta.py", folder.path, "select id from t") as {
    answers: string[][][];
  };
  deepEqual(read.answers, [[["20"]]]);
});

Deno.test("overwriteRows() with no rows empties the table", async () => {
  await using folder = await tempFolder();
  const table = await tenItems(folder.path);

  equal((await overwriteRows(table, [])).version, 2);

  deepEqual(await idsOf(folder.path), []);
  equal((await overwriteRows(table, [])).version, undefined);
});

Deno.test("overwriteRows(), dynamic, replaces the partitions that rows are in", async () => {
  await using folder = await tempFolder();
  const table = await tenItems(folder.path);
  await appendRows(table, [{ id: 50n, day: null, n: 0 }]);

  await overwriteRows(table, [item(21), item(23)], { partitionOverwrite: "dynamic" });
  deepEqual(await idsOf(folder.path), [0, 2, 4, 6, 8, 21, 23, 50]);

  await overwriteRows(table, [{ id: 51n, day: null, n: 0 }], { partitionOverwrite: "dynamic" });
  deepEqual(await idsOf(folder.path), [0, 2, 4, 6, 8, 21, 23, 51]);

  const nothing = await overwriteRows(table, [], { partitionOverwrite: "dynamic" });
  equal(nothing.version, undefined);
});

Deno.test("overwriteRows(), replaceWhere on a partition, drops whole files", async () => {
  await using folder = await tempFolder();
  const table = await tenItems(folder.path, { "delta.enableChangeDataFeed": "true" });

  const result = await overwriteRows(table, [item(21)], {
    replaceWhere: "day = DATE '1970-01-02'",
  });

  deepEqual(await idsOf(folder.path), [0, 2, 4, 6, 8, 21]);
  equal(result.numRemovedFiles, 1);
  equal(result.numFiles, 1);
  ok(!(await actionsOf(folder.path, 2)).some(({ cdc }) => cdc));
});

Deno.test("overwriteRows(), replaceWhere on other columns, keeps the rows beside", async () => {
  for (const deletionVectors of ["false", "true"]) {
    await using folder = await tempFolder();
    const table = await tenItems(folder.path, {
      "delta.enableDeletionVectors": deletionVectors,
    }, []);

    await overwriteRows(table, [item(3, 7), item(30)], {
      replaceWhere: "id between 2 and 4 or id = 30",
    });

    deepEqual(await idsOf(folder.path), [0, 1, 3, 5, 6, 7, 8, 9, 30]);
    const rows = await rowsOf(folder.path, "id");
    equal(rows[2]?.n, 7);
    const adds = (await actionsOf(folder.path, 2)).flatMap(({ add }) => add ?? []);
    equal(adds.some(({ deletionVector }) => deletionVector), deletionVectors === "true");
  }
});

Deno.test("overwriteRows(), replaceWhere, tells the change data feed of every row", async () => {
  await using folder = await tempFolder();
  const table = await tenItems(folder.path, { "delta.enableChangeDataFeed": "true" });

  await overwriteRows(table, [item(3, 7)], { replaceWhere: "id = 3 or id = 5" });

  const changes = await runPython("read_changes.py", folder.path, "2") as unknown[];
  deepEqual(changes, [
    ["delete", 3, 0],
    ["delete", 5, 0],
    ["insert", 3, 7],
  ]);
});

Deno.test("overwriteRows() refuses a row that replaceWhere is not true of", async () => {
  await using folder = await tempFolder();
  const table = await tenItems(folder.path);
  const before = await filesBelow(folder.path);

  await rejects(
    overwriteRows(table, [item(3), { ...item(5), n: null }], { replaceWhere: "n = 0" }),
    { code: "CONSTRAINT_VIOLATED", message: /id = 5/ },
  );

  deepEqual(await filesBelow(folder.path), before);
  equal((await idsOf(folder.path)).length, 10);
});

Deno.test("overwriteRows() with overwriteSchema gives the table other columns", async () => {
  for (const mode of ["none", "name"]) {
    await using folder = await tempFolder();
    const table = await tenItems(folder.path, { "delta.columnMapping.mode": mode });
    const rows = new Batch(s.struct({ day: s.date(), id: s.string() }));
    rows.append({ day: 3, id: "a" });

    await overwriteRows(table, rows, { overwriteSchema: true });

    deepEqual(await rowsOf(folder.path, "day"), [{ day: 3, id: "a" }]);
    await overwriteRows(table, new Batch(Item), { overwriteSchema: true });
    deepEqual(await idsOf(folder.path), []);
    equal(table.snapshot.schema.fields.length, 3);
    if (mode === "none") continue;
    const maxId = table.snapshot.metadata.configuration["delta.columnMapping.maxColumnId"];
    equal(maxId, "8");
  }
});

Deno.test("overwriteRows() with overwriteSchema keeps the columns that a constraint speaks of", async () => {
  await using folder = await tempFolder();
  const table = await tenItems(folder.path, { "delta.constraints.positive": "n >= 0" });
  const noRows = new Batch(s.struct({ id: s.long(), day: s.date().nullable() }));

  await rejects(
    overwriteRows(table, noRows, { overwriteSchema: true }),
    { code: "UNSUPPORTED_FEATURE", message: /constraint "positive"/ },
  );

  equal((await TableState.open(folder.path)).snapshot.version, 1);
});

Deno.test("overwriteRows() replaces rows that another commit adds meanwhile", async () => {
  await using folder = await tempFolder();
  const table = await tenItems(folder.path);
  const other = await TableState.open(folder.path);
  async function* rows() {
    yield item(20);
    await appendRows(other, [item(30)]);
  }

  const result = await overwriteRows(table, rows());

  equal(result.version, 3);
  equal(result.numRemovedFiles, 3);
  deepEqual(await idsOf(folder.path), [20]);
  equal((await filesBelow(folder.path)).length, 4);
});

Deno.test("overwriteRows() refuses options that contradict each other", async () => {
  await using folder = await tempFolder();
  const table = await tenItems(folder.path);
  const cases = [
    { replaceWhere: "id = 1", partitionOverwrite: "dynamic" },
    { overwriteSchema: true, replaceWhere: "id = 1" },
    { overwriteSchema: true, mergeSchema: true },
  ] as const;
  for (const options of cases) {
    await rejects(overwriteRows(table, [item(1)], options), { code: "BAD_OPTION" });
  }
  await rejects(overwriteRows(table, [item(1)], { overwriteSchema: true }), { code: "BAD_OPTION" });
  await rejects(overwriteRows(table, [item(1)], { replaceWhere: "nope = 1" }), {
    code: "BAD_EXPRESSION",
  });
  equal((await table.refresh()).version, 1);
});
