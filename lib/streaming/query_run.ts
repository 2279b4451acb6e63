import { type Clock, errorText, type Offsets, type Source } from "../core/mod.ts";
import { BatchRunner, type DoneBatch, type Retry } from "./batch/batch_runner.ts";
import type { OpenSink } from "./batch/commit_batch.ts";
import { OperatorRunner } from "./batch/operator_runner.ts";
import { refuseLoop, refuseStrangeSinks } from "./batch/refuse_strange_sinks.ts";
import { WatermarkTracker } from "./batch/watermark_tracker.ts";
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import type { Recovery } from "./checkpoint/planned_batch.ts";
import { TopicIdentities } from "./checkpoint/topic_identities.ts";
import {
  type BatchBounds,
  BatchReader,
  type OpenInput,
  type ReadyBatch,
} from "./input/batch_reader.ts";
import type { QueryPlan } from "./plan/query_plan.ts";
import type { StreamingQueryProgress } from "./progress/progress.ts";
import type { ProgressReporter } from "./progress/progress_reporter.ts";
import type { QueryStatus } from "./progress/query_status.ts";
import type { KeptTables } from "./state/kept_tables.ts";
import type { QueryState } from "./state/query_state.ts";
import type { Trigger } from "./trigger.ts";

/** What a run of a query works with; all of it is open. */
export interface RunParts {
  readonly plan: QueryPlan;
  readonly checkpoint: Checkpoint;
  readonly clock: Clock;
  readonly trigger: Trigger;
  readonly recovery: Recovery;
  readonly sinks: readonly OpenSink[];
  readonly state: QueryState | undefined;
  readonly tables: KeptTables;
  readonly status: QueryStatus;
  readonly reporter: ProgressReporter;
  readonly retry: Retry;
  /** Aborted when the query is to stop. */
  readonly stop: AbortSignal;
  /** The run that ended because a decoder had learned of columns: this one goes on where it did. */
  readonly before: QueryRun | undefined;
  readonly onProgress: (progress: StreamingQueryProgress) => void;
  readonly onIdle: () => void;
  readonly onNotice: (message: string) => void;
}

/** A step that goes on in the background: it never rejects. */
type Ahead = Promise<PromiseSettledResult<ReadyBatch | undefined>>;

/** How often to look for new records when there were none, in milliseconds. */
const POLL_MS = 100;

/** How often listeners are told that there is nothing to do, in milliseconds. */
const IDLE_EVENT_MS = 10_000;

/** One run of a query, from its recovery to its end: batch after batch. */
export class QueryRun {
  readonly #parts: RunParts;
  /** Aborted at the end, however it comes, so that nothing is read ahead any more. */
  readonly #end = new AbortController();
  readonly #inputs: readonly OpenInput[];
  readonly #reader: BatchReader;
  readonly #operators: OperatorRunner;
  readonly #watermarks: WatermarkTracker;
  readonly #runner: BatchRunner;
  readonly #publishers: readonly OffsetPublisher[];
  /** Aborted to end a wait, and then made anew. */
  #wake = new AbortController();
  #waiting: AbortSignal;
  #idleToldMs: number | undefined;
  /** Set once the tables that streams are joined with were read. */
  #hasTables = false;
  /** How far to go; set once that is known. */
  #bounds: BatchBounds | undefined;

