import {
  errorText,
  isRetryable,
  retry,
  type RetryPolicy,
  SchemaLearned,
  type SinkContext,
} from "../core/mod.ts";
import type { Retry } from "./batch/batch_runner.ts";
import type { OpenSink } from "./batch/commit_batch.ts";
import { refuseSharedTargets } from "./batch/refuse_strange_sinks.ts";
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import type { Recovery } from "./checkpoint/planned_batch.ts";
import type { Environment } from "./environment.ts";
import { explainPlan } from "./plan/explain_plan.ts";
import type { LivePlan } from "./live_plan.ts";
import type { StreamingQueryProgress } from "./progress/progress.ts";
import { ProgressReporter } from "./progress/progress_reporter.ts";
import type { QueryEvent, QueryListener } from "./progress/query_listener.ts";
import { QueryStatus, type StreamingQueryStatus } from "./progress/query_status.ts";
import { tellListeners } from "./progress/tell_listeners.ts";
import { QueryRun } from "./query_run.ts";
import { KeptTables } from "./state/kept_tables.ts";
import { QueryState, unusedState } from "./state/query_state.ts";
import type { Trigger } from "./trigger.ts";

/** What a query is made of. */
export interface QueryParts {
  readonly name: string;
  readonly plan: LivePlan;
  readonly checkpoint: Checkpoint;
  readonly environment: Environment;
  readonly retryPolicy: RetryPolicy;
  readonly trigger: Trigger;
  readonly listeners: readonly QueryListener[];
}

/**
 * A running query. It reads batch N+1 while batch N commits, holds no more than these two in
 * memory, and writes in this order, whatever crashes:
 *
 *     offsets/N   ->   every sink, each atomically with (queryId, N)   ->   state   ->   commits/N
 */
export class StreamingQuery {
  /** The query's id, the same over all restarts. */
  readonly id: string;
  /** This run's id. */
  readonly runId: string;
  /** For people. */
  readonly name: string;

  readonly #parts: QueryParts;
  readonly #sinks: OpenSink[] = [];
  /** Aborted by `stop`: the batch in hand is finished, all else is given up. */
  readonly #stop = new AbortController();
  readonly #reporter: ProgressReporter;
  readonly #status: QueryStatus;
  #state: QueryState | undefined;
  #tables: KeptTables | undefined;
  #run: QueryRun | undefined;
  #terminated: Promise<void> = Promise.resolve();
  #exception: unknown;

  /** Use `pipeline(…).start(…)`. */
  constructor(parts: QueryParts) {
    this.#parts = parts;
    this.id = parts.checkpoint.queryId;
    this.runId = parts.environment.newId();
    this.name = parts.name;
    this.#reporter = new ProgressReporter(this, parts.plan.now);
    this.#status = new QueryStatus(() => parts.environment.clock.nowMs());
  }

  /** The newest batches, oldest first, at most 100. */
  get recentProgress(): readonly StreamingQueryProgress[] {
    return this.#reporter.recent;
  }

  /** The newest batch; `undefined` before the first. */
  get lastProgress(): StreamingQueryProgress | undefined {
    return this.#reporter.recent.at(-1);
  }

  /** What the query is doing now. */
  get status(): StreamingQueryStatus {
    return this.#status.now;
  }

  /** What ended the query; `undefined` while it runs, and if it ended well. */
  get exception(): unknown {
    return this.#exception;
  }

  /** How rows come from the sources to the sinks, as a small tree for people. */
  explain(): string {
    return explainPlan(this.#parts.plan.now);
  }

  /** Opens sources, sinks and state, and starts the loop; returns when the query runs. */
  async open(): Promise<void> {
    const { plan, checkpoint } = this.#parts;
    let run: QueryRun;
    try {
      await plan.recall();
      for (const [i, { source }] of plan.now.inputs.entries()) {
        if (source.open === undefined) continue;
        const folder = await checkpoint.ownFolder(i);
        await this.#retry(`open source ${source.description}`, async () => {
          await source.open?.(folder);
        });
      }
      run = await this.#openRun();
    } catch (error) {
      await this.#close();
      throw error;
    }
    this.#tell((listener) => listener.onStarted?.(this.#event()));
    this.#terminated = this.#work(run);
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

  /**
   * Reads a table that a stream is joined with again, before the next batch is planned; resolves when
   * that is done.
   *
   * @param name What the table calls itself: `delta(data/lake/countries)`.
   * @throws {SluiceError} `UNKNOWN_TABLE`; `QUERY_ENDED`; what the table throws, and the query then
   * goes on with the rows that it has.
   */
  async refresh(name: string): Promise<void> {
    const loaded = this.#tables!.request(name);
    this.#run!.wake();
    await loaded;
  }

