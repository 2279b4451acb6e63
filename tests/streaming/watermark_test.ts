import { deepEqual, equal } from "assert";
import { WatermarkTracker } from "../../lib/streaming/batch/watermark_tracker.ts";
import type { StreamingQueryProgress } from "../../lib/streaming/mod.ts";
import { Pipeline } from "../../lib/streaming/pipeline.ts";
import { compilePlan } from "../../lib/streaming/plan/compile_plan.ts";
import { decodedNode, type PlanNode, statefulNode } from "../../lib/streaming/plan/node.ts";
import { propagateWatermark } from "../../lib/streaming/plan/propagate_watermark.ts";
import { json } from "../../lib/formats/json/mod.ts";
import type { Batch } from "../../lib/core/mod.ts";
import { MemorySink } from "../support/memory_sink.ts";
import { MemorySource } from "../support/memory_source.ts";
import { type TempFolder, tempFolder } from "../support/temp_folder.ts";
import { bucketCounts, Reading } from "./toy_operators.ts";
import { buckets, counts, read, readings, run } from "./toy_query.ts";

/** One reading a batch, in the order in which they are added. */
function oneByOne(...seconds: number[]): MemorySource {
  const source = new MemorySource(1);
  source.limits = { maxOffsetsPerTrigger: 1 };
  read(source, seconds);
  return source;
}

/** The watermark of each batch in seconds, and of the batch behind it, as they are in the checkpoint. */
async function watermarksIn(folder: TempFolder): Promise<[used: number, next: number][]> {
  const found: [number, number][] = [];
  for (let batchId = 0; batchId < (await folder.list("commits")).length; batchId++) {
    const [, plan] = (await folder.read(`offsets/${batchId}`)).split("\n");
    const [, done] = (await folder.read(`commits/${batchId}`)).split("\n");
    found.push([
      JSON.parse(plan!).batchWatermarkMs / 1000,
      JSON.parse(done!).nextBatchWatermarkMs / 1000,
    ]);
  }
  return found;
}

Deno.test("the watermark is the latest event time less the delay, one batch later, and never goes back", async () => {
  await using folder = await tempFolder();
  const sink = new MemorySink("a");
  const seen: [number, number, number][] = [];
  const onWatermarks = (...each: [number, number, number]) => seen.push(each);
  // The delay is 10 s: 100 makes 90, 95 makes nothing, 125 makes 115, 89 and 99 are late by then.
  const source = oneByOne(100, 95, 125, 99, 130);
  await run(buckets(source, { onWatermarks }).to(sink), folder.path);
  deepEqual(await watermarksIn(folder), [[0, 90], [90, 90], [90, 115], [115, 115], [115, 120], [
    120,
    120,
  ]]);
  // Rows are late by the watermark of the batch before, buckets end by that of the batch itself.
  deepEqual(seen, [
    [0, 0, 0],
    [1, 0, 90],
    [2, 90, 90],
    [3, 90, 115],
    [4, 115, 115],
    [5, 115, 120],
  ]);
  // 99 is not late in batch 3, by 90; with it the bucket of 90 ends by 115, and that of 100 in the same.
  deepEqual(counts(sink.rows), [[90, 2], [100, 1]]);
});

Deno.test("rows before 1970, and rows without a time, make no watermark below 0", async () => {
  await using folder = await tempFolder();
  const source = oneByOne(-50, -70);
  source.partitions[0]!.push('{"id":9,"at":null}');
  await run(buckets(source).to(new MemorySink("a")), folder.path);
  deepEqual(await watermarksIn(folder), [[0, 0], [0, 0], [0, 0]]);
});

Deno.test("of several watermarks the least counts, and one without a row yet is at 0", () => {
  const tracker = new WatermarkTracker([1_000, 5_000], 0, 0);
  const next = (...maxMs: (number | undefined)[]) => {
    const seen = maxMs.map((ms) =>
      ms === undefined ? undefined : { count: 1, minMs: ms, maxMs: ms, avgMs: ms }
    );
    tracker.advance(tracker.after(seen));
    return [tracker.lateMs, tracker.currentMs];
  };
  deepEqual(next(50_000, undefined), [0, 0]);
  deepEqual(next(undefined, undefined), [0, 0]);
  // min(50 - 1, 20 - 5)
  deepEqual(next(undefined, 20_000), [0, 15_000]);
  // min(49, 55): the first is behind now.
  deepEqual(next(undefined, 60_000), [15_000, 49_000]);
  // An older row moves nothing back.
  deepEqual(next(10_000, 10_000), [49_000, 49_000]);
  deepEqual(next(70_000, undefined), [49_000, 55_000]);
  deepEqual(next(), [55_000, 55_000]);
});

Deno.test("a restart forgets no watermark of its own: the faster input stays where it was", async () => {
  await using folder = await tempFolder();
  const left = new MemorySource(1, "left");
  const right = new MemorySource(1, "right");
  const sink = new MemorySink("a");
  const query = () => {
    const inputs = [readings(left, "0 seconds"), readings(right, "5 seconds")];
    const toy = bucketCounts(inputs[0]!);
    return new Pipeline({ name: "two", last: statefulNode(inputs, () => toy), taps: [] }).to(sink);
  };
  read(left, [100]);
  await run(query(), folder.path);
  deepEqual(await watermarksIn(folder), [[0, 0]]);
  read(right, [55]);
  await run(query(), folder.path);
  // min(100, 50), though no row of the left came in this run; then a batch without rows.
  deepEqual(await watermarksIn(folder), [[0, 0], [0, 50], [50, 50]]);
  read(right, [200]);
  await run(query(), folder.path);
  deepEqual((await watermarksIn(folder)).slice(3), [[50, 100], [100, 100]]);
});

