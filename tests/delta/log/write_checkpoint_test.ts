import { deepEqual, equal, ok } from "assert";
import { Decimal, type Schema, schema as s } from "../../../lib/core/mod.ts";
import { jsonChecksum } from "../../../lib/delta/log/last_checkpoint.ts";
import { checkpointName, LAST_CHECKPOINT } from "../../../lib/delta/log/log_files.ts";
import type { LogStore } from "../../../lib/delta/log/log_store.ts";
import { memoryLogStore } from "../../../lib/delta/log/memory_log_store.ts";
import { loadSnapshot, Snapshot } from "../../../lib/delta/log/snapshot.ts";
import { writeCheckpoint } from "../../../lib/delta/log/write_checkpoint.ts";
import type { Action } from "../../../lib/delta/protocol/actions.ts";
import { formatSchema } from "../../../lib/delta/protocol/schema_json.ts";
import { decodeParquet } from "../../../lib/parquet/mod.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 0, 31);

const V2_PROTOCOL = {
  minReaderVersion: 3,
  minWriterVersion: 7,
  readerFeatures: ["v2Checkpoint"],
  writerFeatures: ["v2Checkpoint"],
};
const Trade = s.struct({
  symbol: s.string(),
  id: s.long(),
  price: s.decimal(20, 2).nullable(),
  at: s.timestamp().nullable(),
  place: s.struct({ x: s.integer(), tags: s.array(s.string()) }).nullable(),
});

function snapshotOf(
  configuration: Record<string, string>,
  actions: readonly Action[],
  schema: Schema = Trade,
): Snapshot {
  return Snapshot.created("memory", [
    { protocol: V2_PROTOCOL },
    {
      metaData: {
        id: "t",
        format: { provider: "parquet", options: {} },
        schemaString: formatSchema(schema),
        partitionColumns: ["symbol"],
        configuration,
      },
    },
    ...actions,
  ]);
}

const add = (path: string, stats?: string): Action => ({
  add: {
    path,
    partitionValues: { symbol: "BTC" },
    size: 10,
    modificationTime: 1,
    dataChange: true,
    ...(stats === undefined ? {} : { stats }),
  },
});

async function addRows(store: LogStore): Promise<Record<string, unknown>[]> {
  const batch = await decodeParquet((await store.read(checkpointName(0)))!);
  return [...batch.rows()].map((row) => row.add).filter((row) => row !== null) as Record<
    string,
    unknown
  >[];
}

Deno.test("a checkpoint has statistics and partition values as columns, to the last digit", async () => {
  const store = memoryLogStore();
  const stats =
    '{"numRecords":2,"minValues":{"id":9007199254740993,"price":123456789012345678.10,' +
    '"at":"2026-01-01T00:00:00.000001Z","place":{"x":-7}},"maxValues":{"id":9007199254740995,' +
    '"price":123456789012345678.99,"at":"2026-01-01T00:00:01.000Z","place":{"x":99999999999}},' +
    '"nullCount":{"id":0,"price":1,"at":0,"place":{"x":0,"tags":1}}}';
  const properties = { "delta.checkpoint.writeStatsAsStruct": "true" };

  await writeCheckpoint(store, snapshotOf(properties, [add("a", stats), add("b")]), NOW_MS);

  const [first, second] = await addRows(store);
  deepEqual(first?.partitionValues_parsed, { symbol: "BTC" });
  equal(first?.stats, stats);
  deepEqual(first?.stats_parsed, {
    numRecords: 2n,
    tightBounds: null,
    minValues: {
      id: 9007199254740993n,
      price: new Decimal(12345678901234567810n, 2),
      at: 1_767_225_600_000_001n,
      place: { x: -7 },
    },
    // What does not fit its column tells nothing.
    maxValues: {
      id: 9007199254740995n,
      price: new Decimal(12345678901234567899n, 2),
      at: 1_767_225_601_000_000n,
      place: { x: null },
    },
    nullCount: { id: 0n, price: 1n, at: 0n, place: { x: 0n, tags: 1n } },
  });
  equal(second?.stats_parsed, null);
});

Deno.test("a checkpoint leaves the statistics' text out where the table says so", async () => {
  const store = memoryLogStore();
  const properties = { "delta.checkpoint.writeStatsAsJson": "false" };

  await writeCheckpoint(store, snapshotOf(properties, [add("a", '{"numRecords":2}')]), NOW_MS);

  const [row] = await addRows(store);
  ok(row !== undefined && !("stats" in row) && !("stats_parsed" in row));
});

