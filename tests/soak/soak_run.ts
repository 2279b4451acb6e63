import { createProducer, createTopicIfAbsent } from "../../lib/kafka/mod.ts";
import { type OwnStack, ownStack } from "../support/own_stack.ts";
import type { Random } from "../support/random.ts";
import { Child, type ChildEnding } from "./child.ts";
import type { PipelineJob, PipelineLine } from "./pipeline_child.ts";
import type { ProducerJob } from "./producer_child.ts";
import { ProducerLogWriter, readProducerLog } from "./producer_log.ts";
import { flushRecord } from "./soak_event.ts";
import { type SoakPlace, TOPICS } from "./soak_query.ts";

/** What a soak runs on. */
export interface SoakRunOptions {
  readonly folder: string;
  readonly random: Random;
  readonly seed: number;
  readonly eventsPerSecond: number;
  /** Aborted when the soak is to end before its time. */
  readonly signal: AbortSignal;
}

/** So long a batch may be in coming, and a process in ending, in milliseconds. */
const PROGRESS_TIMEOUT_MS = 240_000;
const KEPT_NOTICES = 50;

/** Producer and pipeline at work on services of their own. */
export class SoakRun implements AsyncDisposable {
  readonly stack: OwnStack;
  readonly random: Random;
  readonly place: SoakPlace;
  readonly producerLogPath: string;
  /** Batches that were told of, over all runs. */
  batches = 0;
  /** The newest memory of a pipeline, and the most, in bytes. */
  rss = 0;
  maxRss = 0;
  /** What the pipelines said last. */
  readonly notices: string[] = [];
  readonly #options: SoakRunOptions;
  readonly #children = new Set<Child>();
  /** Processes that may end. */
  readonly #doomed = new Set<Child>();
  readonly #failed = Promise.withResolvers<never>();
  #pipeline: Child | undefined;
  #producer: Child | undefined;
  #checkpointNumber = 0;
  #changed = Promise.withResolvers<void>();

