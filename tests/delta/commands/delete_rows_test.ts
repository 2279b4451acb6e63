import { deepEqual, equal, rejects } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import { appendRows } from "../../../lib/delta/commands/write/append.ts";
import { createTable } from "../../../lib/delta/commands/define/create_table.ts";
import { deleteRows } from "../../../lib/delta/commands/change/delete_rows.ts";
import { localLogStore } from "../../../lib/delta/log/local_log_store.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { actionsOf, filesBelow, rowsOf } from "../../support/delta_log.ts";
import { interrupted } from "../../support/log_store_faults.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Item = s.struct({ id: s.long(), part: s.string(), name: s.string().nullable() });

async function itemTable(
  path: string,
  properties: Record<string, string> = {},
): Promise<TableState> {
  const table = await createTable(path, { schema: Item, partitionBy: ["part"], properties });
  await appendRows(table, [
    { id: 1n, part: "a", name: "one" },
    { id: 2n, part: "a", name: null },
    { id: 3n, part: "b", name: "three" },
    { id: 4n, part: "b", name: "four" },
  ]);
  return table;
}

async function ids(path: string): Promise<unknown[]> {
  return (await rowsOf(path, "id")).map(({ id }) => id);
}

/** Takes away the data files, so that whoever opens one fails. */
async function removeDataFiles(path: string): Promise<void> {
  for (const file of await filesBelow(path)) await Deno.remove(`${path}/${file}`);
}

Deno.test("deleteRows() without a condition removes all files and opens none", async () => {
  await using folder = await tempFolder();
  const table = await itemTable(folder.path);
  await removeDataFiles(folder.path);

  const result = await deleteRows(table);

  equal(result.version, 2);
  equal(result.numDeletedRows, 4);
  equal(result.numRemovedFiles, 2);
  equal(table.snapshot.numFiles, 0);
  const [info, ...actions] = await actionsOf(folder.path, 2);
  equal(info?.commitInfo?.operation, "DELETE");
  deepEqual(info?.commitInfo?.operationParameters, { predicate: '["true"]' });
  equal(info?.commitInfo?.operationMetrics?.["numDeletedRows"], "4");
  for (const { remove } of actions) {
    equal(remove?.dataChange, true);
    equal(remove?.extendedFileMetadata, true);
  }
});

Deno.test("deleteRows() of whole partitions, or of all that statistics cover, opens no file", async () => {
  await using folder = await tempFolder();
  const table = await itemTable(folder.path);
  await removeDataFiles(folder.path);

  equal((await deleteRows(table, { where: "part = 'a'" })).numDeletedRows, 2);
  equal((await deleteRows(table, { where: "id >= 3" })).numDeletedRows, 2);

  equal(table.snapshot.numFiles, 0);
});

Deno.test("deleteRows() writes a file anew without the rows, and leaves others alone", async () => {
  await using folder = await tempFolder();
  const table = await itemTable(folder.path);
  const before = new Set(await filesBelow(folder.path));

  const result = await deleteRows(table, { where: "name = 'one' OR name = 'nobody'" });

  equal(result.numDeletedRows, 1);
  equal(result.numCopiedRows, 1);
  equal(result.numAddedFiles, 1);
  equal(result.numRemovedFiles, 1);
  equal((await filesBelow(folder.path)).filter((file) => !before.has(file)).length, 1);
  deepEqual(await ids(folder.path), [2n, 3n, 4n]);
});

Deno.test("deleteRows() commits nothing if no row is to go", async () => {
  await using folder = await tempFolder();
  const table = await itemTable(folder.path);
  const before = await filesBelow(folder.path);

  const result = await deleteRows(table, { where: "id = 2 AND name IS NOT NULL" });

  equal(result.version, undefined);
  equal(result.numDeletedRows, 0);
  equal(table.snapshot.version, 1);
  deepEqual(await filesBelow(folder.path), before);
});

