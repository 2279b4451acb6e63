import { deepEqual, equal, ok, rejects, throws } from "assert";
import { type Offsets, recordOffset, type Schema, schema as s } from "../../../lib/core/mod.ts";
import { deltaSource, type DeltaSourceOptions, DeltaTable } from "../../../lib/delta/mod.ts";
import { handmadeTable, inlineVector } from "../../support/handmade_table.ts";
import { readRows } from "../../support/read_rows.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Item = s.struct({ id: s.long(), name: s.string().nullable() });
type ItemRow = typeof Item["rowType"];
const item = (id: number): ItemRow => ({ id: BigInt(id), name: `item ${id}` });
const { signal } = new AbortController();
const ROWS = 10_000_000_000n;

Deno.test("deltaSource() reads the table as it is, then what each commit adds, and no OPTIMIZE", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/items`;
  const table = await DeltaTable.create(path, { schema: Item });
  await table.append([item(1), item(2)]);
  await table.append([item(3)]);
  const source = deltaSource({ path, schema: Item });
  equal(source.description, `DeltaSource[${path}]`);
  await source.open?.(`${folder.path}/own`);
  deepEqual(await source.identities(signal), { items: table.metadata.id });
  const start = await source.initialOffsets(signal);
  deepEqual(start, { items: { 0: 2n * ROWS } });
  const snapshot = await source.latestOffsets(signal);
  deepEqual(snapshot, { items: { 0: 3n * ROWS } });
  deepEqual(await readRows(source, start, snapshot), [item(1), item(2), item(3)]);

  await table.append([item(4)]);
  await table.optimize();
  await table.setProperties({ owner: "trading desk" });
  await table.append([item(5), item(6)]);
  const latest = await source.latestOffsets(signal);
  deepEqual(await readRows(source, snapshot, latest), [item(4), item(5), item(6)]);
  // The snapshot is what it was, whatever became of its files.
  deepEqual(await readRows(source, start, latest), [1, 2, 3, 4, 5, 6].map(item));
});

Deno.test("deltaSource() begins where its options say", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/items`;
  const table = await DeltaTable.create(path, { schema: Item });
  for (const id of [0, 1, 2, 3]) {
    if (id > 0) await table.append([item(id)]);
    const time = new Date(1_700_000_000_000 + id * 60_000);
    await Deno.utime(`${path}/_delta_log/${String(id).padStart(20, "0")}.json`, time, time);
  }
  const idsFrom = async (options: Partial<DeltaSourceOptions<ItemRow>>) => {
    const source = deltaSource({ path, schema: Item, ...options });
    const rows = await readRows(
      source,
      await source.initialOffsets(signal),
      await source.latestOffsets(signal),
    );
    return rows.map(({ id }) => Number(id));
  };
  const at = (ms: number) => new Date(1_700_000_000_000 + ms);
  deepEqual(await idsFrom({ startingVersion: 0 }), [1, 2, 3]);
  deepEqual(await idsFrom({ startingVersion: 2 }), [2, 3]);
  deepEqual(await idsFrom({ startingVersion: "latest" }), []);
  deepEqual(await idsFrom({ startingTimestamp: at(120_000) }), [2, 3]);
  deepEqual(await idsFrom({ startingTimestamp: at(120_001) }), [3]);
  const gone = { code: "VERSION_NOT_FOUND", message: /startingVersion to "latest"/ };
  await rejects(idsFrom({ startingVersion: 4 }), gone);
  await rejects(idsFrom({ startingTimestamp: at(180_001) }), gone);
});

