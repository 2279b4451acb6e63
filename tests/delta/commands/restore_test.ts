import { deepEqual, equal, ok, rejects } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import { addColumns, dropColumns } from "../../../lib/delta/commands/define/alter_columns.ts";
import { setProperties } from "../../../lib/delta/commands/define/alter_properties.ts";
import { appendRows } from "../../../lib/delta/commands/write/append.ts";
import { createTable } from "../../../lib/delta/commands/define/create_table.ts";
import { deleteRows } from "../../../lib/delta/commands/change/delete_rows.ts";
import { restoreTable } from "../../../lib/delta/commands/maintain/restore_table.ts";
import { vacuumTable } from "../../../lib/delta/commands/maintain/vacuum_table.ts";
import { commitName } from "../../../lib/delta/log/log_files.ts";
import { parseFields } from "../../../lib/delta/protocol/schema_json.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { actionsOf, rowsOf } from "../../support/delta_log.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Numbers = s.struct({ id: s.long() });
const numbers = (...ids: number[]) => ids.map((id) => ({ id: BigInt(id) }));

/** A table that had 1, 2 and 3 at version 2, and has 3 and 4. */
async function tableIn(path: string, properties: Record<string, string> = {}): Promise<TableState> {
  const table = await createTable(path, { schema: Numbers, properties });
  await appendRows(table, numbers(1, 2));
  await appendRows(table, numbers(3));
  await deleteRows(table, { where: "id < 3" });
  await appendRows(table, numbers(4));
  return table;
}

Deno.test("restoreTable() makes the table what it was, by the difference only", async () => {
  await using folder = await tempFolder();
  const table = await tableIn(folder.path);

  const result = await restoreTable(table, { version: 2 });

  deepEqual(await rowsOf(folder.path, "id"), numbers(1, 2, 3));
  const size = [...table.snapshot.files()].reduce((sum, { size }) => sum + size, 0);
  const { restoredFilesSize, removedFilesSize, ...counts } = result;
  deepEqual(counts, {
    version: 5,
    tableSizeAfterRestore: size,
    numOfFilesAfterRestore: 2,
    numRemovedFiles: 1,
    numRestoredFiles: 1,
  });
  const [info, ...actions] = await actionsOf(folder.path, 5);
  deepEqual(actions.map((action) => Object.keys(action)[0]), ["remove", "add"]);
  equal(actions[0]?.remove?.size, removedFilesSize);
  equal(actions[1]?.add?.size, restoredFilesSize);
  equal(actions[1]?.add?.dataChange, true);
  equal(info?.commitInfo?.operation, "RESTORE");
  equal(info?.commitInfo?.operationParameters?.version, "2");
});

Deno.test("restoreTable() can be taken back, and does nothing where there is nothing to do", async () => {
  await using folder = await tempFolder();
  const table = await tableIn(folder.path);
  await restoreTable(table, { version: 1 });
  equal((await restoreTable(table, { version: 1 })).version, undefined);

  equal((await restoreTable(table, { version: 4 })).version, 6);

  deepEqual(await rowsOf(folder.path, "id"), numbers(3, 4));
});

Deno.test("restoreTable() goes back to a point in time", async () => {
  await using folder = await tempFolder();
  const table = await tableIn(folder.path);
  for (let version = 0; version <= 4; version++) {
    const at = new Date(Date.UTC(2026, 0, 1 + version));
    await Deno.utime(`${folder.path}/_delta_log/${commitName(version)}`, at, at);
  }

  await restoreTable(table, { timestamp: new Date(Date.UTC(2026, 0, 2, 12)) });

  deepEqual(await rowsOf(folder.path, "id"), numbers(1, 2));
  await rejects(restoreTable(table, { timestamp: new Date(0) }), { code: "VERSION_NOT_FOUND" });
  await rejects(restoreTable(table, { version: 99 }), { code: "VERSION_NOT_FOUND" });
});

Deno.test("restoreTable() brings columns and properties back, but never lowers the protocol", async () => {
  await using folder = await tempFolder();
  const table = await tableIn(folder.path);
  await addColumns(table, [{ name: "note", type: s.string().nullable() }]);
  await setProperties(table, { "delta.enableDeletionVectors": "true", owner: "me" });
  const { protocol } = table.snapshot;
  await appendRows(table, [{ id: 5n, note: "new" }]);

  await restoreTable(table, { version: 4 });

  deepEqual(table.snapshot.schema.fields.map(({ name }) => name), ["id"]);
  equal(table.snapshot.metadata.configuration.owner, undefined);
  deepEqual(table.snapshot.protocol, protocol);
  deepEqual(await rowsOf(folder.path, "id"), numbers(3, 4));
});

