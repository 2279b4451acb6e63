import { deepEqual, equal, match, ok, rejects } from "assert";
import { Batch, rowBlock, type RowSource, schema as s } from "../../lib/core/mod.ts";
import { json } from "../../lib/formats/json/mod.ts";
import { Checkpoint, failpointsOf, pipeline } from "../../lib/streaming/mod.ts";
import { Pipeline } from "../../lib/streaming/pipeline.ts";
import { decodedNode, statefulNode } from "../../lib/streaming/plan/node.ts";
import { MemorySink } from "../support/memory_sink.ts";
import { MemorySource } from "../support/memory_source.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { union } from "./toy_operators.ts";
import { crashAt, hasCode, run } from "./toy_query.ts";

const Event = s.struct({ id: s.long() });

function add(source: MemorySource, firstId: number, records: number): void {
  for (let id = firstId; id < firstId + records; id++) {
    source.partitions[id % source.partitions.length]!.push(`{"id":${id}}`);
  }
}

function topicOf(firstId: number, records: number, topic: string, perBatch?: number): MemorySource {
  const source = new MemorySource(2, topic);
  if (perBatch !== undefined) source.limits = { maxOffsetsPerTrigger: perBatch };
  add(source, firstId, records);
  return source;
}

function bothOf(...sources: MemorySource[]): Pipeline<{ id: bigint }> {
  const inputs = sources.map((source) => decodedNode(source, json(Event) as never));
  return new Pipeline({ name: "both", last: statefulNode(inputs, () => union(inputs)), taps: [] });
}

function ids(sink: MemorySink): number[] {
  return sink.rows.map((row) => Number(row.id)).sort((a, b) => a - b);
}

function upTo(end: number): number[] {
  return Array.from({ length: end }, (_, i) => i);
}

Deno.test("a batch is a range of each source, and the checkpoint has a line for each, as Spark's", async () => {
  await using folder = await tempFolder();
  const left = topicOf(0, 10, "left");
  const right = topicOf(10, 6, "right");
  const sink = new MemorySink("a");
  const query = await run(bothOf(left, right).to(sink), folder.path);
  deepEqual(ids(sink), upTo(16));
  match(
    await folder.read("offsets/0"),
    /^v1\n\{"batchWatermarkMs":0,"batchTimestampMs":\d+,"conf":\{"spark\.sql\.shuffle\.partitions":"200"\}\}\n\{"left":\{"0":5,"1":5\}\}\n\{"right":\{"0":3,"1":3\}\}$/,
  );
  equal(await folder.read("sources/0/0"), '\0v1\n{"left":{"0":0,"1":0}}');
  equal(await folder.read("sources/1/0"), '\0v1\n{"right":{"0":0,"1":0}}');
  equal(await folder.read("sluice/topics.1.json"), '{"identities":{"right":"first"}}');
  deepEqual([left.folder, right.folder], [
    `${folder.path}/sources/0/own`,
    `${folder.path}/sources/1/own`,
  ]);
  deepEqual(sink.ends, [[0, { left: { 0: 5n, 1: 5n }, right: { 0: 3n, 1: 3n } }]]);
  deepEqual(
    query.lastProgress?.sources.map(({ description, numInputRows }) => [description, numInputRows]),
    [["Memory[left]", 10], ["Memory[right]", 6]],
  );
  equal(query.lastProgress?.numInputRows, 16);
});

Deno.test("a source without anything new stays where it is while another goes on", async () => {
  await using folder = await tempFolder();
  const left = topicOf(0, 4, "left");
  const right = topicOf(4, 40, "right", 10);
  const sink = new MemorySink("a");
  await run(bothOf(left, right).to(sink), folder.path);
  deepEqual(ids(sink), upTo(44));
  deepEqual(sink.batchSizes, [14, 10, 10, 10]);
  deepEqual(sink.ends.map(([, end]) => end.left), Array(4).fill({ 0: 2n, 1: 2n }));
  add(left, 44, 2);
  await run(bothOf(left, right).to(sink), folder.path);
  deepEqual(sink.batchSizes, [14, 10, 10, 10, 2]);
  deepEqual(left.published.at(-1), { left: { 0: 3n, 1: 3n } });
});