Deno.test("deltaSource() stops at commits that take rows away, unless an option says otherwise", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/items`;
  const table = await DeltaTable.create(path, { schema: Item });
  await table.append([item(1), item(2)]);
  await table.append([item(3)]);
  await table.delete({ where: "id = 3" }); // version 3 removes a file
  await table.append([item(4)]);
  await table.update({ set: { name: "'new'" }, where: "id = 1" }); // version 5
  await table.merge([item(4), item(5)], { on: "target.id = source.id" })
    .whenNotMatchedInsertAll().execute(); // version 6 only adds
  const idsOf = async (options: Partial<DeltaSourceOptions<ItemRow>>) => {
    const source = deltaSource({ path, schema: Item, startingVersion: 0, ...options });
    const latest = await source.latestOffsets(signal);
    const rows = await readRows(source, await source.initialOffsets(signal), latest);
    return rows.map(({ id }) => Number(id));
  };
  await rejects(idsOf({}), {
    code: "DELTA_SOURCE_IGNORE_DELETE",
    message: /version 3: found deleted data \(for example .*parquet\).*ignoreDeletes to true/,
  });
  await rejects(idsOf({ ignoreDeletes: true }), {
    code: "DELTA_SOURCE_TABLE_IGNORE_CHANGES",
    message: /version 5: found a data update \(for example .*skipChangeCommits to true/,
  });
  deepEqual(await idsOf({ skipChangeCommits: true }), [1, 2, 3, 4, 5]);
});

Deno.test("deltaSource() plans so many files, and all that comes before a commit it cannot read", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/items`;
  const table = await DeltaTable.create(path, { schema: Item });
  for (const id of [1, 2, 3]) await table.append([item(id)]);
  const source = deltaSource({ path, schema: Item, maxFilesPerTrigger: 2 });
  await source.open?.(`${folder.path}/own`);
  let position = await source.initialOffsets(signal);
  for (const id of [4, 5, 6]) await table.append([item(id)]);
  await table.setProperties({ owner: "desk" });
  await table.delete({ where: "id = 6" });
  await table.append([item(7)]);
  const latest = await source.latestOffsets(signal);
  const batches: number[][] = [];
  const advance = async () => {
    const end = await source.planEnd!(position, latest);
    const rows = await readRows(source, position, end);
    batches.push(rows.map(({ id }) => Number(id)));
    position = end;
  };
  for (let i = 0; i < 4; i++) await advance();
  deepEqual(batches, [[1, 2], [3, 4], [5, 6], []]);
  deepEqual(position, { items: { 0: 8n * ROWS } });
  await rejects(advance(), { code: "DELTA_SOURCE_IGNORE_DELETE" });
});