Deno.test("statistics that are columns only come through checkpoint after checkpoint", async () => {
  const properties = {
    "delta.checkpoint.writeStatsAsStruct": "true",
    "delta.checkpoint.writeStatsAsJson": "false",
  };
  const stats =
    '{"numRecords":2,"minValues":{"id":-9007199254740993,"at":"2026-01-01T00:00:00Z"},' +
    '"maxValues":{"id":1},"nullCount":{"price":2}}';
  let snapshot = snapshotOf(properties, [add("a", stats)]);
  const written: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    const store = memoryLogStore();
    await writeCheckpoint(store, snapshot, NOW_MS);
    written.push((await addRows(store))[0]?.stats_parsed);
    snapshot = (await loadSnapshot(store))!;
  }

  ok(written[0] !== null);
  deepEqual(written, [written[0], written[0], written[0]]);
});

Deno.test("a v2 checkpoint is named by a UUID and says so in the hint", async () => {
  const store = memoryLogStore();
  const before = snapshotOf({ "delta.checkpointPolicy": "v2" }, [add("a"), add("b")]);

  await writeCheckpoint(store, before, NOW_MS);

  const [name] = await store.list();
  ok(/^0{20}\.checkpoint\.[0-9a-f-]{36}\.parquet$/.test(name!), name);
  const file = (await store.read(name!))!;
  const { checksum, ...hint } = JSON.parse(
    new TextDecoder().decode(await store.read(LAST_CHECKPOINT)),
  );
  deepEqual(hint, {
    version: 0,
    size: 5,
    sizeInBytes: file.length,
    numOfAddFiles: 2,
    v2Checkpoint: { path: name, sizeInBytes: file.length, modificationTime: NOW_MS },
  });
  equal(checksum, jsonChecksum(hint));
  const rows = [...(await decodeParquet(file)).rows()];
  deepEqual(rows[0]?.checkpointMetadata, { version: 0n, tags: null });
  equal((await loadSnapshot(store))?.numFiles, 2);
});

Deno.test("a v2 checkpoint of many files has them in sidecars, each once", async () => {
  const store = memoryLogStore();
  const removed: Action[] = Array.from({ length: 100 }, (_, i) => ({
    remove: { path: `gone-${i}`, deletionTimestamp: NOW_MS, dataChange: true },
  }));
  const files = Array.from({ length: 120_000 }, (_, i) => add(`file-${i}`));
  const before = snapshotOf({ "delta.checkpointPolicy": "v2" }, [...removed, ...files]);

  await writeCheckpoint(store, before, NOW_MS);

  equal((await store.listSidecars()).length, 3);
  const after = (await loadSnapshot(store))!;
  deepEqual(
    [...after.files()].map(({ path }) => path),
    [...before.files()].map(({ path }) => path),
  );
  equal([...after.tombstones()].length, 100);
});

Deno.test("a table without the feature gets a classic checkpoint whatever its policy says", async () => {
  const store = memoryLogStore();
  const { metadata } = snapshotOf({ "delta.checkpointPolicy": "v2" }, []);
  const protocol = { minReaderVersion: 1, minWriterVersion: 2 };
  const snapshot = Snapshot.created("memory", [{ protocol }, { metaData: metadata }]);

  await writeCheckpoint(store, snapshot, NOW_MS);

  deepEqual(await store.list(), [checkpointName(0), LAST_CHECKPOINT]);
});

Deno.test("a checkpoint forgets only applications past the retention that the table sets", async () => {
  const txns: Action[] = [
    { txn: { appId: "old", version: 1, lastUpdated: NOW_MS - 8 * DAY_MS } },
    { txn: { appId: "live", version: 2, lastUpdated: NOW_MS - 6 * DAY_MS } },
    { txn: { appId: "undated", version: 3 } },
  ];
  const kept = async (configuration: Record<string, string>) => {
    const store = memoryLogStore();
    await writeCheckpoint(store, snapshotOf(configuration, txns), NOW_MS);
    return [...(await loadSnapshot(store))!.txns()].map(({ appId }) => appId);
  };

  deepEqual(await kept({}), ["old", "live", "undated"]);
  deepEqual(
    await kept({ "delta.setTransactionRetentionDuration": "interval 7 days" }),
    ["live", "undated"],
  );
});

Deno.test("jsonChecksum() counts places in lists as texts, and no checksum", () => {
  const list = Array.from({ length: 11 }, (_, i) => i);
  equal(jsonChecksum({ b: list, a: 'é+"' }), jsonChecksum({ a: 'é+"', checksum: "x", b: list }));
  // The MD5 of "a"="%C3%A9%2B%22","b"+0=0,"b"+1=1,"b"+10=10,"b"+2=2, … "b"+9=9.
  equal(jsonChecksum({ b: list, a: 'é+"' }), "ce0340f4bd2285a51565cb27386fc2c1");
});
