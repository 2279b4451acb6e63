import { deepEqual, equal, ok, rejects } from "assert";
import { type Offsets, SluiceError } from "../../lib/core/mod.ts";
import { Checkpoint, type PlannedBatch } from "../../lib/streaming/mod.ts";
import { tempFolder } from "../support/temp_folder.ts";

/** The plan of a batch of one source. */
function planOf(
  batchId: number,
  endOffsets: Offsets,
  more: Partial<PlannedBatch> = {},
): PlannedBatch {
  const ranges = [{ startOffsets: {}, endOffsets }];
  return { batchId, ranges, watermarkMs: 0, lateWatermarkMs: 0, timestampMs: 1, ...more };
}

Deno.test("a checkpoint has Spark's files with Spark's contents", async () => {
  await using folder = await tempFolder();
  using checkpoint = await Checkpoint.open(folder.path);
  await checkpoint.source(0).writeInitialOffsets({ trades: { 0: 0n, 1: 0n, 2: 0n } });
  const endOffsets = { trades: { 2: 160006n, 0: 120380n, 1: 9007199254740993n } };
  const times = { watermarkMs: 1795260000000, timestampMs: 1795260085292 };
  await checkpoint.plan(planOf(0, endOffsets, times));
  await checkpoint.commit(0, 1795260001234);

  equal(await folder.read("metadata"), `{"id":"${checkpoint.queryId}"}`);
  equal(await folder.read("sources/0/0"), '\0v1\n{"trades":{"0":0,"1":0,"2":0}}');
  equal(
    await folder.read("offsets/0"),
    'v1\n{"batchWatermarkMs":1795260000000,"batchTimestampMs":1795260085292,' +
      '"conf":{"spark.sql.shuffle.partitions":"200"}}\n' +
      '{"trades":{"0":120380,"1":9007199254740993,"2":160006}}',
  );
  equal(await folder.read("commits/0"), 'v1\n{"nextBatchWatermarkMs":1795260001234}');
});

Deno.test("a checkpoint that Spark wrote is gone on with", async () => {
  await using folder = await tempFolder();
  await folder.write("metadata", '{"id":"dd85dc64-b725-4b84-bcd7-75e8c4b90ca6"}');
  await folder.write("sources/0/0", '\0v1\n{"peer":{"0":0,"1":0}}');
  const metadata = '{"batchWatermarkMs":0,"batchTimestampMs":1,"conf":{"a":"b"}}';
  await folder.write("offsets/0", `v1\n${metadata}\n{"peer":{"0":120380,"1":119612}}`);
  await folder.write("offsets/.0.crc", "binary");
  await folder.write("commits/0", 'v1\n{"nextBatchWatermarkMs":0}');
  await folder.write("offsets/1", `v1\n${metadata}\n{"peer":{"0":240760,"1":239224}}`);

  using checkpoint = await Checkpoint.open(folder.path);
  equal(checkpoint.queryId, "dd85dc64-b725-4b84-bcd7-75e8c4b90ca6");
  deepEqual(await checkpoint.recover(1), {
    committedBatchId: 0,
    lastWatermarkMs: 0,
    nextWatermarkMs: 0,
    positions: [{ peer: { 0: 240760n, 1: 239224n } }],
    replay: {
      batchId: 1,
      ranges: [{
        startOffsets: { peer: { 0: 120380n, 1: 119612n } },
        endOffsets: { peer: { 0: 240760n, 1: 239224n } },
      }],
      watermarkMs: 0,
      lateWatermarkMs: 0,
      timestampMs: 1,
    },
  });
});

Deno.test("Spark's settings go on from plan to plan, as Spark wants them", async () => {
  await using folder = await tempFolder();
  await folder.write("sources/0/0", '\0v1\n{"t":{"0":0}}');
  const conf = '"conf":{"a":"b","spark.sql.shuffle.partitions":"2"}';
  const metadata = `{"batchWatermarkMs":0,"batchTimestampMs":1,${conf}}`;
  await folder.write("offsets/0", `v1\n${metadata}\n{"t":{"0":5}}`);

  using checkpoint = await Checkpoint.open(folder.path);
  equal((await checkpoint.recover(1)).replay?.batchId, 0);
  await checkpoint.commit(0, 0);
  await checkpoint.plan(planOf(1, { t: { 0: 6n } }));
  ok((await folder.read("offsets/1")).includes(`"spark.sql.shuffle.partitions":"2"`));
  ok((await folder.read("offsets/1")).includes(`"a":"b"`));
});

