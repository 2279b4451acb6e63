import { deepEqual, equal, match, ok, rejects } from "assert";
import { onFailpoint, schema as s } from "../../lib/core/mod.ts";
import { json } from "../../lib/formats/json/mod.ts";
import {
  pipeline,
  type QueryListener,
  type StartOptions,
  type StreamingQueryStatus,
} from "../../lib/streaming/mod.ts";
import { away, MemorySink } from "../support/memory_sink.ts";
import { MemorySource } from "../support/memory_source.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { buckets, read } from "./toy_query.ts";

function topicOf(records: number): MemorySource {
  const source = new MemorySource(1);
  for (let id = 0; id < records; id++) source.partitions[0]!.push(`{"id":${id}}`);
  return source;
}

function start(
  source: MemorySource,
  sink: MemorySink,
  checkpointLocation: string,
  options: Partial<StartOptions>,
) {
  return pipeline("events").from(source).decode(json(s.struct({ id: s.long() }))).to(sink)
    .start({ checkpointLocation, trigger: { availableNow: true }, ...options });
}

/** Writes down what it is told. */
function recorder(): { events: string[]; listener: QueryListener } {
  const events: string[] = [];
  return {
    events,
    listener: {
      onStarted: ({ name }) => events.push(`${name} started`),
      onProgress: ({ batchId }) => events.push(`batch ${batchId}`),
      onIdle: ({ name }) => events.push(`${name} idle`),
      onTerminated: ({ error }) => events.push(`ended: ${error}`),
      onNotice: (message, { name }) => events.push(`${name}: ${message}`),
    },
  };
}

Deno.test("all listeners are told of the start, of batches, and of the end behind everything else", async () => {
  await using folder = await tempFolder();
  const [first, second] = [recorder(), recorder()];
  const sink = new MemorySink("a");
  let openAtEnd: number | undefined;
  const last: QueryListener = { onTerminated: () => openAtEnd = sink.openWriters };
  const listener = [first.listener, second.listener, last];
  const query = await start(topicOf(3), sink, folder.path, { listener });
  await query.awaitTermination();
  deepEqual(first.events, ["events started", "batch 0", "ended: undefined"]);
  deepEqual(second.events, first.events);
  equal(openAtEnd, 0);
  equal(query.exception, undefined);
});

Deno.test("an error is told to listeners, to whoever awaits the end, and kept", async () => {
  await using folder = await tempFolder();
  const { events, listener } = recorder();
  const sink = new MemorySink("a");
  sink.onStage = () => {
    throw new Error("no room");
  };
  const query = await start(topicOf(3), sink, folder.path, { listener });
  await rejects(query.awaitTermination(), /no room/);
  deepEqual(events, ["events started", "ended: Error: no room"]);
  match(String(query.exception), /no room/);
  equal(query.status.message, "Terminated with exception: no room");
});

Deno.test("a listener that throws harms nothing, and the others hear of it", async () => {
  await using folder = await tempFolder();
  const { events, listener } = recorder();
  const throwing: QueryListener = {
    onProgress: () => {
      throw new Error("full");
    },
    onNotice: () => {
      throw new Error("full again");
    },
  };
  const sink = new MemorySink("a");
  const query = await start(topicOf(3), sink, folder.path, { listener: [throwing, listener] });
  await query.awaitTermination();
  equal(sink.rows.length, 3);
  deepEqual(events, [
    "events started",
    "events: a listener failed: full",
    "batch 0",
    "ended: undefined",
  ]);
});

Deno.test("a listener that is async and rejects ends nothing, and the others hear of it", async () => {
  await using folder = await tempFolder();
  const { events, listener } = recorder();
  const rejecting: QueryListener = {
    onProgress: async () => {
      await Promise.resolve();
      throw new Error("full");
    },
    onNotice: () => Promise.reject(new Error("full again")),
  };
  const sink = new MemorySink("a");
  const query = await start(topicOf(3), sink, folder.path, { listener: [rejecting, listener] });
  await query.awaitTermination();
  await query.stop();
  equal(sink.rows.length, 3);
  ok(events.includes("events: a listener failed: full"), events.join("; "));
});

Deno.test("a query that has nothing to do says so at once, and then now and then", async () => {
  await using folder = await tempFolder();
  const { promise: idleThrice, resolve } = Promise.withResolvers<void>();
  const idleMs: number[] = [];
  let nowMs = 1_000_000;
  const clock = {
    nowMs: () => nowMs,
    sleep: (ms: number) => {
      nowMs += ms;
      return new Promise<void>((resolve) => setTimeout(resolve, 0));
    },
  };
  const query = await start(topicOf(1), new MemorySink("a"), folder.path, {
    trigger: { processingTime: 0 },
    clock,
    listener: { onIdle: () => idleMs.push(nowMs) === 3 && resolve() },
  });
  await idleThrice;
  await query.stop();
  deepEqual(idleMs.slice(0, 3), [1_000_000, 1_010_000, 1_020_000]);
});

Deno.test("status says in Spark's words what a query is at, and since when", async () => {
  await using folder = await tempFolder();
  const source = new MemorySource(1);
  read(source, [5, 100]);
  const seen = new Map<string, StreamingQueryStatus>();
  const query = await buckets(source).to(new MemorySink("a")).start({
    checkpointLocation: folder.path,
    trigger: { processingTime: 1 },
    listener: { onIdle: () => resolve() },
  });
  const { promise: isIdle, resolve } = Promise.withResolvers<void>();
  onFailpoint((name) => {
    seen.set(`${name} ${query.status.batch?.batchId ?? "-"}`, query.status);
  });
  try {
    await isIdle;
  } finally {
    onFailpoint(undefined);
  }
  const at = (name: string) => {
    const { message, step, isDataAvailable, isTriggerActive } = seen.get(name)!;
    return [message, step, isDataAvailable, isTriggerActive];
  };
  deepEqual(at("operators-run 0"), ["Processing new data", "operators", true, true]);
  deepEqual(at("committing:0 0"), ["Processing new data", "sinks", true, true]);
  deepEqual(at("state:committing 1"), ["No new data but cleaning up state", "state", false, true]);
  deepEqual(at("done 1"), ["No new data but cleaning up state", "committing", false, true]);
  deepEqual(
    seen.get("sinks-committed 0")!.batch!.ranges,
    [{ startOffsets: { t: { 0: 0n } }, endOffsets: { t: { 0: 2n } } }],
  );
  ok(seen.get("done 1")!.stepSinceMs >= seen.get("operators-run 0")!.stepSinceMs);
  equal(query.status.batch, undefined);
  await query.stop();
  const { message, step, isTriggerActive } = query.status;
  deepEqual([message, step, isTriggerActive], ["Stopped", "ended", false]);
});

Deno.test("a service that is away is a notice, with the query that it is about", async () => {
  await using folder = await tempFolder();
  const { events, listener } = recorder();
  const sink = new MemorySink("a");
  let calls = 0;
  sink.onStage = () => {
    if (++calls === 1) throw away();
  };
  const query = await start(topicOf(1), sink, folder.path, { listener });
  await query.awaitTermination();
  match(
    events[1]!,
    /^events: cannot bring batch 0 to the sinks yet: Cannot reach the service\. Trying/,
  );
});