  private constructor(stack: OwnStack, options: SoakRunOptions) {
    const { folder, random, signal } = options;
    this.stack = stack;
    this.random = random;
    this.place = {
      brokers: stack.brokers,
      databaseUrl: stack.databaseUrl,
      lakePath: `${folder}/lake`,
    };
    this.producerLogPath = `${folder}/producer.log`;
    this.#options = options;
    // Whoever waits hears of it.
    this.#failed.promise.catch(() => {});
    signal.addEventListener("abort", () => this.#failed.reject(signal.reason));
  }

  /** Starts services, makes topics, and lets producer and pipeline begin. */
  static async start(options: SoakRunOptions): Promise<SoakRun> {
    const run = new SoakRun(await ownStack(`${options.folder}/stack`), options);
    try {
      options.signal.throwIfAborted();
      for (const [name, { topic, partitions }] of Object.entries(TOPICS)) {
        if (name === "dead") continue;
        await createTopicIfAbsent({ brokers: run.place.brokers }, {
          topic,
          numPartitions: partitions,
        });
      }
      run.startProducer();
      run.startPipeline();
      await run.progress(2);
      return run;
    } catch (error) {
      await run[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Lets a new producer go on where the one before ended. */
  startProducer(): void {
    const { seed, eventsPerSecond } = this.#options;
    const { brokers } = this.place;
    const job: ProducerJob = { brokers, seed, eventsPerSecond, logPath: this.producerLogPath };
    this.#producer = this.#start("./producer_child.ts", job);
  }

  /** Kills the producer. */
  async killProducer(): Promise<void> {
    this.#doomed.add(this.#producer!);
    await this.#producer!.kill();
  }

  /** Starts a pipeline on the checkpoint; the one before has ended, or is left to itself. */
  startPipeline(): void {
    this.#pipeline = this.#startPipeline(false);
  }

  /** Kills the pipeline. */
  async killPipeline(): Promise<void> {
    this.#doomed.add(this.#pipeline!);
    await this.#pipeline!.kill();
  }

  /** The pipeline stands still, or goes on. */
  signalPipeline(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#pipeline!.signal(signal);
  }

  /** The pipeline is no longer the one that others wait for; it may end. */
  giveUpPipeline(): Child {
    const child = this.#pipeline!;
    this.#doomed.add(child);
    return child;
  }

  /** Starts a second pipeline on the same checkpoint, which may end. */
  startTwin(): Child {
    const twin = this.#startPipeline(false);
    this.#doomed.add(twin);
    return twin;
  }

  /** The folder of the checkpoint. */
  get checkpointLocation(): string {
    return `${this.#options.folder}/checkpoint-${this.#checkpointNumber}`;
  }

  /** From here on the checkpoint is a copy of what it was. */
  async moveCheckpoint(): Promise<void> {
    const from = this.checkpointLocation;
    this.#checkpointNumber++;
    const { success, stderr } = await new Deno.Command("cp", {
      args: ["-a", from, this.checkpointLocation],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  }

  /** How a process ended; an error if it has not within some time. */
  async ending(child: Child): Promise<ChildEnding> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`a process goes on and on: ${this.#said("")}`)),
      PROGRESS_TIMEOUT_MS,
    );
    try {
      return await this.#unlessFailed(Promise.race([child.ended, late.promise]));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits until so many more batches are done; an error if they are too long in coming. */
  async progress(batches = 1): Promise<void> {
    if (await this.progressWithin(batches, PROGRESS_TIMEOUT_MS)) return;
    throw new Error(`waited in vain for ${batches} more batches: ${this.#said("")}`);
  }

  /** Waits until so many more batches are done, or some time has passed; true if they are done. */
  async progressWithin(batches: number, ms: number): Promise<boolean> {
    const wanted = this.batches + batches;
    const isOver = Promise.withResolvers<void>();
    const timer = setTimeout(() => isOver.resolve(), ms);
    try {
      for (let left = true; left && this.batches < wanted;) {
        left = await this.#unlessFailed(
          Promise.race([this.#changed.promise.then(() => true), isOver.promise.then(() => false)]),
        );
      }
    } finally {
      clearTimeout(timer);
    }
    return this.batches >= wanted;
  }

  /** Waits for some time, up to chance. */
  async pause(minMs: number, maxMs: number): Promise<void> {
    const isOver = Promise.withResolvers<void>();
    const timer = setTimeout(() => isOver.resolve(), this.random.integer(minMs, maxMs));
    try {
      await this.#unlessFailed(isOver.promise);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends both; then reads all there is, and then once more behind a record that closes all windows. */
  async drain(): Promise<void> {
    await this.killProducer();
    await this.killPipeline();
    await this.#drainOnce();
    await this.#flush();
    await this.#drainOnce();
  }

  /** Ends all that was started. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) this.#doomed.add(child);
    await Promise.all([...this.#children].map((child) => child.kill()));
    await this.stack[Symbol.asyncDispose]();
  }

  async #drainOnce(): Promise<void> {
    const child = this.#startPipeline(true);
    this.#doomed.add(child);
    const { code, stderr } = await this.ending(child);
    if (code !== 0) throw new Error(`the last pipeline ended with ${code}: ${this.#said(stderr)}`);
  }

  async #flush(): Promise<void> {
    const { end } = await readProducerLog(this.producerLogPath);
    using log = ProducerLogWriter.open(this.producerLogPath);
    log.note("sending", end, end + 1);
    const producer = createProducer({ brokers: this.place.brokers });
    await producer.send(TOPICS.source.topic, [flushRecord(end, Date.now())]);
    await producer.close();
    log.note("arrived", end, end + 1);
  }

  #startPipeline(drain: boolean): Child {
    const { checkpointLocation } = this;
    const job: PipelineJob = { ...this.place, checkpointLocation, drain };
    return this.#start("./pipeline_child.ts", job, (line) => this.#heard(line));
  }

  #start(script: string, job: object, onLine?: (line: string) => void): Child {
    const child = new Child(script, job, onLine);
    this.#children.add(child);
    child.ended.then(({ code, stderr }) => {
      this.#children.delete(child);
      if (this.#doomed.delete(child)) return;
      this.#fail(`${script} ended by itself with ${code}: ${this.#said(stderr)}`);
    });
    return child;
  }

  #heard(text: string): void {
    const line: PipelineLine = JSON.parse(text);
    if ("batchId" in line) {
      this.batches++;
      this.rss = line.rss;
      this.maxRss = Math.max(this.maxRss, line.rss);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
      return;
    }
    this.notices.push("notice" in line ? line.notice : `${line.code}: ${line.error}`);
    if (this.notices.length > KEPT_NOTICES) this.notices.shift();
  }

  #said(stderr: string): string {
    return [stderr, ...this.notices.slice(-5)].join("\n");
  }

  #fail(why: string): void {
    this.#failed.reject(new Error(why));
  }

  #unlessFailed<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failed.promise]);
  }
}