  /** Prepares a run; `work` does it. */
  constructor(parts: RunParts) {
    this.#parts = parts;
    const { plan, checkpoint, recovery, state, sinks, clock, status, retry } = parts;
    this.#inputs = plan.inputs.map((input, i) => ({
      ...input,
      identities: new TopicIdentities(checkpoint.source(i), input.source),
      writers: sinks.filter(({ slot }) => slot === i).map(({ writer }) => writer),
      keepsOrder: plan.hasState,
    }));
    const reading = AbortSignal.any([parts.stop, this.#end.signal]);
    this.#waiting = AbortSignal.any([parts.stop, this.#wake.signal]);
    this.#reader = new BatchReader(this.#inputs, clock, retry, reading);
    this.#operators = new OperatorRunner(plan, state?.runs ?? new Map(), () => clock.nowMs());
    this.#watermarks = new WatermarkTracker(
      plan.watermarkDelaysMs,
      recovery.replay?.watermarkMs ?? recovery.nextWatermarkMs,
      recovery.lastWatermarkMs,
      state?.watermarks,
    );
    const operators = this.#operators;
    const watermarks = this.#watermarks;
    this.#runner = new BatchRunner({
      checkpoint,
      operators,
      watermarks,
      state,
      sinks,
      clock,
      status,
      retry,
    });
    this.#publishers = plan.inputs.map(({ source }) => new OffsetPublisher(source, parts.onNotice));
  }

  /** Runs the batch that an earlier run left, and then new ones until the end. */
  async work(): Promise<void> {
    const { recovery, sinks, tables, status, retry } = this.#parts;
    await retry("ask the sinks what they have", () => refuseStrangeSinks(sinks, recovery));
    const positions = await this.#begin();
    let batchId = recovery.committedBatchId + 1;
    if (recovery.replay !== undefined) {
      this.#parts.onNotice(`batch ${batchId} was planned and not finished: running it again`);
      const ready = await this.#reader.again(recovery.replay.ranges);
      for (const { identities } of this.#inputs) await identities.check(this.#parts.stop);
      this.#report(ready, await this.#runner.replay(recovery.replay, ready));
      batchId++;
    }
    const { before } = this.#parts;
    this.#hasTables = before !== undefined && before.#hasTables;
    if (!this.#hasTables) {
      status.step("tables");
      await tables.loadAll();
      this.#hasTables = true;
    }
    await this.#loop(positions, batchId);
  }

  /** Ends a wait, because there is something to do beside new records. */
  wake(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
    this.#waiting = AbortSignal.any([this.#parts.stop, this.#wake.signal]);
  }

  /** Resolves when the offsets of the last batch are published. */
  async published(): Promise<void> {
    for (const publisher of this.#publishers) await publisher.settled();
  }

  /** Where each source is to be read from. */
  async #begin(): Promise<Offsets[]> {
    const { recovery, sinks, stop, retry, onNotice } = this.#parts;
    const positions: Offsets[] = [];
    for (const [i, { source, identities }] of this.#inputs.entries()) {
      positions.push(
        await retry("find where the query begins", async () => {
          const found = await source.identities(stop);
          refuseLoop(sinks, found);
          const stored = {
            committedBatchId: recovery.committedBatchId,
            position: recovery.positions[i],
            isReplayed: recovery.replay !== undefined,
          };
          return await identities.begin(found, stored, stop, onNotice);
        }),
      );
    }
    return positions;
  }

  /** Batch after batch, the next one being read while one commits. */
  async #loop(from: readonly Offsets[], firstBatchId: number): Promise<void> {
    const { clock, trigger, stop, tables, status } = this.#parts;
    const intervalMs = "processingTime" in trigger ? trigger.processingTime : 0;
    const { before } = this.#parts;
    const bounds = (before === undefined ? undefined : before.#bounds) ?? {
      targets: "processingTime" in trigger ? undefined : await this.#reader.latestOffsets(),
      isLimited: !("once" in trigger),
    };
    this.#bounds = bounds;
    let positions = from;
    let ahead: Ahead | undefined;
    try {
      for (let batchId = firstBatchId; !stop.aborted;) {
        const startedMs = clock.nowMs();
        if (tables.isAsked) {
          status.step("tables");
          await tables.loadAsked();
        }
        status.step("reading");
        const read = await (ahead ?? settled(this.#reader.next(positions, bounds)));
        ahead = undefined;
        if (read.status === "rejected") throw read.reason;
        const ready = read.value ?? this.#batchWithoutRows(positions);
        if (ready === undefined) {
          if (this.#isAtEnd(bounds)) return;
          await this.#wait(Math.max(intervalMs, POLL_MS), intervalMs > 0);
          continue;
        }
        if (stop.aborted) return;
        this.#idleToldMs = undefined;
        status.batch(read.value !== undefined);
        positions = ready.inputs.map(({ endOffsets }) => endOffsets);
        if (intervalMs === 0) ahead = settled(this.#reader.next(positions, bounds));
        this.#report(ready, await this.#runner.run(batchId, ready));
        batchId++;
        const leftMs = startedMs + intervalMs - clock.nowMs();
        if (leftMs > 0 && intervalMs > 0) await this.#sleep(leftMs, true);
      }
    } finally {
      this.#end.abort();
      await ahead;
    }
  }

  /** A batch that only the operators call for; `once` is a single batch whatever they want. */
  #batchWithoutRows(positions: readonly Offsets[]): ReadyBatch | undefined {
    if ("once" in this.#parts.trigger) return undefined;
    const { currentMs, lateMs } = this.#watermarks;
    if (!this.#operators.needsBatch(currentMs, lateMs)) return undefined;
    return this.#reader.withoutRows(positions);
  }

  #isAtEnd({ targets }: BatchBounds): boolean {
    return targets !== undefined || this.#inputs.every(({ source }) => source.isBounded === true);
  }

  async #wait(ms: number, isForTrigger: boolean): Promise<void> {
    const nowMs = this.#parts.clock.nowMs();
    if (this.#idleToldMs === undefined || nowMs - this.#idleToldMs >= IDLE_EVENT_MS) {
      this.#idleToldMs = nowMs;
      this.#parts.onIdle();
    }
    await this.#sleep(ms, isForTrigger);
  }

  async #sleep(ms: number, isForTrigger: boolean): Promise<void> {
    const { clock, status, tables } = this.#parts;
    if (tables.isAsked) return;
    status.waiting(isForTrigger);
    await clock.sleep(ms, this.#waiting);
  }

  #report(ready: ReadyBatch, done: DoneBatch): void {
    const { reporter, state, clock, onProgress } = this.#parts;
    onProgress(reporter.add(ready, done, state, clock.nowMs()));
    for (const [i, publisher] of this.#publishers.entries()) {
      publisher.publish(ready.inputs[i]!.endOffsets);
    }
  }
}

/** Lag tools read these; nothing depends on them. Only the newest are worth the broker's time. */
class OffsetPublisher {
  readonly #source: Source;
  readonly #onNotice: (message: string) => void;
  /** Offsets that wait until those before them are published. */
  #unpublished: Offsets | undefined;
  #publishing: Promise<void> | undefined;

  constructor(source: Source, onNotice: (message: string) => void) {
    this.#source = source;
    this.#onNotice = onNotice;
  }

  publish(offsets: Offsets): void {
    this.#unpublished = offsets;
    this.#publishing ??= this.#publishAll();
  }

  async settled(): Promise<void> {
    await this.#publishing;
  }

  async #publishAll(): Promise<void> {
    for (let offsets = this.#unpublished; offsets !== undefined; offsets = this.#unpublished) {
      this.#unpublished = undefined;
      try {
        await this.#source.publishProgress(offsets);
      } catch (error) {
        this.#onNotice(`could not publish the group's offsets: ${errorText(error)}`);
      }
    }
    this.#publishing = undefined;
  }
}

async function settled<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [result] = await Promise.allSettled([promise]);
  return result;
}
