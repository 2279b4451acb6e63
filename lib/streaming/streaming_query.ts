import {
  type Clock,
  errorText,
  isRetryable,
  offsetRanges,
  type Offsets,
  retry,
  type RetryPolicy,
  type Sink,
  type SinkContext,
  type Source,
} from "../core/mod.ts";
import { BatchRunner, type DoneBatch, type Retry } from "./batch_runner.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { OpenSink } from "./commit_batch.ts";
import { type NextRange, nextRange } from "./next_range.ts";
import type { StreamingQueryProgress } from "./progress.ts";
import { ProgressReporter, type ReadyRange } from "./progress_reporter.ts";
import type { QueryListener } from "./query_listener.ts";
import { readBatch } from "./read_batch.ts";
import { refuseLoop, refuseStrangeSinks } from "./refuse_strange_sinks.ts";
import type { RowMaker } from "./row_maker.ts";
import { TopicIdentities } from "./topic_identities.ts";
import type { Trigger } from "./trigger.ts";

/** What a query is made of. */
export interface QueryParts {
  readonly name: string;
  readonly source: Source;
  readonly rowMaker: RowMaker;
  readonly sinks: readonly Sink[];
  readonly checkpoint: Checkpoint;
  readonly clock: Clock;
  readonly retryPolicy: RetryPolicy;
  readonly trigger: Trigger;
  readonly listener: QueryListener;
}

/** A step that goes on in the background: it never rejects. */
type Ahead = Promise<PromiseSettledResult<ReadyRange | undefined>>;

const DEFAULT_MAX_BYTES_PER_TRIGGER = 64 * 1024 * 1024;

/** How often to look for new records when there were none, in milliseconds. */
const POLL_MS = 100;

/**
 * A running query. It reads batch N+1 while batch N commits, holds no more than these two in
 * memory, and writes in this order, whatever crashes:
 *
 *     offsets/N   ->   every sink, each atomically with (queryId, N)   ->   commits/N
 */
export class StreamingQuery {
  /** The query's id, the same over all restarts. */
  readonly id: string;
  /** This run's id. */
  readonly runId: string = crypto.randomUUID();
  /** For people. */
  readonly name: string;

  readonly #parts: QueryParts;
  readonly #sinks: OpenSink[] = [];
  /** Aborted by `stop`: the batch in hand is finished, all else is given up. */
  readonly #stop = new AbortController();
  /** Aborted at the end, however it comes, so that nothing is read ahead any more. */
  readonly #end = new AbortController();
  readonly #reading: AbortSignal = AbortSignal.any([this.#stop.signal, this.#end.signal]);
  readonly #reporter: ProgressReporter;
  #terminated: Promise<void> = Promise.resolve();
  /** Offsets for lag tools that wait until those before them are published. */
  #unpublished: Offsets | undefined;
  #publishing: Promise<void> | undefined;

  /** Use `pipeline(…).start(…)`. */
  constructor(parts: QueryParts) {
    this.#parts = parts;
    this.id = parts.checkpoint.queryId;
    this.name = parts.name;
    this.#reporter = new ProgressReporter(this, parts.source.description);
  }

  /** The newest batches, oldest first, at most 100. */
  get recentProgress(): readonly StreamingQueryProgress[] {
    return this.#reporter.recent;
  }

  /** The newest batch; `undefined` before the first. */
  get lastProgress(): StreamingQueryProgress | undefined {
    return this.#reporter.recent.at(-1);
  }

  /** Opens the sinks and starts the loop; returns when the query runs. */
  async open(): Promise<void> {
    const { sinks, rowMaker } = this.#parts;
    const context: SinkContext = {
      queryId: this.id,
      queryName: this.name,
      schema: rowMaker.schema,
      outputMode: "append",
      keyColumns: [],
      onNotice: this.#notice,
    };
    try {
      for (const sink of sinks) {
        const writer = await this.#retry(`open sink ${sink.name}`, () => sink.open(context));
        this.#sinks.push({ name: sink.name, takesDeadLetters: sink.takesDeadLetters, writer });
      }
    } catch (error) {
      await this.#close();
      throw error;
    }
    this.#terminated = this.#run().finally(() => this.#close());
    // Whoever awaits termination gets the error; until then it is not an unhandled one.
    this.#terminated.catch(() => {});
  }

  /** Resolves when the query has ended; rejects with what ended it, if that was an error. */
  awaitTermination(): Promise<void> {
    return this.#terminated;
  }

