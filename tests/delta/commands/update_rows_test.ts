import { deepEqual, equal, rejects } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import { appendRows } from "../../../lib/delta/commands/write/append.ts";
import { createTable } from "../../../lib/delta/commands/define/create_table.ts";
import { updateRows } from "../../../lib/delta/commands/change/update_rows.ts";
import { readChanges } from "../../../lib/delta/scan/change_feed.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { actionsOf, filesBelow, rowsOf } from "../../support/delta_log.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Item = s.struct({
  id: s.long(),
  part: s.string().nullable(),
  amount: s.integer().nullable(),
  address: s.struct({ city: s.string().nullable(), zip: s.integer().nullable() }).nullable(),
});

async function itemTable(
  path: string,
  properties: Record<string, string> = {},
): Promise<TableState> {
  const table = await createTable(path, { schema: Item, partitionBy: ["part"], properties });
  await appendRows(table, [
    { id: 1n, part: "a", amount: 10, address: { city: "Bonn", zip: 53 } },
    { id: 2n, part: "a", amount: 20, address: null },
    { id: 3n, part: "b", amount: null, address: { city: null, zip: 1 } },
  ]);
  return table;
}

Deno.test("updateRows() works all values out from the row as it was", async () => {
  await using folder = await tempFolder();
  const table = await itemTable(folder.path);

  const result = await updateRows(table, {
    set: { id: "id + amount", Amount: "CAST(id AS INT)" },
    where: "amount = 10",
  });

  equal(result.numUpdatedRows, 1);
  equal(result.numCopiedRows, 1);
  const rows = await rowsOf(folder.path, "id");
  deepEqual(rows.map(({ id, amount }) => [id, amount]), [[2n, 20], [3n, null], [11n, 1]]);
  const [info] = await actionsOf(folder.path, 2);
  equal(info?.commitInfo?.operation, "UPDATE");
  deepEqual(info?.commitInfo?.operationParameters, { predicate: '["amount = 10"]' });
});

for (const vectors of ["false", "true"]) {
  Deno.test(`updateRows() moves rows to another partition (deletion vectors: ${vectors})`, async () => {
    await using folder = await tempFolder();
    const table = await itemTable(folder.path, { "delta.enableDeletionVectors": vectors });

    const result = await updateRows(table, { set: { part: "'new'" }, where: "id <> 2" });

    equal(result.numUpdatedRows, 2);
    const rows = await rowsOf(folder.path, "id");
    deepEqual(rows.map(({ part }) => part), ["new", "a", "new"]);
    const partitions = Array.from(
      table.snapshot.files(),
      ({ partitionValues }) => partitionValues["part"],
    );
    deepEqual(partitions.sort(), ["a", "new"]);
  });
}

Deno.test("updateRows() sets fields of structs, and makes a struct where there was null", async () => {
  await using folder = await tempFolder();
  const table = await itemTable(folder.path);

  await updateRows(table, { set: { "address.CITY": "'Köln'", "address.zip": "amount" } });

  const rows = await rowsOf(folder.path, "id");
  deepEqual(rows.map(({ address }) => address), [
    { city: "Köln", zip: 10 },
    { city: "Köln", zip: 20 },
    { city: "Köln", zip: null },
  ]);
  await updateRows(table, { set: { address: "NULL" }, where: "id = 1" });
  await updateRows(table, { set: { "address.zip": "7" }, where: "id = 1" });
  deepEqual((await rowsOf(folder.path, "id"))[0]?.["address"], { city: null, zip: 7 });
});

Deno.test("updateRows() writes rows before and after into the change data feed", async () => {
  await using folder = await tempFolder();
  const table = await itemTable(folder.path, { "delta.enableChangeDataFeed": "true" });

  const result = await updateRows(table, { set: { amount: "0" }, where: "id = 1" });

  equal(result.numAddedChangeFiles, 1);
  const changed = (await actionsOf(folder.path, 2)).filter(({ cdc }) => cdc !== undefined);
  deepEqual(changed.map(({ cdc }) => cdc?.dataChange), [false]);
  deepEqual(changed.map(({ cdc }) => cdc?.partitionValues), [{ part: "a" }]);
});

