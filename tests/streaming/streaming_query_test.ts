import { deepEqual, equal, match, ok, rejects } from "assert";
import { onFailpoint, schema as s, SluiceError } from "../../lib/core/mod.ts";
import { json } from "../../lib/formats/json/mod.ts";
import {
  failpointsOf,
  pipeline,
  progressJson,
  type StartOptions,
  type Trigger,
} from "../../lib/streaming/mod.ts";
import { away, MemorySink } from "../support/memory_sink.ts";
import { MemorySource } from "../support/memory_source.ts";
import { tempFolder } from "../support/temp_folder.ts";

const Event = s.struct({ id: s.long() });
function topicOf(records: number, partitions = 3): MemorySource {
  const source = new MemorySource(partitions);
  add(source, 0, records);
  return source;
}

function add(source: MemorySource, firstId: number, records: number): void {
  for (let id = firstId; id < firstId + records; id++) {
    source.partitions[id % source.partitions.length]!.push(`{"id":${id}}`);
  }
}

function ids(sink: MemorySink): number[] {
  return sink.rows.map((row) => Number(row.id)).sort((a, b) => a - b);
}

function upTo(end: number): number[] {
  return Array.from({ length: end }, (_, i) => i);
}

function start(
  source: MemorySource,
  sinks: MemorySink[],
  checkpointLocation: string,
  options: Partial<StartOptions> = {},
) {
  const trigger: Trigger = { availableNow: true };
  return pipeline("events").from(source).decode(json(Event)).to(...sinks)
    .start({ checkpointLocation, trigger, ...options });
}

async function run(...args: Parameters<typeof start>): Promise<void> {
  const query = await start(...args);
  await query.awaitTermination();
}

Deno.test("availableNow brings what is there to every sink, in batches, and ends", async () => {
  await using folder = await tempFolder();
  const source = topicOf(100);
  source.limits = { maxOffsetsPerTrigger: 30 };
  const sinks = [new MemorySink("a"), new MemorySink("b")];
  await run(source, sinks, folder.path);
  for (const sink of sinks) {
    deepEqual(ids(sink), upTo(100));
    equal(sink.openWriters, 0);
    ok(sink.batchSizes.length >= 4 && sink.batchSizes.every((size) => size <= 33));
  }
  deepEqual(source.published.at(-1), { t: { 0: 34n, 1: 33n, 2: 33n } });
});

Deno.test("a query goes on where it stopped, with new records and new partitions", async () => {
  await using folder = await tempFolder();
  const source = topicOf(20);
  const sink = new MemorySink("a");
  await run(source, [sink], folder.path);
  source.partitions.push([]);
  add(source, 20, 30);
  await run(source, [sink], folder.path);
  await run(source, [sink], folder.path);
  deepEqual(ids(sink), upTo(50));
  deepEqual(sink.batchSizes, [20, 30]);
});

Deno.test("once takes everything in a single batch, whatever the limits say", async () => {
  await using folder = await tempFolder();
  const source = topicOf(100);
  source.limits = { maxOffsetsPerTrigger: 10, maxBytesPerTrigger: 10 };
  const sink = new MemorySink("a");
  await run(source, [sink], folder.path, { trigger: { once: true } });
  deepEqual(sink.batchSizes, [100]);
});

Deno.test("processingTime streams until it is stopped", async () => {
  await using folder = await tempFolder();
  const source = topicOf(10);
  const sink = new MemorySink("a");
  const { promise: firstDone, resolve: onFirst } = Promise.withResolvers<void>();
  const { promise: allDone, resolve: onAll } = Promise.withResolvers<void>();
  const query = await start(source, [sink], folder.path, {
    trigger: { processingTime: 1 },
    listener: {
      onProgress: () => {
        onFirst();
        if (sink.rows.length === 25) onAll();
      },
    },
  });
  await firstDone;
  add(source, 10, 15);
  await allDone;
  await query.stop();
  deepEqual(ids(sink), upTo(25));
});

Deno.test("a byte bound ends a batch early, and its plan says where", async () => {
  await using folder = await tempFolder();
  const source = topicOf(100, 1);
  source.limits = { maxBytesPerTrigger: 100 };
  const sink = new MemorySink("a");
  await run(source, [sink], folder.path);
  deepEqual(ids(sink), upTo(100));
  equal(sink.batchSizes[0], 14);
  match(await folder.read("offsets/0"), /\n\{"t":\{"0":14\}\}$/);
});

