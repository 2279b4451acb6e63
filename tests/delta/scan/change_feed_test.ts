import { deepEqual, rejects } from "assert";
import { Schema, schema as s } from "../../../lib/core/mod.ts";
import { type ChangeOptions, readChanges } from "../../../lib/delta/scan/change_feed.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { type HandmadeTable, handmadeTable, inlineVector } from "../../support/handmade_table.ts";

const Row = s.struct({ p: s.string().nullable(), id: s.long() });
const Stored = new Schema(Row.fields.filter(({ name }) => name === "id"));
const Changed = s.struct({ id: s.long(), _change_type: s.string() });
const recorded = { configuration: { "delta.enableChangeDataFeed": "true" } };
const inP = (p: string) => ({ partitionValues: { p } });
const ids = (...some: number[]) => some.map((id) => ({ id: BigInt(id) }));
const removed = { deletionTimestamp: 0, dataChange: true };

Deno.test("readChanges() reads files that came and went, and change files instead of them", async () => {
  await using table = await handmadeTable(Row, { ...recorded, partitionColumns: ["p"] });
  const a = await table.dataFile(ids(1, 2), { schema: Stored, ...inP("a") });
  const b = await table.dataFile(ids(3), { schema: Stored, ...inP("b") });
  const changes = await table.dataFile(
    [{ id: 1n, _change_type: "update_preimage" }, { id: 9n, _change_type: "update_postimage" }],
    { schema: Changed, path: "_change_data/c.parquet", ...inP("a") },
  );
  await table.commit([{ add: a }, { add: b }]);
  await table.commit([
    { add: await table.dataFile(ids(9, 2), { schema: Stored, ...inP("a") }) },
    { remove: { path: a.path, ...removed } },
    { cdc: { ...changes, dataChange: false } },
  ]);
  // What does not tell its partition is as the table had it.
  await table.commit([{ remove: { path: b.path, ...removed } }]);
  await table.commit([{ add: { ...b, dataChange: false } }]);

  deepEqual(await changesOf(table, { from: 0 }), [
    "0 insert a 1",
    "0 insert a 2",
    "0 insert b 3",
    "1 update_preimage a 1",
    "1 update_postimage a 9",
    "2 delete b 3",
  ]);
  deepEqual(await changesOf(table, { from: 1, to: 1, where: "_change_type LIKE '%post%'" }), [
    "1 update_postimage a 9",
  ]);
});

Deno.test("readChanges() tells the rows that a deletion vector took and gave back", async () => {
  await using table = await handmadeTable(Row, recorded);
  const rows = ids(0, 1, 2, 3).map(({ id }) => ({ p: "x", id }));
  const file = await table.dataFile(rows);
  const [first, second] = [inlineVector([1, 2]), inlineVector([2, 3])];
  await table.commit([{ add: file }]);
  await table.commit([
    { add: { ...file, deletionVector: first } },
    { remove: { path: file.path, ...removed } },
  ]);
  await table.commit([
    { add: { ...file, deletionVector: second } },
    { remove: { path: file.path, ...removed, deletionVector: first } },
  ]);
  await table.commit([{ remove: { path: file.path, ...removed, deletionVector: second } }]);

  deepEqual(await changesOf(table, { from: 1 }), [
    "1 delete x 1",
    "1 delete x 2",
    "2 delete x 3",
    "2 insert x 1",
    "3 delete x 0",
    "3 delete x 1",
  ]);
});

Deno.test("readChanges() opens no files of versions and partitions that are not looked for", async () => {
  await using table = await handmadeTable(Row, { ...recorded, partitionColumns: ["p"] });
  const file = await table.dataFile(ids(1), { schema: Stored, ...inP("a") });
  await table.commit([{ add: { ...file, path: "gone-0" } }]);
  await table.commit([{ add: file }, { add: { ...file, path: "gone-1", ...inP("b") } }]);

  const where = "_commit_version = 1 AND p = 'a'";
  deepEqual(await changesOf(table, { from: 0, where }), ["1 insert a 1"]);
  await rejects(changesOf(table, { from: 0 }), { code: "FILE_NOT_FOUND" });
});

Deno.test("readChanges() goes by times, and tells when a version was made", async () => {
  await using table = await handmadeTable(Row, recorded);
  for (const id of [0, 1, 2]) {
    await table.commit([{ add: await table.dataFile([{ p: "x", id: BigInt(id) }]) }], 1000 + id);
  }
  const at = (ms: number) => new Date(ms);

  deepEqual(await changesOf(table, { from: at(1001), to: at(1001) }), ["1 insert x 1"]);
  deepEqual(await changesOf(table, { from: at(0), to: at(1001) }), [
    "0 insert x 0",
    "1 insert x 1",
  ]);
  await rejects(changesOf(table, { from: at(1003) }), { code: "VERSION_NOT_FOUND" });
  const open = await TableState.open(table.path);
  const [batch] = await Array.fromAsync(readChanges(open, { from: 2, columns: ["id"] }));
  deepEqual([...batch!.rows()], [{
    id: 2n,
    _change_type: "insert",
    _commit_version: 2n,
    _commit_timestamp: 1_002_000n,
  }]);
});

Deno.test("readChanges() names the version at which the table did not keep its changes", async () => {
  await using table = await handmadeTable(Row);
  const switched = (on: boolean) => ({
    metaData: { ...table.metaData, configuration: on ? recorded.configuration : {} },
  });
  await table.commit([]);
  await table.commit([switched(true)]);
  await table.commit([]);
  await table.commit([switched(false)]);

  await rejects(
    changesOf(table, { from: 0, to: 1 }),
    /version 0: found .*does not keep its changes/,
  );
  deepEqual(await changesOf(table, { from: 1, to: 2 }), []);
  await rejects(changesOf(table, { from: 1 }), /version 3: found .*does not keep its changes/);
});

Deno.test("readChanges() refuses ranges that make no sense, or over other partitions", async () => {
  await using table = await handmadeTable(Row, recorded);
  await table.commit([]);
  await table.commit([{ metaData: { ...table.metaData, partitionColumns: ["p"] } }]);

  await rejects(changesOf(table, { from: 0 }), { code: "SCHEMA_MISMATCH" });
  await rejects(changesOf(table, { from: 1, to: 0 }), { code: "BAD_OPTION" });
  await rejects(changesOf(table, { from: -1 }), { code: "BAD_OPTION" });
  await rejects(changesOf(table, { from: 0, to: 2 }), { code: "VERSION_NOT_FOUND" });
  const misspelt = { from: 1, til: 1 } as ChangeOptions;
  await rejects(changesOf(table, misspelt), { code: "UNKNOWN_OPTION" });
});

async function changesOf(table: HandmadeTable, options: ChangeOptions): Promise<string[]> {
  const open = await TableState.open(table.path);
  const batches = await Array.fromAsync(readChanges(open, options));
  return batches.flatMap((batch) =>
    Array.from(
      batch.rows(),
      ({ _commit_version, _change_type, p, id }) => `${_commit_version} ${_change_type} ${p} ${id}`,
    )
  );
}
