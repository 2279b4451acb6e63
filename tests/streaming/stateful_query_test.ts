import { deepEqual, equal, match, ok, rejects } from "assert";
import { failpointsOf } from "../../lib/streaming/mod.ts";
import { away, MemorySink } from "../support/memory_sink.ts";
import { MemorySource } from "../support/memory_source.ts";
import { Random } from "../support/random.ts";
import { tempFolder } from "../support/temp_folder.ts";
import type { BucketOptions } from "./toy_operators.ts";
import { buckets, counts, crashAt, hasCode, read, run } from "./toy_query.ts";

/** Sinks of a toy: for readings as they are, for buckets, and for late readings. */
class Sinks {
  readonly raw = new MemorySink("raw");
  readonly counted = new MemorySink("counted");
  readonly late = new MemorySink("late");

  query(source: MemorySource, options: BucketOptions = {}) {
    return buckets(source, options, [this.raw]).to(this.counted).lateTo(this.late);
  }

  /** All that is in them. */
  get contents(): unknown {
    return [this.raw.rows, this.counted.rows, this.late.rows];
  }
}

/** Readings out of order, some of them later than the watermark allows. */
function manyReadings(seed: number): MemorySource {
  const random = new Random(seed);
  const source = new MemorySource(2);
  source.limits = { maxOffsetsPerTrigger: 12 };
  for (let i = 0; i < 80; i++) {
    read(source, [Math.max(0, i * 2 - random.pick([0, 5, 20, 90]))], i % 2);
  }
  return source;
}

/** What comes of readings without a crash, by a second way: batch after batch, in plain numbers. */
function expected(seed: number): { counted: [number, number][]; late: number[] } {
  const { partitions } = manyReadings(seed);
  const times = partitions.map((records) => records.map((text) => Number(JSON.parse(text).at)));
  const open = new Map<number, number>();
  const counted: [number, number][] = [];
  const late: number[] = [];
  let [watermark, before] = [0, 0];
  const batch = (readings: number[]) => {
    for (const at of readings) {
      const bucket = at - at % 10;
      if (bucket + 10 <= before) late.push(at);
      else open.set(bucket, (open.get(bucket) ?? 0) + 1);
    }
    for (const bucket of [...open.keys()].sort((a, b) => a - b)) {
      if (bucket + 10 > watermark) continue;
      counted.push([bucket, open.get(bucket)!]);
      open.delete(bucket);
    }
    before = watermark;
    watermark = Math.max(watermark, ...readings.map((at) => at - 10));
  };
  // 12 records a batch, 6 of each of two partitions of the same length, and one batch without any.
  for (let i = 0; i < 40; i += 6) batch(times.flatMap((part) => part.slice(i, i + 6)));
  batch([]);
  return { counted, late };
}

const STEPS = failpointsOf({ numSinks: 3, hasState: true });

for (const seed of [1, 2]) {
  Deno.test(`a crash at any step changes neither what is counted nor what is late, seed ${seed}`, async () => {
    const { counted, late } = expected(seed);
    ok(late.length > 0 && counted.length > 5);
    for (const step of STEPS) {
      for (const hit of [1, 2, 4, 8]) {
        await using folder = await tempFolder();
        const source = manyReadings(seed);
        const sinks = new Sinks();
        const name = `${step}, hit ${hit}`;
        const hasCrashed = await crashAt(step, hit, () => run(sinks.query(source), folder.path));
        // There are eight batches; of these the last has nothing to decode.
        ok(hasCrashed || (step === "decoded" && hit === 8), name);
        await run(sinks.query(source), folder.path);
        deepEqual(counts(sinks.counted.rows), counted, name);
        deepEqual(sinks.late.rows.map(({ at }) => Number(at) / 1e6), late, name);
        equal(sinks.raw.rows.length, 80, name);
        deepEqual(sinks.raw.ends, sinks.counted.ends, name);
      }
    }
  });
}

Deno.test("crash after crash, each somewhere else, leaves what one run makes", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    await using folder = await tempFolder();
    const random = new Random(seed);
    const source = manyReadings(3);
    const sinks = new Sinks();
    let crashes = 0;
    while (
      await crashAt(
        random.pick(STEPS),
        random.integer(1, 3),
        () => run(sinks.query(source), folder.path),
      )
    ) {
      crashes++;
    }
    ok(crashes > 0);
    await run(sinks.query(source), folder.path);
    const { counted, late } = expected(3);
    deepEqual(counts(sinks.counted.rows), counted, `seed ${seed}`);
    deepEqual(sinks.late.rows.map(({ at }) => Number(at) / 1e6), late, `seed ${seed}`);
  }
});

Deno.test("a commit that is tried again does not run the operators again", async () => {
  await using folder = await tempFolder();
  const source = manyReadings(1);
  const sinks = new Sinks();
  const applied: number[] = [];
  let faults = 0;
  sinks.counted.onCommit = () =>
    ++faults % 2 === 1 ? (faults % 4 === 1 ? "before" : "after") : undefined;
  await run(sinks.query(source, { onApply: (batchId) => applied.push(batchId) }), folder.path);
  deepEqual(applied, [0, 1, 2, 3, 4, 5, 6, 7]);
  deepEqual(counts(sinks.counted.rows), expected(1).counted);
});