Deno.test("a crash at any step of the protocol leaves each record once in every sink", async () => {
  for (const name of failpointsOf({ numSinks: 2 })) {
    for (const hit of [1, 2, 5]) {
      await using folder = await tempFolder();
      const source = topicOf(100);
      source.limits = { maxOffsetsPerTrigger: 20 };
      const sinks = [new MemorySink("a"), new MemorySink("b")];
      const crash = crashingAt(name, () => run(source, sinks, folder.path), hit);
      await rejects(crash, /crash at/);
      await run(source, sinks, folder.path);
      for (const sink of sinks) deepEqual(ids(sink), upTo(100), `${name}, hit ${hit}`);
    }
  }
});

Deno.test("a commit whose answer was lost is not made twice", async () => {
  await using folder = await tempFolder();
  const sinks = [new MemorySink("a"), new MemorySink("b")];
  let faults = 2;
  sinks[0]!.onCommit = () => faults-- > 0 ? "after" : undefined;
  sinks[1]!.onCommit = () => faults-- > -2 ? "before" : undefined;
  const notices: string[] = [];
  await run(topicOf(10), sinks, folder.path, {
    listener: { onNotice: (notice) => notices.push(notice) },
  });
  for (const sink of sinks) deepEqual(ids(sink), upTo(10));
  match(notices[0]!, /cannot bring batch 0 to the sinks yet: Cannot reach the service/);
});

Deno.test("a batch that somebody else wrote under this number ends the query", async () => {
  await using folder = await tempFolder();
  const sink = new MemorySink("a");
  sink.onStage = () => sink.held = 0;
  await rejects(run(topicOf(10), [sink], folder.path), (error) => hasCode(error, "FENCED"));
  deepEqual(await folder.list("commits"), []);
});

Deno.test("offsets for lag tools are published when there is time, the newest at the end", async () => {
  await using folder = await tempFolder();
  const source = topicOf(30, 1);
  source.limits = { maxOffsetsPerTrigger: 1 };
  const { promise: slow, resolve } = Promise.withResolvers<void>();
  const publish = source.publishProgress.bind(source);
  source.publishProgress = async (offsets) => {
    await publish(offsets);
    await slow;
  };
  const query = await start(source, [new MemorySink("a")], folder.path, {
    listener: { onProgress: ({ batchId }) => batchId === 29 && resolve() },
  });
  await query.awaitTermination();
  deepEqual(source.published, [{ t: { 0: 1n } }, { t: { 0: 30n } }]);
});

Deno.test("a service that stays away ends the query with its error, and nothing is lost", async () => {
  await using folder = await tempFolder();
  const sinks = [new MemorySink("a"), new MemorySink("b")];
  sinks[1]!.onStage = () => {
    throw away();
  };
  await rejects(run(topicOf(10), sinks, folder.path, { retryForMs: 300 }), /Cannot reach/);
  deepEqual(sinks.map((sink) => sink.openWriters), [0, 0]);
  sinks[1]!.onStage = () => {};
  await run(topicOf(10), sinks, folder.path);
  for (const sink of sinks) deepEqual(ids(sink), upTo(10));
});

Deno.test("a source that is away for a while is asked again", async () => {
  await using folder = await tempFolder();
  const source = topicOf(50);
  const sink = new MemorySink("a");
  let calls = 0;
  source.onCall = () => {
    if (++calls % 3 === 0 && calls < 12) throw away();
  };
  await run(source, [sink], folder.path);
  deepEqual(ids(sink), upTo(50));
});

Deno.test("stop() while a service is away ends the query; the next start finishes the batch", async () => {
  await using folder = await tempFolder();
  const sink = new MemorySink("a");
  const { promise: triedOnce, resolve } = Promise.withResolvers<void>();
  sink.onStage = () => {
    resolve();
    throw away();
  };
  const query = await start(topicOf(10), [sink], folder.path);
  await triedOnce;
  await query.stop();
  equal(sink.rows.length, 0);
  sink.onStage = () => {};
  await run(topicOf(10), [sink], folder.path);
  deepEqual(ids(sink), upTo(10));
});

Deno.test("a topic that was deleted and made anew stops the query", async () => {
  await using folder = await tempFolder();
  const sink = new MemorySink("a");
  await run(topicOf(10), [sink], folder.path);
  const anew = topicOf(40);
  anew.identity = "second";
  await rejects(run(anew, [sink], folder.path), (error) => hasCode(error, "TOPIC_RECREATED"));
  equal(sink.rows.length, 10);

  anew.failOnDataLoss = false;
  for (const name of ["reading", "planned", "sinks-committed"]) {
    await rejects(crashingAt(name, () => run(anew, [sink], folder.path)), /crash at/);
  }
  await run(anew, [sink], folder.path);
  equal(sink.rows.length, 50);
  deepEqual(ids(sink).slice(-30), upTo(40).slice(-30));
});