Deno.test("topics of one name in two sources are told apart by the number of the source", async () => {
  await using folder = await tempFolder();
  const sink = new MemorySink("a");
  await run(bothOf(topicOf(0, 4, "t"), topicOf(4, 2, "t")).to(sink), folder.path);
  deepEqual(sink.ends, [[0, { t: { 0: 2n, 1: 2n }, "t#1": { 0: 1n, 1: 1n } }]]);
  using checkpoint = await Checkpoint.open(folder.path);
  deepEqual(await checkpoint.plannedRanges(), [{
    firstBatchId: 0,
    lastBatchId: 0,
    startOffsets: { t: { 0: 0n, 1: 0n }, "t#1": { 0: 0n, 1: 0n } },
    endOffsets: { t: { 0: 2n, 1: 2n }, "t#1": { 0: 1n, 1: 1n } },
    isDone: true,
  }]);
});

Deno.test("a crash at any step leaves each record of each source once", async () => {
  for (const step of failpointsOf({ numSinks: 1, hasState: true })) {
    for (const hit of [1, 3]) {
      await using folder = await tempFolder();
      const sources = [topicOf(0, 20, "left", 7), topicOf(20, 30, "right", 4)];
      const sink = new MemorySink("a");
      const go = () => run(bothOf(...sources).to(sink), folder.path);
      ok(await crashAt(step, hit, go), `${step}, hit ${hit}`);
      await go();
      deepEqual(ids(sink), upTo(50), `${step}, hit ${hit}`);
    }
  }
});

Deno.test("a checkpoint is not that of a query with more sources, or fewer", async () => {
  await using folder = await tempFolder();
  const left = topicOf(0, 4, "left");
  const sink = new MemorySink("a");
  await run(bothOf(left, topicOf(4, 2, "right")).to(sink), folder.path);
  await rejects(
    run(bothOf(left).to(sink), folder.path),
    hasCode("BAD_CHECKPOINT", /found 2 sources, wanted 1, as the query has/),
  );
});

Deno.test("a topic made anew is noticed in any of the sources", async () => {
  await using folder = await tempFolder();
  const sources = [topicOf(0, 4, "left"), topicOf(4, 2, "right")] as const;
  const sink = new MemorySink("a");
  await run(bothOf(...sources).to(sink), folder.path);
  sources[1].identity = "second";
  await rejects(run(bothOf(...sources).to(sink), folder.path), hasCode("TOPIC_RECREATED", /right/));
  sources[1].failOnDataLoss = false;
  await run(bothOf(...sources).to(sink), folder.path);
  deepEqual(ids(sink), [0, 1, 2, 3, 4, 4, 5, 5]);
});

Deno.test("an error of one source ends the query, and the reading of the others", async () => {
  await using folder = await tempFolder();
  const sources = [topicOf(0, 40, "left"), topicOf(40, 20, "right")] as const;
  let calls = 0;
  sources[1].onCall = () => {
    if (++calls === 8) throw new Error("broken line");
  };
  const sink = new MemorySink("a");
  await rejects(run(bothOf(...sources).to(sink), folder.path), /broken line/);
  equal(sink.openWriters, 0);
  await run(bothOf(...sources).to(sink), folder.path);
  deepEqual(ids(sink), upTo(60));
});

