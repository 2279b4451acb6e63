import { deepEqual, equal, match, ok, throws } from "assert";
import { type Clock, schema as s, type Sink } from "../../lib/core/mod.ts";
import { json } from "../../lib/formats/json/mod.ts";
import { type Stall, stallWatchdog } from "../../lib/observe/mod.ts";
import { pipeline, type StreamingQuery } from "../../lib/streaming/mod.ts";
import { MemorySink } from "../support/memory_sink.ts";
import { MemorySource } from "../support/memory_source.ts";
import { checkout } from "../support/paths.ts";
import { tempFolder } from "../support/temp_folder.ts";

const MINUTE_MS = 60_000;

/** Time that passes when a test says so. */
class TestClock implements Clock {
  #nowMs = Date.UTC(2026, 0, 1);
  readonly #sleepers = new Set<{ readonly untilMs: number; readonly wake: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#sleepers.delete(sleeper);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper = { untilMs: this.#nowMs + ms, wake };
      this.#sleepers.add(sleeper);
      signal.addEventListener("abort", wake);
    });
  }

  /** Lets time pass in small steps, in which everyone who is woken gets on. */
  async pass(ms: number): Promise<void> {
    for (const endMs = this.#nowMs + ms; this.#nowMs < endMs;) {
      this.#nowMs += 5_000;
      for (const { untilMs, wake } of [...this.#sleepers]) if (untilMs <= this.#nowMs) wake();
      await aMoment();
    }
  }
}

function aMoment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** A sink that takes batches only while it is open. */
function gatedSink(): { sink: Sink; shut(): void; open(): void } {
  const memory = new MemorySink("gated");
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  return {
    sink: {
      name: memory.name,
      takesDeadLetters: true,
      open: async (context) => {
        const writer = await memory.open(context);
        return {
          ...writer,
          stage: async (batch) => {
            await gate.promise;
            return await writer.stage(batch);
          },
        };
      },
    },
    shut: () => gate = Promise.withResolvers(),
    open: () => gate.resolve(),
  };
}

async function until(isReached: () => boolean): Promise<void> {
  while (!isReached()) await aMoment();
}

interface Watched extends AsyncDisposable {
  readonly query: StreamingQuery;
  readonly source: MemorySource;
  readonly gate: ReturnType<typeof gatedSink>;
  readonly clock: TestClock;
  readonly stalls: Stall[];
  readonly over: Stall[];
}

async function watchedQuery(): Promise<Watched> {
  const folder = await tempFolder();
  const clock = new TestClock();
  const source = new MemorySource(1);
  source.partitions[0]!.push('{"id":0}');
  const gate = gatedSink();
  const stalls: Stall[] = [];
  const over: Stall[] = [];
  const query = await pipeline("numbers").from(source).decode(json(s.struct({ id: s.long() })))
    .to(gate.sink)
    .start({ checkpointLocation: folder.path, clock });
  const watchdog = stallWatchdog({
    stallAfter: "2 minutes",
    onStall: (stall) => stalls.push(stall),
    onStallOver: (stall) => over.push(stall),
    clock,
  });
  watchdog.watch(query);
  await until(() => query.lastProgress?.batchId === 0);
  return {
    query,
    source,
    gate,
    clock,
    stalls,
    over,
    async [Symbol.asyncDispose]() {
      gate.open();
      watchdog[Symbol.dispose]();
      await query.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a query that waits for records is no stall, however long it waits", async () => {
  await using watched = await watchedQuery();
  await watched.clock.pass(30 * MINUTE_MS);
  deepEqual(watched.stalls, []);
});

Deno.test("a sink that hangs is told once, with the batch in hand, and once more when it goes on", async () => {
  await using watched = await watchedQuery();
  const { query, source, gate, clock, stalls, over } = watched;
  gate.shut();
  source.partitions[0]!.push('{"id":1}', '{"id":2}');
  await clock.pass(5_000);
  await until(() => query.status.step === "sinks");
  const sinceMs = clock.nowMs();
  await clock.pass(MINUTE_MS);
  deepEqual(stalls, []);
  await clock.pass(9 * MINUTE_MS);
  equal(stalls.length, 1);
  const [stall] = stalls;
  deepEqual(
    [stall!.queryName, stall!.queryId, stall!.step, stall!.batchId],
    ["numbers", query.id, "sinks", 1],
  );
  equal(stall!.sinceMs, sinceMs);
  match(
    stall!.message,
    /^query "numbers" is at "sinks" since 2026-01-01T00:.*, for 1[23]\d s, batch 1 in hand, of \{"t":\{"0":1\}\} to \{"t":\{"0":3\}\}: do the sinks answer/,
  );
  deepEqual(over, []);
  gate.open();
  await until(() => query.lastProgress?.batchId === 1);
  await clock.pass(MINUTE_MS);
  deepEqual(over.map(({ step, batchId }) => [step, batchId]), [["sinks", 1]]);
  const { forMs } = over[0]!;
  ok(forMs >= 10 * MINUTE_MS && forMs <= 11 * MINUTE_MS, `${forMs} ms`);

  // Another stall is told of again.
  gate.shut();
  source.partitions[0]!.push('{"id":3}');
  await clock.pass(3 * MINUTE_MS);
  deepEqual(stalls.map(({ batchId }) => batchId), [1, 2]);
});

Deno.test("a stall is over when the query ends", async () => {
  await using watched = await watchedQuery();
  const { query, source, gate, clock, stalls, over } = watched;
  gate.shut();
  source.partitions[0]!.push('{"id":1}');
  await clock.pass(3 * MINUTE_MS);
  equal(stalls.length, 1);
  gate.open();
  await query.stop();
  await until(() => over.length === 1);
  equal(query.status.step, "ended");
});

Deno.test("the watchdog refuses what is no length of time", () => {
  const onStall = () => {};
  throws(() => stallWatchdog({ stallAfter: "soon", onStall }), { code: "BAD_OPTION" });
  throws(() => stallWatchdog({ stallAfter: "0 s", onStall }), { code: "BAD_OPTION" });
  throws(
    () => stallWatchdog({ stallAfter: "1 s", onStall, every: 1 } as never),
    { code: "UNKNOWN_OPTION" },
  );
});

Deno.test("a watchdog does not keep its process alive", async () => {
  const script = `
    import { stallWatchdog } from "./lib/observe/mod.ts";
    const status = { step: "waiting", stepSinceMs: 0, isTriggerActive: false, isDataAvailable: false };
    const awaitTermination = () => new Promise(() => {});
    stallWatchdog({ stallAfter: "1 hour", onStall() {} }).watch({ status, awaitTermination });
  `;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", script],
    cwd: checkout,
    signal: AbortSignal.timeout(30_000),
  }).output();
  equal(success, true, new TextDecoder().decode(stderr));
});
