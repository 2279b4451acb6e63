import { deepEqual, equal, rejects } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import { deltaSource, type DeltaSourceOptions, DeltaTable } from "../../../lib/delta/mod.ts";
import { readRows } from "../../support/read_rows.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Item = s.struct({ p: s.string(), id: s.long(), n: s.long() });
type ItemRow = typeof Item["rowType"];
const item = (id: number, n = 0): ItemRow => ({
  p: id % 2 === 0 ? "even" : "odd",
  id: BigInt(id),
  n: BigInt(n),
});
const { signal } = new AbortController();
const ROWS = 10_000_000_000n;
const FEED = { "delta.enableChangeDataFeed": "true" };

Deno.test("deltaSource() with readChangeFeed reads the table as inserts, then every change", async () => {
  for (const vectors of ["false", "true"]) {
    await using folder = await tempFolder();
    const path = `${folder.path}/items`;
    const table = await DeltaTable.create(path, {
      schema: Item,
      partitionBy: ["p"],
      properties: { ...FEED, "delta.enableDeletionVectors": vectors },
    });
    await table.append([item(1), item(2), item(3)]);
    const source = deltaSource({ path, schema: Item, readChangeFeed: true });
    const start = await source.initialOffsets(signal);
    await table.update({ set: { n: "id * 10" }, where: "id < 3" });
    await table.delete({ where: "p = 'odd'" });
    await table.merge([item(2, 7), item(4, 7)], { on: "target.id = source.id" })
      .whenMatchedUpdateAll().whenNotMatchedInsertAll().execute();
    const rows = await readRows(source, start, await source.latestOffsets(signal));
    deepEqual(
      rows.map(changeText).sort(),
      [
        "1 insert odd 1 0",
        "1 insert even 2 0",
        "1 insert odd 3 0",
        "2 update_preimage odd 1 0",
        "2 update_postimage odd 1 10",
        "2 update_preimage even 2 0",
        "2 update_postimage even 2 20",
        "3 delete odd 1 10",
        "3 delete odd 3 0",
        "4 update_preimage even 2 20",
        "4 update_postimage even 2 7",
        "4 insert even 4 7",
      ].sort(),
    );
    const versions = rows.map((row) => row._commit_version);
    deepEqual(versions, versions.toSorted((a, b) => Number(a - b)));
    for (const { version, timestamp } of await table.history()) {
      const times = rows.filter((row) => row._commit_version === BigInt(version))
        .map((row) => row._commit_timestamp);
      deepEqual([...new Set(times)], times.length === 0 ? [] : [BigInt(timestamp) * 1000n]);
    }
  }
});

Deno.test("deltaSource() with readChangeFeed plans the changes of a commit together", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/items`;
  const table = await DeltaTable.create(path, {
    schema: Item,
    partitionBy: ["p"],
    properties: FEED,
  });
  await table.append([item(1)]);
  await table.append([item(2)]);
  await table.update({ set: { n: "n + 1" } }); // two files of changes
  await table.append([item(3), item(4)]); // two files
  const options = { path, schema: Item, readChangeFeed: true } as const;
  const endsOf = async (more: Partial<DeltaSourceOptions<ItemRow>>) => {
    const source = deltaSource({ ...options, ...more, readChangeFeed: true });
    const latest = await source.latestOffsets(signal);
    let position = await source.initialOffsets(signal);
    const ends: string[] = [];
    while (position.items![0]! < latest.items![0]!) {
      position = await source.planEnd!(position, latest);
      ends.push(`${position.items![0]! / ROWS}+${position.items![0]! % ROWS}`);
    }
    return ends;
  };
  deepEqual(await endsOf({ startingVersion: 0, maxFilesPerTrigger: 1 }), [
    "2+0", // what made the table has no rows
    "3+0",
    "4+0",
    "5+0",
  ]);
  deepEqual(await endsOf({ startingVersion: 1, maxFilesPerTrigger: 3 }), ["3+0", "4+0", "5+0"]);
  deepEqual(await endsOf({ startingVersion: 1, maxFilesPerTrigger: 4 }), ["4+0", "5+0"]);
  // The table as it was is no commit: it is read file by file.
  equal((await endsOf({ maxFilesPerTrigger: 1 })).length, 4);
});

Deno.test("deltaSource() with readChangeFeed needs a table that keeps its changes all along", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/items`;
  const table = await DeltaTable.create(path, { schema: Item });
  const open = (more: Partial<DeltaSourceOptions<ItemRow>> = {}) =>
    deltaSource({ path, schema: Item, ...more, readChangeFeed: true });
  const refused = (version: number) => ({
    code: "CHANGES_NOT_RECORDED",
    message: new RegExp(`version ${version}: found .*does not keep its changes`),
  });
  await rejects(open().initialOffsets(signal), refused(0));
  await rejects(open({ startingVersion: "latest" }).initialOffsets(signal), refused(0));
  await table.setProperties(FEED);
  await table.append([item(1)]);
  await rejects(open({ startingVersion: 0 }).initialOffsets(signal), refused(0));
  const source = open({ startingVersion: 1 });
  const start = await source.initialOffsets(signal);
  await table.setProperties({ "delta.enableChangeDataFeed": "false" });
  await table.append([item(2)]);
  const latest = await source.latestOffsets(signal);
  const end = await source.planEnd!(start, latest);
  deepEqual(end, { items: { 0: 3n * ROWS } });
  deepEqual((await readRows(source, start, end)).map(changeText), ["2 insert odd 1 0"]);
  await rejects(readRows(source, end, latest), refused(3));
});

function changeText(row: ItemRow & { _change_type: string; _commit_version: bigint }): string {
  return `${row._commit_version} ${row._change_type} ${row.p} ${row.id} ${row.n}`;
}
