import { deepEqual, ok } from "assert";
import { schema as s } from "../../lib/core/mod.ts";
import { DeltaTable } from "../../lib/delta/mod.ts";
import { checkLog } from "../support/check_log.ts";
import { tempFolder } from "../support/temp_folder.ts";

const ALL_FEATURES = {
  "delta.columnMapping.mode": "name",
  "delta.enableChangeDataFeed": "true",
  "delta.enableDeletionVectors": "true",
  "delta.enableInCommitTimestamps": "true",
  "delta.enableRowTracking": "true",
  "delta.enableTypeWidening": "true",
};

const item = (id: number, kind: string | null = "a") => ({ id: BigInt(id), kind, n: id % 7 });

/** A table that every command has changed. */
async function changedTable(
  path: string,
  properties: Readonly<Record<string, string>>,
  partitionBy: readonly string[],
): Promise<DeltaTable> {
  const schema = s.struct({
    id: s.long(),
    kind: s.string().nullable(),
    n: s.integer().nullable(),
  });
  const table = await DeltaTable.create(path, { schema, partitionBy, properties });
  const on = "target.id = source.id";
  await table.append(Array.from({ length: 40 }, (_, i) => item(i, i % 3 === 0 ? null : "a/b")));
  await table.append([item(40), item(41)], { txn: { appId: "nightly", version: 1 } });
  await table.delete({ where: "id % 5 = 0" });
  await table.update({ set: { n: "n + 1", kind: "'b'" }, where: "id > 30" });
  await table.merge([item(1, "c"), item(50, "c")], { on })
    .whenMatchedUpdateAll().whenNotMatchedInsertAll()
    .whenNotMatchedBySourceDelete({ condition: "target.id = 2" }).execute();
  await table.overwrite([item(60, "c")], { replaceWhere: "id >= 38 OR kind = 'c'" });
  await table.addConstraint("small", "id < 1000");
  await table.optimize();
  await table.setProperties(ALL_FEATURES);
  await table.append([item(61), item(62, "d")]);
  await table.delete({ where: "id % 5 = 1" });
  await table.addColumns([{ name: "note", type: s.string().nullable() }]);
  await table.renameColumn("kind", "sort");
  await table.changeColumn("n", { type: s.long() });
  await table.update({ set: { note: "'é'", n: "NULL" }, where: "id > 20" });
  await table.dropColumns(["note"]);
  await table.overwrite([{ id: 70n, sort: "d" }], { partitionOverwrite: "dynamic" });
  await table.restore({ version: 9 });
  await table.optimize();
  return table;
}

for (
  const [name, properties, partitionBy] of [
    ["a plain table", {}, []],
    ["a table in partitions", { "delta.enableChangeDataFeed": "true" }, ["kind"]],
    ["a table with all features", ALL_FEATURES, []],
    ["a table with all features, in partitions", ALL_FEATURES, ["kind"]],
  ] as const
) {
  Deno.test(`every commit that changes ${name} is as the protocol has it`, async () => {
    await using folder = await tempFolder();
    await changedTable(folder.path, properties, partitionBy);

    deepEqual(await checkLog(folder.path), []);
  });
}

Deno.test("checkLog() finds what is wrong with a commit", async () => {
  await using folder = await tempFolder();
  const table = await changedTable(folder.path, ALL_FEATURES, ["kind"]);
  const intact = new Map<string, string>();
  for (let version = 1; version <= table.version; version++) {
    const name = `${folder.path}/_delta_log/${String(version).padStart(20, "0")}.json`;
    intact.set(name, await Deno.readTextFile(name));
  }
  for (
    const [wrong, right] of [
      [/"size":(\d)/, '"size":1$1'],
      [/\\"numRecords\\":/, '\\"numRecords\\":1'],
      [/\\"tightBounds\\":false/, '\\"tightBounds\\":true'],
      [/"baseRowId":(\d)/, '"baseRowId":1$1'],
      [/"deletionTimestamp":\d+,/, ""],
      [/"inCommitTimestamp":\d+/, '"inCommitTimestamp":7'],
      [/"dataChange":true/, '"dataChange":false'],
      [/\\"minValues\\":\{\\"[^"]+\\":/, "$&9"],
    ] as const
  ) {
    const [name, text] = [...intact].find(([, text]) => wrong.test(text)) ?? [];
    ok(name !== undefined && text !== undefined, String(wrong));
    await Deno.writeTextFile(name, text.replace(wrong, right));
    ok((await checkLog(folder.path)).length > 0, `nobody sees ${wrong}`);
    await Deno.writeTextFile(name, text);
  }
});