Deno.test("deltaSource() goes on in the middle of anything in another process", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/items`;
  const table = await DeltaTable.create(path, { schema: Item });
  for (let id = 0; id < 10; id++) await table.append([item(id * 2), item(id * 2 + 1)]);
  const open = async () => {
    const source = deltaSource({ path, schema: Item });
    await source.open?.(`${folder.path}/own`);
    return source;
  };
  const first = await open();
  const start = await first.initialOffsets(signal);
  const found: number[] = [];
  let position = start;
  const range = first.read(start, await first.latestOffsets(signal), { signal, maxBytes: 1 });
  for await (const { rows } of range) found.push(...ids(rows!.rows() as Iterable<ItemRow>));
  position = range.endOffsets();
  deepEqual(found, [0, 1]);
  // The table moves on meanwhile, and its files go into one.
  await table.append([item(20)]);
  await table.optimize();
  const second = await open();
  deepEqual(await second.initialOffsets(signal), start);
  const latest = await second.latestOffsets(signal);
  found.push(...ids(await readRows(second, position, latest)));
  deepEqual(found, Array.from({ length: 21 }, (_, id) => id));
});

Deno.test("deltaSource() gives each row an offset, with gaps where rows are deleted", async () => {
  await using table = await handmadeTable(Item);
  const rows = Array.from({ length: 6 }, (_, id) => item(id));
  const [a, b] = [
    // Statistics of one file tell how many rows it has; for the other its footer has to.
    await table.dataFile(rows, { stats: '{"numRecords":6}', maxRowGroupRows: 2 }),
    await table.dataFile([item(6), item(7)]),
  ];
  await table.commit([{ add: { ...a, deletionVector: inlineVector([0, 3]) } }, { add: b }]);
  const source = deltaSource({ path: table.path, schema: Item, startingVersion: 0 });
  const read = async (from: bigint, to: bigint) => {
    const found: string[] = [];
    const range = source.read({ table: { 0: from } }, { table: { 0: to } }, { signal });
    for await (const block of range) {
      for (let i = 0; i < block.count; i++) {
        found.push(`${recordOffset(block, i)} ${block.rows!.row(i).id}`);
      }
    }
    deepEqual(range.endOffsets(), { table: { 0: to } });
    return found;
  };
  deepEqual(await read(0n, ROWS), ["1 1", "2 2", "4 4", "5 5", "6 6", "7 7"]);
  deepEqual(await read(2n, 7n), ["2 2", "4 4", "5 5", "6 6"]);
  deepEqual(await read(3n, 4n), []);
});

Deno.test("deltaSource() reads partitions and mapped columns by their names, in the schema's order", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/t`;
  const Wide = s.struct({
    day: s.date(),
    "trade id": s.long(),
    geo: s.struct({ x: s.double(), y: s.double().nullable() }).nullable(),
    extra: s.string().nullable(),
  });
  const table = await DeltaTable.create(path, {
    schema: Wide,
    partitionBy: ["day"],
    properties: {
      "delta.columnMapping.mode": "name",
      "delta.enableDeletionVectors": "true",
    },
  });
  const row = (id: number) => ({
    day: id % 2,
    "trade id": BigInt(id),
    geo: id === 2 ? null : { x: id / 2, y: null },
    extra: null,
  });
  await table.append([1, 2, 3, 4].map(row));
  await table.delete({ where: "`trade id` = 3" });
  const Some = s.struct({
    geo: s.struct({ y: s.double().nullable(), x: s.double() }).nullable(),
    "trade id": s.long(),
    day: s.date(),
  });
  const source = deltaSource({ path, schema: Some });
  const start = await source.initialOffsets(signal);
  const rows = await readRows(source, start, await source.latestOffsets(signal));
  deepEqual(rows.sort((a, b) => Number(a["trade id"] - b["trade id"])), [
    { geo: { y: null, x: 0.5 }, "trade id": 1n, day: 1 },
    { geo: null, "trade id": 2n, day: 0 },
    { geo: { y: null, x: 2 }, "trade id": 4n, day: 0 },
  ]);
});