Deno.test("a topic that ends before the stored position stops the query", async () => {
  await using folder = await tempFolder();
  const sink = new MemorySink("a");
  await run(topicOf(10), [sink], folder.path);
  await rejects(
    run(topicOf(8), [sink], folder.path),
    (error) => hasCode(error, "DATA_LOSS") && /t-[02]: found the end at offset/.test(String(error)),
  );
});

Deno.test("a position inside an open transaction waits for its end, and nothing is read twice", async () => {
  await using folder = await tempFolder();
  const source = topicOf(12);
  const sink = new MemorySink("a");
  await run(source, [sink], folder.path);
  source.openRecords = 2;
  source.partitions[0]!.push('{"id":12}', '{"id":13}', '{"id":14}');
  await run(source, [sink], folder.path);
  source.openRecords = 0;
  await run(source, [sink], folder.path);
  deepEqual(ids(sink), upTo(15));
});

Deno.test("a topic that is made anew while it is read leaves no trace of the mixture", async () => {
  await using folder = await tempFolder();
  const source = topicOf(60, 1);
  const sink = new MemorySink("a");
  onFailpoint((name) => {
    if (name === "reading") source.identity = "second";
  });
  try {
    await rejects(
      run(source, [sink], folder.path),
      (error) => hasCode(error, "TOPIC_RECREATED"),
    );
  } finally {
    onFailpoint(undefined);
  }
  deepEqual([sink.rows.length, await folder.list("offsets")], [0, []]);
});

Deno.test("a topic full of tiny bad records is taken in batches that fit into memory", async () => {
  await using folder = await tempFolder();
  const source = new MemorySource(1);
  for (let i = 0; i < 2_000; i++) source.partitions[0]!.push("x");
  source.limits = { maxBytesPerTrigger: 60_000 };
  const sink = new MemorySink("a");
  await run(source, [sink], folder.path);
  equal(sink.deadLetters.length, 2_000);
  ok(sink.batchSizes.length >= 20, `only ${sink.batchSizes.length} batches`);
});

Deno.test("a sink that writes into the topic which the query reads is refused before anything is read", async () => {
  await using folder = await tempFolder();
  const source = topicOf(10);
  const sink = new MemorySink("kafka(t)");
  sink.topicId = source.identity;

  await rejects(run(source, [sink], folder.path), (error) => hasCode(error, "SINK_IS_SOURCE"));
  deepEqual(sink.batchSizes, []);

  sink.topicId = "of another topic";
  await run(source, [sink], folder.path);
  equal(sink.rows.length, 10);
});

Deno.test("a sink that lacks done batches, or has unplanned ones, is refused", async () => {
  await using folder = await tempFolder();
  const sink = new MemorySink("a");
  await run(topicOf(10), [sink], folder.path);
  await rejects(
    run(topicOf(10), [sink, new MemorySink("late")], folder.path),
    (error) => hasCode(error, "SINK_BEHIND") && /sink late/.test(String(error)),
  );
  sink.held = 5;
  await rejects(run(topicOf(10), [sink], folder.path), (error) => hasCode(error, "SINK_AHEAD"));
});

Deno.test("bad records become dead letters, in order, and take no good one along", async () => {
  await using folder = await tempFolder();
  const source = topicOf(30, 1);
  source.partitions[0]![3] = "no json";
  source.partitions[0]![16] = '{"id":"x"}';
  const sink = new MemorySink("a");
  sink.rejectRows = (batch, startRow) => {
    const rejected = [];
    for (let row = startRow; row < batch.numRows; row++) {
      if (batch.row(row).id === 17n) rejected.push({ index: row, error: "not 17" });
    }
    return rejected;
  };
  await run(source, [sink], folder.path);
  deepEqual(ids(sink), upTo(30).filter((id) => ![3, 16, 17].includes(id)));
  deepEqual(sink.deadLetters.map(({ offset, value }) => [offset, text(value)]), [
    [3n, "no json"],
    [16n, '{"id":"x"}'],
    [17n, '{"id":17}'],
  ]);
  equal(sink.deadLetters[2]!.error, "not 17");
});