Deno.test("without new rows a batch is run for a watermark that moved on, and only then", async () => {
  await using folder = await tempFolder();
  const sink = new MemorySink("a");
  const source = oneByOne(5, 31);
  await run(buckets(source).to(sink), folder.path);
  // The batch of 31 makes 21; the one behind it has no rows, and lets the bucket of 0 go.
  deepEqual(sink.ends.map(([batchId]) => batchId), [0, 1, 2]);
  deepEqual(sink.ends[1]![1], sink.ends[2]![1]);
  deepEqual(counts(sink.rows), [[0, 1]]);
  await run(buckets(source).to(sink), folder.path);
  equal(sink.ends.length, 3);
});

Deno.test("once is one batch, and leaves it to the next start", async () => {
  await using folder = await tempFolder();
  const sink = new MemorySink("a");
  const source = oneByOne(5, 31);
  await run(buckets(source).to(sink), folder.path, { trigger: { once: true } });
  deepEqual([sink.ends.length, sink.rows], [1, []]);
  await run(buckets(source).to(sink), folder.path, { trigger: { once: true } });
  deepEqual([sink.ends.length, sink.rows], [1, []]);
  await run(buckets(source).to(sink), folder.path);
  deepEqual(counts(sink.rows), [[0, 1]]);
});

Deno.test("in complete mode nothing ever ends, so that no batch is run for it", async () => {
  await using folder = await tempFolder();
  const sink = new MemorySink("a");
  await run(buckets(oneByOne(5, 31)).to(sink), folder.path, { outputMode: "complete" });
  equal(sink.ends.length, 2);
});

Deno.test("an operator whose time has come gets a batch without rows", async () => {
  await using folder = await tempFolder();
  const sink = new MemorySink("a");
  const asked: number[] = [];
  const isDue = (nowMs: number) => asked.push(nowMs) === 1;
  await run(buckets(oneByOne(5), { isDue }).to(sink), folder.path);
  equal(sink.ends.length, 2);
});

Deno.test("a record that became a dead letter does not move the watermark", async () => {
  await using folder = await tempFolder();
  const source = new MemorySource(1);
  read(source, [20, 900_000, 800_000, 30]);
  const sink = new MemorySink("a");
  // 900,000 fails in an operator, 800,000 in a sink.
  sink.rejectRows = (batch: Batch, startRow) =>
    [...batch.rows()].flatMap((row, index) =>
      index >= startRow && row.id === 2n ? [{ index, error: "no" }] : []
    );
  const node = readings(source);
  const query = new Pipeline<{ id: bigint; at: bigint }>({ name: "a", last: node, taps: [] })
    .where("1 / (id - 1) <= 1")
    .to(sink);
  await run(query, folder.path);
  equal(sink.deadLetters.length, 2);
  deepEqual(await watermarksIn(folder), [[0, 20]]);
});

Deno.test("progress tells event times and watermark as Spark does", async () => {
  await using folder = await tempFolder();
  const told: StreamingQueryProgress[] = [];
  const source = new MemorySource(1);
  read(source, [100, 130, 101]);
  await run(buckets(source).to(new MemorySink("a")), folder.path, {
    listener: { onProgress: (progress) => told.push(progress) },
  });
  deepEqual(told.map(({ eventTime }) => eventTime), [
    {
      max: "1970-01-01T00:02:10.000Z",
      min: "1970-01-01T00:01:40.000Z",
      avg: "1970-01-01T00:01:50.333Z",
      watermark: "1970-01-01T00:00:00.000Z",
    },
    { watermark: "1970-01-01T00:02:00.000Z" },
  ]);
});

Deno.test("each operator has the least watermark of its inputs, and may give a lower one on", () => {
  // Left has a watermark, right has none; the second operator holds rows back for 7 s.
  const left = readings(new MemorySource(1, "left"));
  const right = decodedNode(new MemorySource(1, "right"), json(Reading) as never);
  const stateful = (inputs: readonly PlanNode[], outputWatermark?: (micros: bigint) => bigint) =>
    statefulNode(
      inputs,
      () => bucketCounts(inputs[0]!, outputWatermark === undefined ? {} : { outputWatermark }),
    );
  const first = stateful([left]);
  const second = stateful([first, right], (micros) => micros - 7_000_000n);
  const third = stateful([second]);
  const alone = stateful([right]);
  const last = stateful([third, alone]);
  const plan = compilePlan("q", last, [{ sink: new MemorySink("a"), node: last }], "append");
  const at = (seconds: number) => {
    const found = propagateWatermark(plan, BigInt(seconds) * 1_000_000n);
    return [first, second, third, alone, last].map((node) => {
      const step = plan.steps.find((step) => step.kind === "stateful" && step.node === node);
      return Number(found.get(step as never)) / 1e6;
    });
  };
  deepEqual(at(20), [20, 20, 13, 0, 13]);
  deepEqual(at(5), [5, 5, 0, 0, 0]);
});