Deno.test("as Spark writes a source of which nothing is known yet", async () => {
  await using folder = await tempFolder();
  await folder.write("metadata", '{"id":"q"}');
  await folder.write("sources/0/0", '\0v1\n{"left":{"0":0,"1":0}}');
  await folder.write("offsets/0", 'v1\n{"batchWatermarkMs":7}\n{"left":{"0":2,"1":2}}\n-');
  await folder.write("commits/0", 'v1\n{"nextBatchWatermarkMs":9}');
  using checkpoint = await Checkpoint.open(folder.path);
  deepEqual(await checkpoint.recover(2), {
    committedBatchId: 0,
    lastWatermarkMs: 7,
    nextWatermarkMs: 9,
    positions: [{ left: { 0: 2n, 1: 2n } }, undefined],
    replay: undefined,
  });
});

Deno.test("a query ends when all its sources that have an end are there, under any trigger", async () => {
  await using folder = await tempFolder();
  const sources = [topicOf(0, 20, "left", 7), topicOf(20, 3, "right")] as const;
  for (const source of sources) source.isBounded = true;
  const sink = new MemorySink("a");
  await run(bothOf(...sources).to(sink), folder.path, { trigger: { processingTime: 0 } });
  deepEqual(ids(sink), upTo(23));
});

Deno.test("a query with one source that has no end goes on", async () => {
  await using folder = await tempFolder();
  const sources = [topicOf(0, 20, "left", 7), topicOf(20, 3, "right")] as const;
  sources[0].isBounded = true;
  const sink = new MemorySink("a");
  const { promise: isIdle, resolve } = Promise.withResolvers<void>();
  const query = await bothOf(...sources).to(sink).start({
    checkpointLocation: folder.path,
    listener: { onIdle: () => resolve() },
  });
  await isIdle;
  equal(query.status.step === "ended", false);
  await query.stop();
  deepEqual(ids(sink), upTo(23));
});

Deno.test("a source may plan the ends of its batches itself, but for once", async () => {
  for (const once of [false, true]) {
    await using folder = await tempFolder();
    const source = topicOf(0, 6, "t");
    source.planEnd = (start) => ({
      t: { 0: (start.t?.[0] ?? 0n) + 1n, 1: start.t?.[1] ?? 0n },
    });
    source.partitions[1] = [];
    const sink = new MemorySink("a");
    await run(pipeline("p").from(source).decode(json(Event)).to(sink), folder.path, {
      trigger: once ? { once: true } : { availableNow: true },
    });
    deepEqual(sink.batchSizes, once ? [3] : [1, 1, 1]);
  }
});

Deno.test("rows of a source that has them need no decoder, and become dead letters as others do", async () => {
  await using folder = await tempFolder();
  const sink = new MemorySink("a");
  const source = rowsFrom(new MemorySource(1, "rows"), upTo(20));
  await run(pipeline("rows").from(source).where("100 / (id - 3) < 1000").to(sink), folder.path);
  deepEqual(ids(sink), upTo(20).filter((id) => id !== 3));
  const [letter] = sink.deadLetters;
  deepEqual([letter!.offset, new TextDecoder().decode(letter!.value!)], [3n, '{"id":3}']);

  await run(
    pipeline("rows").from(rowsFrom(new MemorySource(1, "rows"), upTo(25))).to(sink),
    folder.path,
  );
  deepEqual(ids(sink), upTo(25).filter((id) => id !== 3));
});

/** A source of typed rows: those of a memory source with the same offsets, in blocks of seven. */
function rowsFrom(source: MemorySource, numbers: readonly number[]): RowSource<{ id: bigint }> {
  source.partitions[0] = numbers.map(String);
  const read = source.read.bind(source);
  return Object.assign(source, {
    schema: Event,
    read: (...range: Parameters<typeof read>) => {
      const reader = read(...range);
      return {
        endOffsets: () => reader.endOffsets(),
        async *[Symbol.asyncIterator]() {
          for await (const { topic, partition, baseOffset, count } of reader) {
            const rows = new Batch(Event);
            for (let i = 0; i < count; i++) {
              rows.append({ id: BigInt(numbers[Number(baseOffset) + i]!) });
            }
            yield rowBlock({ topic, partition, baseOffset }, rows as unknown as Batch);
          }
        },
      };
    },
  });
}