Deno.test("a bad record stops a query in which no sink keeps dead letters", async () => {
  await using folder = await tempFolder();
  const source = topicOf(3, 1);
  source.partitions[0]!.push("no json");
  const sink = new MemorySink("a", false);
  await rejects(
    run(source, [sink], folder.path),
    (error) => hasCode(error, "BAD_RECORD") && String(error).includes("t-0@3"),
  );
  deepEqual(await folder.list("offsets"), []);
});

Deno.test("progress has Spark's fields and says what each batch did", async () => {
  await using folder = await tempFolder();
  const source = topicOf(9);
  const query = await start(source, [new MemorySink("a")], folder.path);
  await query.awaitTermination();
  const progress = JSON.parse(progressJson(query.lastProgress!));
  equal(progress.id, query.id);
  equal(progress.batchId, 0);
  equal(progress.numInputRows, 9);
  deepEqual(progress.sources[0].startOffset, { t: { 0: 0, 1: 0, 2: 0 } });
  deepEqual(progress.sources[0].endOffset, { t: { 0: 3, 1: 3, 2: 3 } });
  equal(progress.sources[0].metrics.maxOffsetsBehindLatest, "0");
  deepEqual(progress.sinks, [{ description: "a", numOutputRows: 9 }]);
  deepEqual(Object.keys(progress.durationMs).sort(), [
    "addBatch",
    "commitOffsets",
    "getBatch",
    "latestOffset",
    "triggerExecution",
    "walCommit",
  ]);
});

Deno.test("map makes rows of another shape; foreachBatch sees them typed", async () => {
  await using folder = await tempFolder();
  const Doubled = s.struct({ twice: s.long(), name: s.string().nullable() });
  const seen: bigint[] = [];
  const query = await pipeline("doubles").from(topicOf(5)).decode(json(Event))
    .map(Doubled, ({ id }) => ({ twice: id * 2n, name: null }))
    .foreachBatch((batch) => {
      for (const { twice } of batch.rows()) seen.push(twice);
    })
    .start({ checkpointLocation: folder.path, trigger: { availableNow: true } });
  await query.awaitTermination();
  deepEqual(seen.sort(), [0n, 2n, 4n, 6n, 8n]);
});

Deno.test("an option that nobody reads is refused", async () => {
  await using folder = await tempFolder();
  await rejects(
    start(topicOf(1), [new MemorySink("a")], folder.path, { chekpoint: "x" } as object),
    (error) => hasCode(error, "UNKNOWN_OPTION"),
  );
  await rejects(
    start(topicOf(1), [], folder.path),
    (error) => hasCode(error, "BAD_PIPELINE"),
  );
});

Deno.test("a value that an option cannot have is refused before anything is touched", async () => {
  for (
    const options of [
      { checkpointLocation: "" },
      { checkpointLocation: undefined },
      { trigger: {} },
      { trigger: { availableNow: false } },
      { trigger: { processingTime: "5s" } },
      { trigger: "once" },
      { retryForMs: -1 },
    ]
  ) {
    await rejects(
      start(topicOf(1), [new MemorySink("a")], "/nonexistent", options as never),
      (error) => hasCode(error, "BAD_OPTION"),
      JSON.stringify(options),
    );
  }
});

Deno.test("a checkpoint that is a file, or damaged, is refused with what to do", async () => {
  await using folder = await tempFolder();
  await folder.write("file", "text");
  await rejects(
    start(topicOf(1), [new MemorySink("a")], `${folder.path}/file`),
    (error) => hasCode(error, "BAD_CHECKPOINT"),
  );
  await run(topicOf(3), [new MemorySink("a")], `${folder.path}/checkpoint/`);
  await folder.write("checkpoint/sluice/topics.json", '{"identities":');
  const sink = new MemorySink("a");
  sink.held = 0;
  await rejects(
    run(topicOf(3), [sink], `${folder.path}/checkpoint`),
    (error) => hasCode(error, "BAD_CHECKPOINT") && String(error).includes("topics.json"),
  );
});

/** Runs a query that a failpoint ends, at its first or a later hit. */
async function crashingAt(name: string, work: () => Promise<void>, hit = 1): Promise<void> {
  let hits = 0;
  onFailpoint((reached) => {
    if (reached === name && ++hits === hit) throw new Error(`crash at ${name}`);
  });
  try {
    await work();
  } finally {
    onFailpoint(undefined);
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof SluiceError && error.code === code;
}

function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : new TextDecoder().decode(bytes);
}