Deno.test("what an operator wrote before it failed is taken back", async () => {
  await using folder = await tempFolder();
  const source = manyReadings(1);
  const sinks = new Sinks();
  const failing = {
    outputWatermark: (micros: bigint) => micros,
    onWatermarks: (batchId: number) => {
      if (batchId === 3) throw new Error("out of order");
    },
  };
  await rejects(
    run(sinks.query(source, failing), folder.path),
    hasCode("OPERATOR_FAILED", /batch 3 at operator 0, bucketCounts: found out of order/),
  );
  deepEqual([sinks.raw.held, sinks.counted.held, sinks.late.held], [2, 2, 2]);
  await run(sinks.query(source), folder.path);
  deepEqual(counts(sinks.counted.rows), expected(1).counted);
});

Deno.test("a sink that fails after the operators ran leaves their state as it was", async () => {
  await using folder = await tempFolder();
  const source = manyReadings(1);
  const sinks = new Sinks();
  sinks.late.onStage = (batchId) => {
    if (batchId === 2) throw new Error("disk full");
  };
  await rejects(run(sinks.query(source), folder.path), /disk full/);
  sinks.late.onStage = () => {};
  await run(sinks.query(source), folder.path);
  deepEqual(counts(sinks.counted.rows), expected(1).counted);
});

Deno.test("state that is missing, older or newer than the checkpoint is refused", async () => {
  await using folder = await tempFolder();
  const source = new MemorySource(1);
  read(source, [1, 2, 3]);
  const sinks = new Sinks();
  const go = () => run(sinks.query(source), `${folder.path}/c`);
  const database = `${folder.path}/c/state/state.db`;
  await go();
  const old = await Deno.readFile(database);
  read(source, [4, 5]);
  await go();
  const latest = await Deno.readFile(database);

  await Deno.writeFile(database, old);
  await rejects(go(), hasCode("STATE_BEHIND", /batch 0.* wanted that as of batch 1/));
  await Deno.remove(database);
  await rejects(go(), hasCode("STATE_MISSING", /state\.db: found no such file/));
  await Deno.writeFile(database, latest);
  await Deno.remove(`${folder.path}/c/offsets/1`);
  await Deno.remove(`${folder.path}/c/commits/1`);
  for (const sink of [sinks.raw, sinks.counted, sinks.late]) sink.held = 0;
  await rejects(go(), hasCode("STATE_AHEAD", /batch 1, wanted at most batch 0/));
});

Deno.test("a query cannot get operators with state later, nor others than it had", async () => {
  await using folder = await tempFolder();
  const source = new MemorySource(1);
  read(source, [1]);
  const plain = new MemorySink("raw");
  await run(buckets(source, {}, [plain]).to(new MemorySink("counted")), `${folder.path}/a`);
  await rejects(
    run(
      buckets(source, { stateDescription: "counts of hours" }, [plain]).to(
        new MemorySink("counted"),
      ),
      `${folder.path}/a`,
    ),
    hasCode("STATE_MISMATCH", /counts of buckets of ten seconds/),
  );
});

Deno.test("a state that has a batch which only commits/ lacks is not run again", async () => {
  await using folder = await tempFolder();
  const source = manyReadings(1);
  const sinks = new Sinks();
  ok(await crashAt("state:committed", 3, () => run(sinks.query(source), folder.path)));
  const applied: number[] = [];
  const notices: string[] = [];
  await run(sinks.query(source, { onApply: (batchId) => applied.push(batchId) }), folder.path, {
    listener: { onNotice: (notice) => notices.push(notice) },
  });
  equal(applied[0], 3);
  match(notices[0]!, /batch 2 was in the sinks and in the state: noted as done/);
});

Deno.test("progress has Spark's fields for each operator with state", async () => {
  await using folder = await tempFolder();
  const source = new MemorySource(1);
  source.limits = { maxOffsetsPerTrigger: 3 };
  // 100 makes 90; 5 is late in the third batch; 60 to 80 are counted by then.
  read(source, [60, 72, 100, 101, 102, 103, 5, 6, 104]);
  const sinks = new Sinks();
  const query = await run(sinks.query(source), folder.path);
  const operators = query.recentProgress.map(({ stateOperators }) => stateOperators[0]!);
  deepEqual(
    operators.map((each) => [
      each.numRowsTotal,
      each.numRowsUpdated,
      each.numRowsRemoved,
      each.numRowsDroppedByWatermark,
    ]),
    [[3, 3, 0, 0], [1, 3, 2, 0], [1, 1, 0, 2], [1, 0, 0, 0]].slice(0, operators.length),
  );
  const [{ operatorName, memoryUsedBytes, commitTimeMs, allUpdatesTimeMs }] = operators as [
    typeof operators[0],
  ];
  equal(operatorName, "bucketCounts");
  ok(memoryUsedBytes > 0 && commitTimeMs >= 0 && allUpdatesTimeMs >= 0);
  deepEqual(query.recentProgress[2]!.sinks, [
    { description: "raw", numOutputRows: 3 },
    { description: "counted", numOutputRows: 0 },
    { description: "late", numOutputRows: 2 },
  ]);
});

Deno.test("a service that is away while a stateful batch is in hand changes nothing", async () => {
  await using folder = await tempFolder();
  const source = manyReadings(2);
  const sinks = new Sinks();
  let calls = 0;
  sinks.raw.onStage = () => {
    if (++calls % 3 === 1) throw away();
  };
  await run(sinks.query(source), folder.path);
  deepEqual(counts(sinks.counted.rows), expected(2).counted);
});