Deno.test("restoreTable() never gives an id of a column again, whatever way it goes", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, { schema: Numbers });
  const column = (name: string) => [{ name, type: s.string().nullable() }];
  const mapByName = { "delta.columnMapping.mode": "name" };
  await setProperties(table, mapByName);
  await addColumns(table, column("old"));
  await dropColumns(table, ["old"]);

  await restoreTable(table, { version: 0 });
  await setProperties(table, mapByName);
  await restoreTable(table, { version: 3 });
  await addColumns(table, column("new"));

  const { schemaString } = table.snapshot.metadata;
  const ids = parseFields(schemaString, folder.path)
    .map(({ metadata }) => metadata["delta.columnMapping.id"]);
  // 2 was the dropped column's, and 3 what `id` had in between.
  deepEqual(ids, [1, 4]);
});

Deno.test("restoreTable() does not say of commits without in-commit timestamps that they have some", async () => {
  await using folder = await tempFolder();
  const turn = (on: string) => setProperties(table, { "delta.enableInCommitTimestamps": on });
  const table = await createTable(folder.path, { schema: Numbers });
  for (const on of ["true", "false", "true"]) await turn(on);

  await restoreTable(table, { version: 1 });

  const { configuration } = table.snapshot.metadata;
  equal(configuration["delta.inCommitTimestampEnablementVersion"], "3");
});

Deno.test("restoreTable() brings deletion vectors back as they were", async () => {
  await using folder = await tempFolder();
  const properties = { "delta.enableDeletionVectors": "true" };
  const table = await createTable(folder.path, { schema: Numbers, properties });
  await appendRows(table, numbers(1, 2, 3, 4));
  await deleteRows(table, { where: "id = 2" });
  await deleteRows(table, { where: "id = 3" });

  await restoreTable(table, { version: 2 });
  deepEqual(await rowsOf(folder.path, "id"), numbers(1, 3, 4));
  await restoreTable(table, { version: 1 });
  deepEqual(await rowsOf(folder.path, "id"), numbers(1, 2, 3, 4));
});

Deno.test("restoreTable() does not turn back how far applications have come", async () => {
  await using folder = await tempFolder();
  const table = await tableIn(folder.path);
  await appendRows(table, numbers(5), { txn: { appId: "query", version: 7 } });

  await restoreTable(table, { version: 4 });

  equal((await TableState.open(folder.path)).snapshot.txn("query")?.version, 7);
});

Deno.test("restoreTable() names the files that a vacuum removed, unless told to go without", async () => {
  await using folder = await tempFolder();
  const table = await tableIn(folder.path);
  await vacuumTable(table, { retentionHours: 0, enforceRetention: false });

  await rejects(restoreTable(table, { version: 2 }), {
    code: "MISSING_FILES",
    message: /1 of its files gone: part-00000-.*\.parquet, wanted all of them/,
  });
  equal(table.snapshot.version, 4);
  const options = { ignoreMissingFiles: true };
  equal((await restoreTable(table, { version: 2 }, options)).numOfFilesAfterRestore, 1);

  deepEqual(await rowsOf(folder.path, "id"), numbers(3));
});

Deno.test("restoreTable() takes out what another appends meanwhile", async () => {
  await using folder = await tempFolder();
  const table = await tableIn(folder.path);
  const other = await TableState.open(folder.path);
  const log = table.store;
  let appended = false;
  const store = {
    ...log,
    async putIfAbsent(name: string, contents: Uint8Array) {
      if (!appended) {
        appended = true;
        await appendRows(other, numbers(9));
      }
      return await log.putIfAbsent(name, contents);
    },
  };

  const state = await TableState.open(folder.path, { store });
  equal((await restoreTable(state, { version: 1 })).version, 6);

  ok(appended);
  deepEqual(await rowsOf(folder.path, "id"), numbers(1, 2));
});

Deno.test("restoreTable() takes no rows from a table that only grows", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, {
    schema: Numbers,
    properties: { "delta.appendOnly": "true" },
  });
  await appendRows(table, numbers(1));
  await rejects(restoreTable(table, { version: 0 }), { code: "APPEND_ONLY" });
});
