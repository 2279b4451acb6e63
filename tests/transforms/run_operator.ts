import { DatabaseSync } from "node:sqlite";
import { deepEqual } from "assert";
import { type Batch, Batch as Rows, type OutputMode, type Schema } from "../../lib/core/mod.ts";
import { type OperatorState, StateStore } from "../../lib/state/mod.ts";
import type {
  BatchContext,
  OperatorRun,
  StatefulOperator,
  StatefulResult,
} from "../../lib/transforms/mod.ts";

/** What an operator is run with. */
export interface RunnerOptions {
  /** Absent: append. */
  readonly mode?: OutputMode;
  /** The schema of each input, to make batches without rows of. */
  readonly inputs: readonly Schema[];
  /** For each input what its watermark is about; absent or `undefined`: it has none. */
  readonly watermarks?: readonly (InputWatermark | undefined)[];
  /**
   * Asked before each batch, with its id: "rollback" tries it once, takes that back and compares the
   * second try with the first; "reopen" closes the state and opens it again; "both" does both.
   */
  readonly fault?: (batchId: number) => "rollback" | "reopen" | "both" | undefined;
}

/** What withWatermark says of an input. */
export interface InputWatermark {
  /** A column of timestamps. */
  readonly column: string;
  readonly delayMicros: bigint;
}

/** What became of one batch. */
export interface BatchOutcome<Out> {
  readonly context: BatchContext;
  readonly rows: Out[];
  readonly deletes: Out[];
  /** Of each input the rows that came too late. */
  readonly late: Record<string, unknown>[][];
}

/**
 * Runs one operator, batch by batch, on a real `StateStore` and with Spark's watermark: that of a batch
 * is made of the event times of all batches before it (the newest of each input in milliseconds, less
 * its delay; the least of all inputs; never below 0, never going back), and rows are late by the
 * watermark of the batch before.
 *
 *     using runner = await OperatorRunner.open(operator, { inputs: [Trade], watermarks: [...] });
 *     const outcome = await runner.batch(trades);
 *     const rest = await runner.drain();
 */
export class OperatorRunner<Out> implements Disposable {
  readonly operator: StatefulOperator<Out>;
  readonly #options: RunnerOptions;
  readonly #database = new DatabaseSync(":memory:");
  /** The newest event time of each input, in milliseconds. */
  readonly #newestMs: (bigint | undefined)[];
  #store!: StateStore;
  #state!: OperatorState;
  #run!: OperatorRun<Out>;
  #lastWatermark = 0n;
  #nextWatermark = 0n;

  private constructor(operator: StatefulOperator<Out>, options: RunnerOptions) {
    this.operator = operator;
    this.#options = options;
    this.#newestMs = options.inputs.map(() => undefined);
  }

  /** Opens an empty state and the operator on it. */
  static async open<Out>(
    operator: StatefulOperator<Out>,
    options: RunnerOptions,
  ): Promise<OperatorRunner<Out>> {
    operator.checkMode(options.mode ?? "append");
    const runner = new OperatorRunner(operator, options);
    await runner.#open();
    return runner;
  }

  /** The state as it is now. */
  get state(): OperatorState {
    return this.#state;
  }

  /** The store of that state, for what is done outside of batches. */
  get store(): StateStore {
    return this.#store;
  }

  /** True if an empty batch would be run now, at that processing time. */
  isDue(nowMs: number): boolean {
    return this.#nextWatermark > this.#lastWatermark || (this.#run.isDue?.(nowMs) ?? false);
  }

  /** Closes the state and opens it again, as a restart does. */
  async reopen(): Promise<void> {
    this.#store.close();
    await this.#open();
  }

  /** Runs a batch, whose processing time is its id in seconds if none is given. */
  async batch(
    inputs: Batch | readonly Batch[],
    timestampMs = (this.#store.batchId + 1) * 1000,
  ): Promise<BatchOutcome<Out>> {
    const batches = inputs instanceof Rows ? [inputs] : inputs as readonly Batch[];
    const batchId = this.#store.batchId + 1;
    const fault = this.#options.fault?.(batchId);
    if (fault === "reopen" || fault === "both") await this.reopen();
    const context: BatchContext = {
      batchId,
      lateMicros: this.#lastWatermark,
      watermarkMicros: this.#nextWatermark,
      timestampMs,
    };
    let rolledBack: BatchOutcome<Out> | undefined;
    if (fault === "rollback" || fault === "both") {
      this.#store.begin(batchId);
      rolledBack = this.#outcome(context, await this.#run.apply(batches, context));
      this.#store.rollback();
    }
    this.#store.begin(batchId);
    const outcome = this.#outcome(context, await this.#run.apply(batches, context));
    await this.#store.commit({});
    if (rolledBack !== undefined) deepEqual(outcome, rolledBack, "a batch tried twice");
    this.#advance(batches);
    return outcome;
  }

  /** Runs batches without rows for as long as the watermark moves on. */
  async drain(): Promise<BatchOutcome<Out>[]> {
    const outcomes: BatchOutcome<Out>[] = [];
    while (this.#nextWatermark > this.#lastWatermark) {
      outcomes.push(await this.batch(this.#options.inputs.map((schema) => new Rows(schema))));
    }
    return outcomes;
  }

  [Symbol.dispose](): void {
    this.#store.close();
    this.#database.close();
  }

  async #open(): Promise<void> {
    this.#store = await StateStore.open({ database: () => this.#database });
    this.#state = this.#store.operator("0", this.operator.stateDescription);
    this.#run = this.operator.open(this.#state, this.#options.mode ?? "append");
  }

  #outcome(context: BatchContext, result: StatefulResult<Out>): BatchOutcome<Out> {
    return {
      context,
      rows: [...result.batch.rows()],
      deletes: [...result.deletes?.rows() ?? []],
      late: this.#options.inputs.map((_, i) => [...result.late?.[i]?.rows() ?? []]),
    };
  }

  #advance(batches: readonly Batch[]): void {
    this.#lastWatermark = this.#nextWatermark;
    const watermarks = this.#options.watermarks ?? [];
    const reached: bigint[] = [];
    watermarks.forEach((watermark, i) => {
      if (watermark === undefined) return;
      const column = batches[i]!.column(watermark.column);
      for (let row = 0; row < column.length; row++) {
        const micros = column.get(row) as bigint | null;
        if (micros === null) continue;
        const millis = (micros - (((micros % 1000n) + 1000n) % 1000n)) / 1000n;
        const newest = this.#newestMs[i];
        if (newest === undefined || millis > newest) this.#newestMs[i] = millis;
      }
      const newest = this.#newestMs[i];
      reached.push(newest === undefined ? 0n : newest * 1000n - watermark.delayMicros);
    });
    if (reached.length === 0) return;
    const least = reached.reduce((a, b) => a < b ? a : b);
    if (least > this.#nextWatermark) this.#nextWatermark = least;
  }
}