  /** Finishes the batch in hand and ends the query. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#terminated;
  }

  async #run(): Promise<void> {
    const { checkpoint, clock } = this.#parts;
    const runner = new BatchRunner(checkpoint, this.#sinks, clock, this.#retry);
    const identities = new TopicIdentities(checkpoint, this.#parts.source);
    try {
      const recovery = await checkpoint.recover();
      await this.#retry(
        "ask the sinks what they have",
        () => refuseStrangeSinks(this.#sinks, recovery),
      );
      const position = await this.#retry("find where the query begins", async () => {
        const found = await this.#parts.source.identities(this.#stop.signal);
        refuseLoop(this.#sinks, found);
        return await identities.begin(found, recovery, this.#stop.signal, this.#notice);
      });
      let batchId = recovery.committedBatchId + 1;
      if (recovery.replay !== undefined) {
        this.#notice(`batch ${batchId} was planned and not finished: running it again`);
        const { startOffsets: start, endOffsets: end } = recovery.replay;
        const range = await this.#retry(
          "read the batch again",
          async () => {
            const range = await this.#read({ start, end, latest: end }, clock.nowMs());
            await identities.check(this.#stop.signal);
            return { ...range, endOffsets: end };
          },
        );
        this.#report(batchId, range, await runner.replay(batchId, range));
        batchId++;
      }
      await this.#loop(position, batchId, runner, identities);
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
      // Given up in the middle of reading, or while a service was away: the next start takes it up.
      if (error === this.#stop.signal.reason) return;
      if (!isRetryable(error)) throw error;
      this.#notice(`stopped while a service was away (${errorText(error)}); nothing is lost`);
    }
  }

  /** Batch after batch, the next one being read while one commits. */
  async #loop(
    from: Offsets,
    firstBatchId: number,
    runner: BatchRunner,
    identities: TopicIdentities,
  ): Promise<void> {
    const { clock, trigger, source } = this.#parts;
    const stop = this.#stop.signal;
    const intervalMs = "processingTime" in trigger ? trigger.processingTime : 0;
    const target = "processingTime" in trigger ? undefined : await this.#retry(
      "ask for the end of the source",
      () => source.latestOffsets(stop),
    );
    let position = from;
    let ahead: Ahead | undefined;
    try {
      for (let batchId = firstBatchId; !stop.aborted;) {
        const startedMs = clock.nowMs();
        const ready = await (ahead ?? settled(this.#readNext(position, target, identities)));
        ahead = undefined;
        if (ready.status === "rejected") throw ready.reason;
        const range = ready.value;
        if (range === undefined) {
          if (target !== undefined) return;
          await clock.sleep(Math.max(intervalMs, POLL_MS), stop);
          continue;
        }
        if (stop.aborted) return;
        position = range.endOffsets;
        if (intervalMs === 0) ahead = settled(this.#readNext(position, target, identities));
        this.#report(batchId, range, await runner.run(batchId, range));
        batchId++;
        const leftMs = startedMs + intervalMs - clock.nowMs();
        if (leftMs > 0 && intervalMs > 0) await clock.sleep(leftMs, stop);
      }
    } finally {
      this.#end.abort();
      await ahead;
    }
  }

  /** Chooses what comes after `position` and reads it; `undefined` if there is nothing new. */
  #readNext(
    position: Offsets,
    target: Offsets | undefined,
    identities: TopicIdentities,
  ): Promise<ReadyRange | undefined> {
    const { source, trigger, clock } = this.#parts;
    const startedMs = clock.nowMs();
    const { maxOffsetsPerTrigger, maxBytesPerTrigger } = source.limits;
    const bounded = !("once" in trigger);
    return this.#retry("read the next batch", async () => {
      await identities.check(this.#reading);
      const latest = target ?? await source.latestOffsets(this.#reading);
      const logEnd = offsetRanges(latest, position).length === 0
        ? latest
        : await source.logEndOffsets(this.#reading);
      const maxOffsets = bounded ? maxOffsetsPerTrigger : undefined;
      const next = nextRange(source, position, latest, logEnd, maxOffsets);
      if (next === undefined) return undefined;
      const maxBytes = bounded ? maxBytesPerTrigger ?? DEFAULT_MAX_BYTES_PER_TRIGGER : undefined;
      const range = await this.#read(next, startedMs, maxBytes);
      // A topic made anew while it was read would have gone on without an error.
      await identities.check(this.#reading);
      return range;
    });
  }

  async #read(next: NextRange, startedMs: number, maxBytes?: number): Promise<ReadyRange> {
    const { source, rowMaker, clock } = this.#parts;
    const chosenMs = clock.nowMs();
    const writers = this.#sinks.map((sink) => sink.writer);
    const { start, end } = next;
    const signal = this.#reading;
    const range = await readBatch(source, rowMaker, writers, start, end, signal, maxBytes);
    return {
      ...range,
      latestOffsets: next.latest,
      startedMs,
      latestOffsetMs: chosenMs - startedMs,
      getBatchMs: clock.nowMs() - chosenMs,
    };
  }

  #report(batchId: number, range: ReadyRange, done: DoneBatch): void {
    const progress = this.#reporter.add(batchId, range, done, this.#parts.clock.nowMs());
    this.#parts.listener.onProgress?.(progress);
    this.#unpublished = range.endOffsets;
    this.#publishing ??= this.#publish();
  }

  /** Lag tools read these; nothing depends on them. Only the newest are worth the broker's time. */
  async #publish(): Promise<void> {
    for (let offsets = this.#unpublished; offsets !== undefined; offsets = this.#unpublished) {
      this.#unpublished = undefined;
      try {
        await this.#parts.source.publishProgress(offsets);
      } catch (error) {
        this.#notice(`could not publish the group's offsets: ${errorText(error)}`);
      }
    }
    this.#publishing = undefined;
  }

  readonly #retry: Retry = (attempted, step) => {
    const { clock, retryPolicy } = this.#parts;
    return retry(step, retryPolicy, clock, this.#stop.signal, ({ error, delayMs, leftMs }) => {
      this.#notice(
        `cannot ${attempted} yet: ${
          errorText(error).replace(/[.]?$/, ".")
        } Trying again in ${delayMs} ms, for ` +
          `${Math.ceil(leftMs / 1000)} s more`,
      );
    });
  };

  readonly #notice = (message: string): void => {
    this.#parts.listener.onNotice?.(message);
  };

  async #close(): Promise<void> {
    await this.#publishing;
    const closing = [
      ...this.#sinks.map((sink) => sink.writer.close()),
      this.#parts.source.close(),
    ];
    for (const result of await Promise.allSettled(closing)) {
      if (result.status === "rejected") this.#notice(`closing: ${errorText(result.reason)}`);
    }
    this.#parts.checkpoint[Symbol.dispose]();
  }
}

async function settled<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [result] = await Promise.allSettled([promise]);
  return result;
}
