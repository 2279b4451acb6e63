/**
 * The whole engine in a simulated world, from a seed. What the engine asks of the machine and of
 * services is answered by parts that live in virtual time, and go wrong as real ones do:
 *
 *     virtual_time, world, trace    time that jumps, chance, and a record of all that happens
 *     process, service              a process asks, a service answers, late, never, or to a dead one
 *     broker                        topics: gaps, open transactions, reads in any order, cut short
 *     disk, state_connection        checkpoint files that may be lost unless flushed; state in SQLite
 *     sink_store, sink_table        sinks with keys and fences, which look closely at what they get
 *     changing_table                a table that streams are joined with
 *     scenarios/                    kinds of queries, and what must come of each by a batch over all input
 *     run, simulate                 runs of a query that are killed, paused, replaced, and at last let be
 *     history                       what the plans say, and watermarks and dead letters without the engine
 *     mutations                     mistakes of these parts, which must be found out
 *
 * @module
 */
import { Broker } from "./broker.ts";
import { ChangingTable } from "./changing_table.ts";
import { Disk } from "./disk.ts";
import { type Event, eventJson, type FeedRecord } from "./events.ts";
import { type History, readHistory } from "./history.ts";
import type { Mutation } from "./mutations.ts";
import { rowText } from "./row_text.ts";
import type { Doom } from "./process.ts";
import { Run, type RunOptions } from "./run.ts";
import { SCENARIO_KINDS } from "./scenarios/mod.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { SinkStore } from "./sink_store.ts";
import { CALM, World, WORLD_BEGINS_MS } from "./world.ts";

/** What to simulate. */
export interface SimulationOptions {
  readonly seed: number;
  /** A mistake in a part of the simulated world. */
  readonly mutation?: Mutation;
  /** Keeps every line of the trace, and not only the story. */
  readonly keepsLines?: boolean;
}

/** How it went. */
export interface SimulationResult {
  readonly scenario: string;
  /** What went wrong; empty if nothing did. */
  readonly failures: readonly string[];
  readonly traceHash: string;
  readonly story: readonly string[];
  readonly lines: readonly string[];
  readonly runs: number;
  readonly kills: number;
}

const MAX_RUNS = 7;
const MAX_RUN_MS = 40_000;
/** Where killing a process is most telling; the empty one is all of them. */
const DEADLY_STEPS = [
  "",
  "commit of",
  "commit of",
  "staging of",
  "commit of the state",
  "put /checkpoint/offsets",
  "flush /checkpoint/offsets",
  "put /checkpoint/commits",
  "flush /checkpoint/commits",
  "records of",
];
/** No world takes that long: if one does, its query hangs or turns in circles. */
const MAX_EVENTS = 100_000;
/** In this time whatever is on its way arrives. */
const SETTLE_MS = 30_000;
const MANY_RECORDS = 200;
const FLUSH_ID = 1_000_000_000n;
const FLUSH_KEY = "flush";