Deno.test("a plan is for ever: a second one for the same batch is refused", async () => {
  await using folder = await tempFolder();
  using checkpoint = await Checkpoint.open(folder.path);
  await checkpoint.plan(planOf(0, { t: { 0: 5n } }));
  await rejects(
    checkpoint.plan(planOf(0, { t: { 0: 6n } })),
    (error) => error instanceof SluiceError && error.code === "FENCED",
  );
  equal((await folder.read("offsets/0")).split("\n").at(-1), '{"t":{"0":5}}');
});

Deno.test("a checkpoint is for one run at a time, and free again when that ends", async () => {
  await using folder = await tempFolder();
  {
    using _first = await Checkpoint.open(folder.path);
    await rejects(
      Checkpoint.open(folder.path),
      (error) =>
        error instanceof SluiceError && error.code === "ALREADY_RUNNING" &&
        error.message.includes(`process ${Deno.pid}`),
    );
  }
  using _second = await Checkpoint.open(folder.path);
});

Deno.test("a checkpoint with a hole is refused, not guessed at", async () => {
  await using folder = await tempFolder();
  await folder.write("metadata", '{"id":"dd85dc64-b725-4b84-bcd7-75e8c4b90ca6"}');
  await folder.write("offsets/7", 'v1\n{}\n{"t":{"0":1}}');
  await folder.write("commits/3", 'v1\n{"nextBatchWatermarkMs":0}');
  using checkpoint = await Checkpoint.open(folder.path);
  await rejects(checkpoint.recover(1), /offsets\/ ends with 7, commits\/ with 3/);
});

Deno.test("of a long-running query the newest hundred batches are kept", async () => {
  await using folder = await tempFolder();
  using checkpoint = await Checkpoint.open(folder.path);
  for (let batchId = 0; batchId < 105; batchId++) {
    await checkpoint.plan(planOf(batchId, { t: { 0: BigInt(batchId + 1) } }));
    await checkpoint.commit(batchId, 0);
  }
  const kept = (await folder.list("offsets")).map(Number).sort((a, b) => a - b);
  deepEqual([kept[0], kept.at(-1), kept.length], [5, 104, 100]);
  deepEqual((await folder.list("commits")).length, 100);
});

Deno.test("what was planned is told batch by batch, and together where plans are forgotten", async () => {
  await using folder = await tempFolder();
  using checkpoint = await Checkpoint.open(folder.path);
  await checkpoint.source(0).writeInitialOffsets({ t: { 0: 10n } });
  for (let batchId = 0; batchId < 4; batchId++) {
    const endOffsets = { t: { 0: batchId < 3 ? BigInt(20 + batchId) : 5n } };
    await checkpoint.plan(planOf(batchId, endOffsets));
    if (batchId < 3) await checkpoint.commit(batchId, 0);
  }
  // After batch 2 the topic was made anew: batch 3 begins at its beginning.
  const restart = { afterBatchId: 2, offsets: { t: { 0: 0n } } };
  await checkpoint.source(0).writeTopics({ identities: { t: "new" }, restart });
  await Deno.remove(`${folder.path}/offsets/0`);
  deepEqual(await checkpoint.plannedRanges(), [
    {
      firstBatchId: 0,
      lastBatchId: 1,
      startOffsets: { t: { 0: 10n } },
      endOffsets: { t: { 0: 21n } },
      isDone: true,
    },
    {
      firstBatchId: 2,
      lastBatchId: 2,
      startOffsets: { t: { 0: 21n } },
      endOffsets: { t: { 0: 22n } },
      isDone: true,
    },
    {
      firstBatchId: 3,
      lastBatchId: 3,
      startOffsets: { t: { 0: 0n } },
      endOffsets: { t: { 0: 5n } },
      isDone: false,
    },
  ]);
  await Deno.remove(`${folder.path}/offsets/2`);
  await rejects(checkpoint.plannedRanges(), { code: "BAD_CHECKPOINT" });
});