Deno.test("updateRows() lets generated columns follow the columns they are made of", async () => {
  await using folder = await tempFolder();
  const schema = s.struct({ id: s.long(), twice: s.long().nullable() });
  await createTable(folder.path, {
    schema,
    properties: { "delta.enableChangeDataFeed": "true", "delta.minWriterVersion": "4" },
  });
  await generate(folder.path, "twice", "id * 2");
  const table = await TableState.open(folder.path);
  await appendRows(table, [{ id: 1n }, { id: 2n }]);

  await updateRows(table, { set: { id: "id + 10" }, where: "id = 1" });
  await updateRows(table, { set: { twice: "24", id: "12" }, where: "id = 2" });

  deepEqual(await rowsOf(folder.path, "id"), [{ id: 11n, twice: 22n }, { id: 12n, twice: 24n }]);
  await rejects(updateRows(table, { set: { twice: "1" } }), { code: "CONSTRAINT_VIOLATED" });
  const changes = await Array.fromAsync(readChanges(table, { from: 2, to: 2 }));
  deepEqual(
    changes.flatMap((batch) => [...batch.rows()]).map(({ _change_type, twice }) => [
      _change_type,
      twice,
    ]),
    [["update_preimage", 2n], ["update_postimage", 22n]],
  );
});

/** Makes a column of a new table a generated one, as no command does yet. */
async function generate(path: string, column: string, expression: string): Promise<void> {
  const actions = await actionsOf(path, 0);
  const text = actions.map((action) => {
    if (action.metaData === undefined) return JSON.stringify(action);
    const schema = JSON.parse(action.metaData.schemaString);
    for (const field of schema.fields) {
      if (field.name === column) field.metadata = { "delta.generationExpression": expression };
    }
    const metaData = { ...action.metaData, schemaString: JSON.stringify(schema) };
    return JSON.stringify({ metaData });
  }).join("\n");
  await Deno.writeTextFile(`${path}/_delta_log/00000000000000000000.json`, text);
}

Deno.test("updateRows() holds new rows to constraints, and leaves nothing of those refused", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, {
    schema: s.struct({ id: s.long(), amount: s.integer() }),
    properties: { "delta.constraints.positive": "amount > 0" },
  });
  await appendRows(table, [{ id: 1n, amount: 5 }]);
  const before = await filesBelow(folder.path);

  await rejects(updateRows(table, { set: { amount: "amount - 5" } }), {
    code: "CONSTRAINT_VIOLATED",
    message: /positive/,
  });
  await rejects(updateRows(table, { set: { amount: "NULL" } }), { code: "CONSTRAINT_VIOLATED" });

  equal(table.snapshot.version, 1);
  deepEqual(await filesBelow(folder.path), before);
});

Deno.test("updateRows() leaves nothing behind if a value does not fit its column", async () => {
  await using folder = await tempFolder();
  const table = await itemTable(folder.path);
  await appendRows(table, [{ id: 2n ** 40n, part: "c", amount: 1, address: null }]);
  const before = await filesBelow(folder.path);

  await rejects(updateRows(table, { set: { amount: "id" } }), { code: "BAD_VALUE" });

  deepEqual(await filesBelow(folder.path), before);
});

Deno.test("updateRows() commits nothing if no row is to change", async () => {
  await using folder = await tempFolder();
  const table = await itemTable(folder.path);

  const result = await updateRows(table, { set: { amount: "1" }, where: "id = 99" });

  equal(result.version, undefined);
  equal(result.numUpdatedRows, 0);
  equal(table.snapshot.version, 1);
});

Deno.test("updateRows() names what it cannot set", async () => {
  await using folder = await tempFolder();
  const table = await itemTable(folder.path);

  await rejects(updateRows(table, { set: {} }), { code: "BAD_OPTION" });
  await rejects(updateRows(table, { set: { nope: "1" } }), { code: "UNKNOWN_COLUMN" });
  await rejects(updateRows(table, { set: { "address.nope": "1" } }), { code: "UNKNOWN_COLUMN" });
  await rejects(updateRows(table, { set: { id: "1", ID: "2" } }), { code: "BAD_OPTION" });
  await rejects(updateRows(table, { set: { address: "NULL", "address.zip": "2" } }), {
    code: "BAD_OPTION",
  });
  await rejects(updateRows(table, { set: { amount: "'text'||id" }, where: "nope" }), {
    code: "BAD_EXPRESSION",
  });
});