Deno.test("deltaSource() refuses a schema that the table does not have", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/t`;
  const table = await DeltaTable.create(path, {
    schema: s.struct({
      id: s.long(),
      note: s.string().nullable(),
      tags: s.array(s.string().nullable()),
      geo: s.struct({ x: s.double() }),
    }),
  });
  const cases: [schema: Schema<never>, message: RegExp][] = [
    [schemaOf({ no: s.long() }), /column "no" of .* version 0: found no such column, wanted long/],
    [schemaOf({ id: s.integer() }), /column "id" .*: found long, wanted integer/],
    [schemaOf({ tags: s.array(s.long()) }), /found array<string>, wanted array<long>/],
    [
      schemaOf({ geo: s.struct({ x: s.double(), y: s.double() }) }),
      /found struct<x:double>, wanted/,
    ],
  ];
  for (const [schema, message] of cases) {
    const source = deltaSource({ path, schema });
    await rejects(source.identities(signal), { code: "SCHEMA_MISMATCH", message });
  }
  // A column that may be null need not be declared so, but then it must not be.
  await table.append([{ id: 1n, note: "a", tags: [], geo: { x: 1 } }]);
  const Strict = s.struct({ note: s.string(), tags: s.array(s.string()) });
  const strict = deltaSource({ path, schema: Strict, startingVersion: 1 });
  const start = await strict.initialOffsets(signal);
  const end = await strict.latestOffsets(signal);
  deepEqual(await readRows(strict, start, end), [{ note: "a", tags: [] }]);
  const nulls = [{ note: null, tags: [] }, { note: "a", tags: [null] }] as const;
  for (const [i, row] of nulls.entries()) {
    await table.append([{ id: 2n, ...row, geo: { x: 1 } }]);
    const next = deltaSource({ path, schema: Strict, startingVersion: 2 + i });
    const from = await next.initialOffsets(signal);
    await rejects(readRows(next, from, await next.latestOffsets(signal)), {
      code: "BAD_VALUE",
      message: /column "(note|tags.element)" of .*parquet: found null, wanted a value in each row/,
    });
  }
  const nothing = deltaSource({ path: `${folder.path}/nothing`, schema: Item });
  await rejects(nothing.identities(signal), { code: "TABLE_NOT_FOUND" });
});

Deno.test("deltaSource() stops where a column changes, and goes on with a schema that has it", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/items`;
  const properties = { "delta.columnMapping.mode": "name" };
  const table = await DeltaTable.create(path, { schema: Item, properties });
  await table.append([item(1)]);
  const open = async <Row>(schema: Schema<Row>) => {
    const source = deltaSource({ path, schema });
    await source.open?.(`${folder.path}/own`);
    return source;
  };
  const source = await open(Item);
  const start = await source.initialOffsets(signal);
  await table.append([item(2)]); // version 2
  await table.addColumns([{ name: "added", type: s.long().nullable() }]); // 3: none of ours
  await table.append([{ ...item(3), added: 3n }]); // 4
  await table.renameColumn("name", "title"); // 5
  await table.append([{ id: 4n, title: "item 4", added: null }]); // 6
  const latest = await source.latestOffsets(signal);
  const end = await source.planEnd!(start, latest);
  // What comes before the commit with other columns is read with the columns it has.
  deepEqual(end, { items: { 0: 6n * ROWS } });
  deepEqual(await readRows(source, start, end), [item(1), item(2), item(3)]);
  const renamed = { code: "SCHEMA_MISMATCH", message: /column "name" of .* version 5/ };
  await rejects(Promise.resolve(source.planEnd!(end, latest)), renamed);
  await rejects(readRows(source, start, latest), renamed);
  await rejects((await open(Item)).latestOffsets(signal), { code: "SCHEMA_MISMATCH" });

  const Renamed = s.struct({ id: s.long(), title: s.string().nullable() });
  const again = await open(Renamed);
  deepEqual(await readRows(again, end, await again.latestOffsets(signal)), [
    { id: 4n, title: "item 4" },
  ]);
  // Old files are read by the name that the column has now.
  deepEqual(
    await readRows(again, start, end),
    [1, 2, 3].map((id) => ({
      id: BigInt(id),
      title: `item ${id}`,
    })),
  );
});

Deno.test("deltaSource() refuses files of a table that was partitioned otherwise", async () => {
  const Parted = s.struct({ p: s.string().nullable(), id: s.long() });
  await using table = await handmadeTable(Parted);
  await table.commit([{ add: await table.dataFile([{ p: "x", id: 1n }]) }]);
  await table.commit([{ metaData: { ...table.metaData, partitionColumns: ["p"] } }]);
  const source = deltaSource({ path: table.path, schema: Parted, startingVersion: 0 });
  const latest = await source.latestOffsets(signal);
  await rejects(readRows(source, {}, latest), {
    code: "SCHEMA_MISMATCH",
    message: /version 0: found partitions by nothing, wanted p/,
  });
});

Deno.test("deltaSource() reports commits and files that were cleaned up before they were read", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/items`;
  const table = await DeltaTable.create(path, { schema: Item });
  await table.append([item(1)]);
  await table.append([item(2)]);
  const source = deltaSource({ path, schema: Item, startingVersion: 1 });
  const start = await source.initialOffsets(signal);
  const latest = await source.latestOffsets(signal);
  const lost = (message: RegExp) => ({ code: "DATA_LOSS", message });
  const [, added] = await actionsOf(path, 1);
  await Deno.remove(`${path}/${added!.add.path}`);
  await rejects(readRows(source, start, latest), lost(/no such file.*vacuum/));
  deepEqual(await readRows(source, at(2), latest), [item(2)]);
  await table.checkpoint();
  await Deno.remove(`${path}/_delta_log/${"1".padStart(20, "0")}.json`);
  const later = deltaSource({ path, schema: Item });
  const message = /version 1: found no commit any more/;
  await rejects(readRows(later, start, await later.latestOffsets(signal)), lost(message));
  await rejects(Promise.resolve(later.planEnd!(start, latest)), lost(message));
  await rejects(readRows(later, start, at(9)), lost(/found version 2 as the newest/));
  await rejects(readRows(later, {}, { other: { 0: 1n } }), lost(/topic "items" with partition 0/));
});

Deno.test("deltaSource() knows a table that was made anew, and one that is gone", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/items`;
  const table = await DeltaTable.create(path, { schema: Item });
  const source = deltaSource({ path, schema: Item });
  const before = await source.identities(signal);
  await Deno.remove(path, { recursive: true });
  await rejects(source.identities(signal), { code: "TABLE_NOT_FOUND" });
  const anew = await DeltaTable.create(path, { schema: Item });
  const after = await source.identities(signal);
  ok(before.items === table.metadata.id && after.items === anew.metadata.id);
  ok(before.items !== after.items);
});