/** Runs a whole world from a seed: the same seed, the same world, to the last line of its trace. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const simulation = new Simulation(options);
  const { world, scenario, failures, runs } = simulation;
  try {
    await simulation.live();
    for (const failure of failures) world.trace.tell("judge", failure);
    return {
      scenario: scenario.name,
      failures,
      traceHash: world.trace.hash,
      story: [...world.trace.story],
      lines: [...world.trace.lines],
      runs: runs.length,
      kills: runs.filter((run) => !run.process.isAlive).length,
    };
  } finally {
    simulation.disk.close();
  }
}

class Simulation {
  readonly world: World;
  readonly scenario: Scenario;
  readonly broker: Broker;
  readonly disk: Disk;
  readonly stores: readonly SinkStore[];
  readonly table: ChangingTable;
  readonly runs: Run[] = [];
  readonly failures: string[] = [];

  constructor({ seed, mutation, keepsLines = false }: SimulationOptions) {
    this.world = new World(seed, keepsLines);
    const { random, trace } = this.world;
    this.scenario = random.pick(SCENARIO_KINDS)(random);
    trace.tell("seed", `${seed}: ${this.scenario.name}`);
    this.broker = new Broker(this.world, mutation);
    this.disk = new Disk(this.world, mutation);
    this.stores = this.scenario.sinks.map((sink) =>
      new SinkStore(this.world, sink.name, {
        ...sink,
        fencing: random.pick(["epochs", "keys"]),
        mutation,
      })
    );
    this.table = new ChangingTable(this.world);
    this.world.weather = {
      outages: random.pick([0, 0.002, 0.01]),
      lostAnswers: random.pick([0, 0.005, 0.03]),
      slowCalls: random.pick([0, 0.01, 0.05]),
    };
  }

  /** From the first record to the verdict. */
  async live(): Promise<void> {
    this.#feed();
    const runs = this.world.random.integer(1, MAX_RUNS);
    for (let i = 0; i < runs && this.failures.length === 0; i++) await this.#faultyRun();
    if (this.failures.length === 0) await this.#finish();
    for (const store of this.stores) this.failures.push(...store.violations);
  }

  #feed(): void {
    const { random, time } = this.world;
    const usesTransactions = random.next() < 0.3;
    for (const { name, partitions, feed } of this.scenario.topics) {
      // The last partition may be added later, with what was to come there before.
      const addedMs = partitions > 1 && random.next() < 0.3 ? random.integer(1, 30_000) : 0;
      this.broker.createTopic(name, addedMs > 0 ? partitions - 1 : partitions);
      if (addedMs > 0) time.after(addedMs, () => this.broker.addPartition(name));
      for (const together of bursts(feed)) {
        const { atMs, partition } = together[0]!;
        const isThereMs = partition === partitions - 1 ? Math.max(atMs, addedMs) : atMs;
        const openForMs = usesTransactions ? random.integer(0, 2_000) : 0;
        time.after(isThereMs, () => this.broker.append(name, partition, together, openForMs));
      }
    }
  }

  /** One run among faults, which ends in one way or another, or goes on beside the next. */
  async #faultyRun(): Promise<void> {
    const { random, time } = this.world;
    const run = this.#start(this.#randomOptions());
    const untilMs = time.nowMs + random.integer(0, MAX_RUN_MS);
    if (random.next() < 0.15) {
      time.after(random.integer(0, MAX_RUN_MS), () => {
        if (run.isRunning) run.process.pause(random.integer(100, MAX_RUN_MS));
      });
    }
    if (this.scenario.usesTable) {
      this.table.change();
      time.after(random.integer(0, MAX_RUN_MS), () => {
        this.table.change();
        run.refresh(this.table.name);
      });
    }
    await this.#wait(() => !run.isRunning || time.nowMs >= untilMs);
    if (run.isRunning) {
      await random.pick([
        () => this.#kill(run),
        () => this.#stop(run),
        () => this.#goOnBeside(run),
        () => this.#goOnBeside(run),
      ])();
    } else if (!run.process.isAlive && random.next() < 0.3) this.#powerCut();
    this.#judge(run);
    await this.#pass(random.integer(0, random.pick([10, 10_000])));
  }

  #randomOptions(): RunOptions {
    const { random } = this.world;
    const maxOffsetsPerTrigger = random.pick([undefined, random.integer(1, 30)]);
    const maxBytesPerTrigger = random.pick([undefined, undefined, random.integer(100, 3_000)]);
    return {
      trigger: random.pick([
        { availableNow: true },
        { once: true },
        { processingTime: 0 },
        { processingTime: random.integer(1, 3_000) },
      ]),
      retryForMs: random.pick([0, 3_000, 120_000]),
      ...(maxOffsetsPerTrigger === undefined ? {} : { maxOffsetsPerTrigger }),
      ...(maxBytesPerTrigger === undefined ? {} : { maxBytesPerTrigger }),
      doom: random.next() < 0.7 ? this.#randomDoom() : undefined,
    };
  }

  #randomDoom(): Doom {
    const { random } = this.world;
    const step = random.pick(DEADLY_STEPS);
    // Of all steps as often an early one as a late one, though most are late.
    return {
      step,
      hits: step === "" ? Math.ceil(Math.exp(random.next() * 6)) : random.integer(1, 8),
    };
  }

  #start(options: RunOptions): Run {
    const run = new Run(this, `run ${this.runs.length}`, options);
    for (const other of this.runs) {
      if (other.isRunning) other.hadRival = run.hadRival = this.world.hadRivals = true;
      else if (this.world.time.nowMs - other.process.diedAtMs < SETTLE_MS) run.hadGhost = true;
    }
    this.runs.push(run);
    return run;
  }

  #kill(run: Run): void {
    run.process.kill("from outside");
    if (this.world.random.next() < 0.5) this.#powerCut();
  }

  #powerCut(): void {
    // Another machine may still be at work on the disk.
    if (this.runs.some((run) => run.isRunning)) return;
    this.world.trace.tell("world", "the power is cut");
    this.disk.powerCut();
  }

  async #stop(run: Run): Promise<void> {
    run.stop();
    await this.#wait(() => !run.isRunning);
  }

  /** A zombie: it goes on, and the next run starts, with or without the lock. */
  #goOnBeside(run: Run): void {
    const { random, trace } = this.world;
    if (random.next() < 0.3) return trace.tell(run.process.name, "goes on, and holds its lock");
    this.disk.loseLock();
    trace.tell(run.process.name, "goes on, but has lost its lock");
    // The classic: it wakes up when another has long been at work.
    if (random.next() < 0.7) run.process.pause(random.integer(10, MAX_RUN_MS));
  }

  /** No more faults: the query must come to its end, and everything must be where it belongs. */
  async #finish(): Promise<void> {
    const { world } = this;
    world.weather = CALM;
    for (const run of this.runs) {
      if (run.isRunning) this.#kill(run);
      this.#judge(run);
    }
    this.broker.service.heal();
    this.table.service.heal();
    for (const store of this.stores) store.service.heal();
    this.disk.heal();
    const endMs = Math.max(
      ...this.scenario.topics.flatMap(({ feed }) => feed.map(({ atMs }) => atMs)),
    );
    await this.#pass(Math.max(0, WORLD_BEGINS_MS + endMs - world.time.nowMs) + SETTLE_MS);
    await this.#calmRun("comes to the end of the topics");
    this.#flush();
    await this.#calmRun("closes what is still open");
    const held = this.stores.map((store) => store.held);
    await this.#calmRun("has nothing to do");
    if (!this.scenario.isTimed && this.stores.some((store, i) => store.held !== held[i])) {
      this.failures.push("a run with nothing to do made a batch");
    }
    if (this.failures.length === 0) this.#compare();
  }

  async #calmRun(why: string): Promise<void> {
    if (this.failures.length > 0) return;
    this.world.trace.tell("world", `no more faults; the next run ${why}`);
    const run = this.#start({
      trigger: { availableNow: true },
      retryForMs: 0,
      // Many records in batches so small that a checkpoint forgets the oldest of them.
      maxOffsetsPerTrigger: this.#numRecords() > MANY_RECORDS ? 2 : 25,
    });
    await this.#wait(() => !run.isRunning);
    this.#judge(run);
  }

  #numRecords(): number {
    return this.scenario.topics.reduce((sum, { feed }) => sum + feed.length, 0);
  }

  /** One event a topic, of a time so late that all windows close. */
  #flush(): void {
    for (const { name, watermarkDelayMs } of this.scenario.topics) {
      if (watermarkDelayMs === undefined) continue;
      const ts = BigInt(this.world.time.nowMs + 86_400_000) * 1000n;
      const event: Event = { id: FLUSH_ID, key: FLUSH_KEY, ts, amount: 0n };
      this.broker.append(name, 0, [{ value: eventJson(event), event }]);
    }
  }

  #compare(): void {
    const { batches, deadLetters, mistakes } = readHistory(this.scenario, this.disk, this.broker);
    this.failures.push(...mistakes);
    for (const run of this.runs) this.#compareProgress(run, batches);
    const expected = this.scenario.expected(batches);
    for (const [i, store] of this.stores.entries()) {
      const { name, takesDeadLetters } = this.scenario.sinks[i]!;
      const rows = expected[name]?.map(rowText);
      if (rows !== undefined) {
        this.failures.push(...differences(name, store.table.rows(), rows));
      }
      const letters = takesDeadLetters ? deadLetters : [];
      const what = `the dead letters of ${name}`;
      this.failures.push(...differences(what, store.table.deadLetters(), letters));
      if (store.held !== batches.length - 1) {
        this.failures.push(`${name} has batch ${store.held} of ${batches.length}`);
      }
    }
  }

  /** What a run told of its batches must be what the plans and the topics say. */
  #compareProgress(run: Run, batches: History["batches"]): void {
    for (const [i, { batchId, numInputRows, eventTime }] of run.progress.entries()) {
      const batch = batches[batchId];
      const watermark = eventTime.watermark === undefined ? 0 : Date.parse(eventTime.watermark);
      if (
        batchId === run.progress[0]!.batchId + i && numInputRows === batch?.numRecords &&
        BigInt(watermark) * 1000n === batch.watermarkMicros
      ) continue;
      this.failures.push(`${run.process.name} told wrongly of batch ${batchId}`);
    }
  }

  #judge(run: Run): void {
    const failure = run.unexpectedEnding();
    if (failure !== undefined) this.failures.push(failure);
  }

  async #wait(isOver: () => boolean): Promise<void> {
    if (await this.world.time.passUntil(isOver, MAX_EVENTS)) return;
    this.failures.push(
      "the query hangs: nothing is left that could happen, or it turns in circles",
    );
  }

  /** Lets time pass, whatever happens. */
  async #pass(forMs: number): Promise<void> {
    let isOver = false;
    this.world.time.after(forMs, () => isOver = true);
    await this.#wait(() => isOver);
  }
}

/** Records that come at the same moment to the same partition. */
function bursts(feed: readonly FeedRecord[]): FeedRecord[][] {
  return [...Map.groupBy(feed, ({ atMs, partition }) => `${atMs} ${partition}`).values()];
}

/** What is missing and what is too much, at most a few of each. */
function differences(where: string, found: readonly string[], wanted: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const text of wanted) left.set(text, (left.get(text) ?? 0) + 1);
  for (const text of found) left.set(text, (left.get(text) ?? 0) - 1);
  const missing = [...left].filter(([, count]) => count > 0).map(([text]) => text);
  const extra = [...left].filter(([, count]) => count < 0).map(([text]) => text);
  return [
    ...missing.slice(0, 3).map((text) => `missing in ${where}: ${text}`),
    ...extra.slice(0, 3).map((text) => `too much in ${where}: ${text}`),
  ];
}