  /** Opens what rows go through, and prepares a run of the plan as it is now. */
  async #openRun(): Promise<QueryRun> {
    const { plan, checkpoint, environment } = this.#parts;
    await this.#openSinks();
    const recovery = await this.#recover();
    const before = this.#run;
    const { signal } = this.#stop;
    this.#tables = new KeptTables(plan.now, this.#state, this.#retry, signal, this.#tables);
    return this.#run = new QueryRun({
      plan: plan.now,
      checkpoint,
      clock: environment.clock,
      trigger: this.#parts.trigger,
      recovery,
      sinks: this.#sinks,
      state: this.#state,
      tables: this.#tables,
      status: this.#status,
      reporter: this.#reporter,
      retry: this.#retry,
      stop: signal,
      before,
      onProgress: (progress) => this.#tell((listener) => listener.onProgress?.(progress)),
      onIdle: () => this.#tell((listener) => listener.onIdle?.(this.#event())),
      onNotice: this.#notice,
    });
  }

  /** Goes on with wider rows: sinks and state are opened anew, sources stay as they are. */
  async #widen(learned: SchemaLearned): Promise<QueryRun> {
    await this.#parts.plan.learn(learned);
    if (learned.message !== "") this.#notice(learned.message);
    await this.#closeRun();
    return await this.#openRun();
  }

  async #openSinks(): Promise<void> {
    for (const planned of this.#parts.plan.now.sinks) {
      const { sink, schema, mode, keyColumns } = planned;
      const context: SinkContext = {
        queryId: this.id,
        queryName: this.name,
        schema,
        outputMode: mode,
        keyColumns,
        onNotice: this.#notice,
      };
      const writer = await this.#retry(`open sink ${sink.name}`, () => sink.open(context));
      this.#sinks.push({ ...planned, writer });
    }
    refuseSharedTargets(this.#sinks);
  }

  async #recover(): Promise<Recovery> {
    const { checkpoint, environment } = this.#parts;
    const plan = this.#parts.plan.now;
    const numSources = plan.inputs.length;
    const recovery = await checkpoint.recover(numSources);
    if (!plan.hasState) {
      const isPlanned = recovery.replay !== undefined || recovery.committedBatchId >= 0;
      const { statePath } = checkpoint;
      if (isPlanned && await environment.state.isThere(statePath)) throw unusedState(statePath);
      return recovery;
    }
    this.#state = await QueryState.open(plan, checkpoint, recovery, environment);
    const { replay } = recovery;
    if (replay === undefined || this.#state.batchId < replay.batchId) return recovery;
    // The state has it, and it is committed behind all sinks: only this file is missing.
    await checkpoint.commit(replay.batchId, this.#state.watermarks!.nextWatermarkMs);
    this.#notice(`batch ${replay.batchId} was in the sinks and in the state: noted as done`);
    return await checkpoint.recover(numSources);
  }

  async #work(run: QueryRun): Promise<void> {
    try {
      for (let current: QueryRun | undefined = run; current !== undefined;) {
        current = await this.#workUntilLearned(current);
      }
    } catch (error) {
      this.#endedBy(error);
    }
    this.#status.step(
      "ended",
      this.#exception === undefined
        ? "Stopped"
        : `Terminated with exception: ${errorText(this.#exception)}`,
    );
    await this.#close();
    const error = this.#exception;
    this.#tell((listener) =>
      listener.onTerminated?.({ ...this.#event(), ...(error === undefined ? {} : { error }) })
    );
    if (error !== undefined) throw error;
  }

  /** The run to go on with when a decoder has learned of columns; `undefined` at the end. */
  async #workUntilLearned(run: QueryRun): Promise<QueryRun | undefined> {
    try {
      await run.work();
      return undefined;
    } catch (error) {
      if (!(error instanceof SchemaLearned)) throw error;
      return this.#stop.signal.aborted ? undefined : await this.#widen(error);
    }
  }

  #endedBy(error: unknown): void {
    const stop = this.#stop.signal;
    // Given up in the middle of reading, or while a service was away: the next start takes it up.
    if (stop.aborted && error === stop.reason) return;
    if (stop.aborted && isRetryable(error)) {
      this.#notice(`stopped while a service was away (${errorText(error)}); nothing is lost`);
      return;
    }
    this.#exception = error;
  }

  readonly #retry: Retry = (attempted, step) => {
    const { environment: { clock }, retryPolicy } = this.#parts;
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
    this.#tell((listener) => listener.onNotice?.(message, this.#event()));
  };

  #tell(tell: (listener: QueryListener) => unknown): void {
    tellListeners(this.#parts.listeners, tell, () => this.#event());
  }

  #event(): QueryEvent {
    const timestamp = new Date(this.#parts.environment.clock.nowMs()).toISOString();
    return { id: this.id, runId: this.runId, name: this.name, timestamp };
  }

  async #close(): Promise<void> {
    await this.#closeRun();
    this.#tables?.end();
    const sources = this.#parts.plan.now.inputs.map(({ source }) => source.close());
    this.#noticeFailures(await Promise.allSettled(sources));
    this.#parts.checkpoint[Symbol.dispose]();
  }

  async #closeRun(): Promise<void> {
    await this.#run?.published();
    const sinks = this.#sinks.splice(0).map((sink) => sink.writer.close());
    this.#noticeFailures(await Promise.allSettled(sinks));
    this.#state?.[Symbol.dispose]();
    this.#state = undefined;
  }

  #noticeFailures(results: readonly PromiseSettledResult<void>[]): void {
    for (const result of results) {
      if (result.status === "rejected") this.#notice(`closing: ${errorText(result.reason)}`);
    }
  }
}