Deno.test("deltaSource() keeps to what its checkpoint says of where it began", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/items`;
  const properties = { "delta.enableChangeDataFeed": "true" };
  await DeltaTable.create(path, { schema: Item, properties });
  const own = `${folder.path}/own`;
  const source = deltaSource({ path, schema: Item });
  await source.open?.(own);
  await rejects(readRows(source, at(0), at(1)), {
    code: "BAD_CHECKPOINT",
    message: /own\/start: found no such file/,
  });
  await source.initialOffsets(signal);
  const feed = deltaSource({ path, schema: Item, readChangeFeed: true });
  await feed.open?.(own);
  await rejects(readRows(feed, at(0), at(1)), {
    code: "BAD_CHECKPOINT",
    message: /found readChangeFeed false, as when the query began, wanted readChangeFeed true/,
  });
  await Deno.writeTextFile(`${own}/start`, "{}");
  const damaged = deltaSource({ path, schema: Item });
  await damaged.open?.(own);
  await rejects(readRows(damaged, at(0), at(1)), { code: "BAD_CHECKPOINT" });
});

Deno.test("deltaSource() refuses options that make no sense", () => {
  const refused: [options: Record<string, unknown>, code: string][] = [
    [{ schema: undefined }, "BAD_OPTION"],
    [{ path: "s3://bucket/t" }, "BAD_PATH"],
    [{ startingVersion: -1 }, "BAD_OPTION"],
    [{ startingVersion: "newest" }, "BAD_OPTION"],
    [{ startingTimestamp: new Date(NaN) }, "BAD_OPTION"],
    [{ startingVersion: 1, startingTimestamp: new Date(0) }, "BAD_OPTION"],
    [{ maxFilesPerTrigger: 0 }, "BAD_OPTION"],
    [{ maxBytesPerTrigger: 0.5 }, "BAD_OPTION"],
    [{ ignoreDeletes: "true" }, "BAD_OPTION"],
    [{ readChangeFeed: true, skipChangeCommits: true }, "BAD_OPTION"],
    [{ ignoreChanges: true }, "UNKNOWN_OPTION"],
  ];
  for (const [options, code] of refused) {
    const all = { path: "t", schema: Item, ...options } as DeltaSourceOptions<ItemRow>;
    throws(() => deltaSource(all), { code }, JSON.stringify(options));
  }
  const { limits } = deltaSource({ path: "t", schema: Item, maxBytesPerTrigger: 7 });
  deepEqual(limits, { maxBytesPerTrigger: 7 });
});

function at(version: number): Offsets {
  return { items: { 0: BigInt(version) * ROWS } };
}

function ids(rows: Iterable<ItemRow>): number[] {
  return Array.from(rows, ({ id }) => Number(id));
}

function schemaOf(fields: Parameters<typeof s.struct>[0]): Schema<never> {
  return s.struct(fields) as unknown as Schema<never>;
}

async function actionsOf(path: string, version: number) {
  const name = `${String(version).padStart(20, "0")}.json`;
  const text = await Deno.readTextFile(`${path}/_delta_log/${name}`);
  const actions = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  return [undefined, actions.find(({ add }) => add !== undefined)];
}