Deno.test("deleteRows() marks rows where the table has deletion vectors, longer ones later", async () => {
  await using folder = await tempFolder();
  const table = await itemTable(folder.path, { "delta.enableDeletionVectors": "true" });

  const first = await deleteRows(table, { where: "name = 'one'" });
  const [, ...actions] = await actionsOf(folder.path, 2);
  await appendRows(table, [{ id: 5n, part: "a", name: "one" }]);
  const second = await deleteRows(table, { where: "id = 4" });
  const third = await deleteRows(table, { where: "id = 3 AND name = 'three'" });

  equal(first.numDeletionVectorsAdded, 1);
  equal(first.numAddedFiles, 0);
  const add = actions.find(({ add }) => add !== undefined)?.add;
  equal(add?.path, actions.find(({ remove }) => remove !== undefined)?.remove?.path);
  equal(add?.deletionVector?.cardinality, 1);
  deepEqual(JSON.parse(add?.stats ?? "").numRecords, 2);
  deepEqual(JSON.parse(add?.stats ?? "").tightBounds, false);
  equal(second.numDeletionVectorsAdded, 1);
  // The last row of the file: the file goes, and its vector with it.
  equal(third.numRemovedFiles, 1);
  equal(third.numDeletionVectorsRemoved, 1);
  deepEqual(await ids(folder.path), [2n, 5n]);
});

Deno.test("deleteRows() keeps integers in statistics that a double would round", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, {
    schema: s.struct({ id: s.long() }),
    properties: { "delta.enableDeletionVectors": "true" },
  });
  await appendRows(table, [{ id: 9007199254740993n }, { id: -9007199254740993n }, { id: 0n }]);

  await deleteRows(table, { where: "id = 0" });

  const [file] = table.snapshot.files();
  equal(file?.stats?.includes('"id":9007199254740993}'), true);
  equal((await deleteRows(table, { where: "id = 9007199254740993" })).numDeletedRows, 1);
  deepEqual(await ids(folder.path), [-9007199254740993n]);
});

Deno.test("deleteRows() tells the feed of whole files too if it tells it of single rows", async () => {
  await using folder = await tempFolder();
  const table = await itemTable(folder.path, { "delta.enableChangeDataFeed": "true" });

  const whole = await deleteRows(table, { where: "part = 'a' AND id < 100" });
  await appendRows(table, [{ id: 6n, part: "a", name: "six" }]);
  const mixed = await deleteRows(table, { where: "part = 'a' OR name = 'four'" });

  equal(whole.numAddedChangeFiles, 0);
  equal(mixed.numAddedChangeFiles, 2);
});

Deno.test("deleteRows() from a table that only grows is refused", async () => {
  await using folder = await tempFolder();
  const table = await itemTable(folder.path, { "delta.appendOnly": "true" });

  await rejects(deleteRows(table, { where: "id = 1" }), { code: "APPEND_ONLY" });
  await rejects(deleteRows(table), { code: "APPEND_ONLY" });
});

Deno.test("deleteRows() names what it does not understand", async () => {
  await using folder = await tempFolder();
  const table = await itemTable(folder.path);

  await rejects(deleteRows(table, { where: "nope = 1" }), { code: "BAD_EXPRESSION" });
  await rejects(deleteRows(table, { where: "id +" }), { code: "BAD_EXPRESSION" });
  const misspelt = { where: "id = 1", were: "id = 2" };
  await rejects(deleteRows(table, misspelt), { code: "UNKNOWN_OPTION", message: /were/ });
});

Deno.test("deleteRows() is planned anew if another writer adds rows that it would have read", async () => {
  await using folder = await tempFolder();
  await itemTable(folder.path);
  const others = ["b", "a"];
  const store = interrupted(localLogStore(folder.path), {
    async before() {
      const part = others.shift();
      if (part === undefined) return;
      await appendRows(await TableState.open(folder.path), [{ id: 1n, part, name: "one" }]);
    },
  });
  const table = await TableState.open(folder.path, { store });

  const result = await deleteRows(table, { where: "part = 'a' AND name = 'one'" });

  // The rows in partition b do not matter; those in partition a do.
  equal(result.version, 4);
  equal(result.numDeletedRows, 2);
  deepEqual(await ids(folder.path), [1n, 2n, 3n, 4n]);
  const named = Array.from(table.snapshot.files(), ({ path }) => path);
  // What the first try wrote is gone; the files of version 1 and of the other writer are still there.
  equal((await filesBelow(folder.path)).length, named.length + 2);
});
