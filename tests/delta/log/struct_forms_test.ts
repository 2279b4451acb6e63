import { deepEqual } from "assert";
import { Batch, Decimal, schema as s } from "../../../lib/core/mod.ts";
import { checkpointName } from "../../../lib/delta/log/log_files.ts";
import { memoryLogStore } from "../../../lib/delta/log/memory_log_store.ts";
import { loadSnapshot } from "../../../lib/delta/log/snapshot.ts";
import { encodeParquet } from "../../../lib/parquet/mod.ts";

const Bounds = s.struct({
  big: s.long().nullable(),
  exact: s.decimal(38, 2).nullable(),
  at: s.timestamp().nullable(),
  wall: s.timestampNtz().nullable(),
  day: s.date().nullable(),
  ratio: s.double().nullable(),
  text: s.struct({ part: s.string().nullable() }).nullable(),
});
const Checkpoint = s.struct({
  protocol: s.struct({ minReaderVersion: s.integer(), minWriterVersion: s.integer() }).nullable(),
  metaData: s.struct({ id: s.string(), schemaString: s.string() }).nullable(),
  add: s.struct({
    path: s.string(),
    size: s.long(),
    stats: s.string().nullable(),
    partitionValues_parsed: s.struct({ "col-1": s.date().nullable() }),
    stats_parsed: s.struct({ numRecords: s.long(), minValues: Bounds }).nullable(),
  }).nullable(),
});

Deno.test("a checkpoint that has statistics and partitions only as structs says the same", async () => {
  const nothing = { protocol: null, metaData: null, add: null };
  const add = { size: 1n, stats: null, partitionValues_parsed: { "col-1": 19723 } };
  const minValues = {
    big: 9007199254740993n,
    exact: Decimal.parse("123456789012345678901234567890.10"),
    at: 1_704_067_200_000_001n,
    wall: 0n,
    day: -1,
    ratio: NaN,
    text: { part: 'a "b"' },
  };
  const batch = new Batch(Checkpoint);
  batch.append({ ...nothing, protocol: { minReaderVersion: 1, minWriterVersion: 2 } });
  batch.append({ ...nothing, metaData: { id: "x", schemaString: "" } });
  batch.append({
    ...nothing,
    add: { ...add, path: "a", stats_parsed: { numRecords: 3n, minValues } },
  });
  batch.append({
    ...nothing,
    add: { ...add, path: "b", stats: '{"numRecords":1}', stats_parsed: null },
  });
  batch.append({
    ...nothing,
    add: { ...add, path: "c", partitionValues_parsed: { "col-1": null }, stats_parsed: null },
  });
  const store = memoryLogStore();
  await store.write(checkpointName(0), await encodeParquet(batch as Batch));

  const snapshot = await loadSnapshot(store);
  const stats = '{"numRecords":3,"minValues":{"big":9007199254740993,' +
    '"exact":123456789012345678901234567890.10,"at":"2024-01-01T00:00:00.000001Z",' +
    '"wall":"1970-01-01T00:00:00.000000","day":"1969-12-31","text":{"part":"a \\"b\\""}}}';
  deepEqual([...snapshot!.files()], [
    { path: "a", size: 1, stats, partitionValues: { "col-1": "2024-01-01" } },
    { path: "b", size: 1, stats: '{"numRecords":1}', partitionValues: { "col-1": "2024-01-01" } },
    { path: "c", size: 1, partitionValues: { "col-1": null } },
  ]);
});
