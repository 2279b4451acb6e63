import type { PlannedBatch } from "../checkpoint/planned_batch.ts";

/** What a query is at. */
export type QueryStep =
  /** Opening, recovering, running the last batch again. */
  | "starting"
  /** Loading tables that the stream is joined with. */
  | "tables"
  /** Looking for new records and reading them. */
  | "reading"
  /** Writing `offsets/N`. */
  | "planning"
  /** Making rows of rows. */
  | "operators"
  /** Staging and committing in every sink. */
  | "sinks"
  /** Committing the operators' state. */
  | "state"
  /** Writing `commits/N`. */
  | "committing"
  /** Nothing to do, until there are records or the next trigger comes. */
  | "waiting"
  /** It has ended. */
  | "ended";

/** What a query is doing, with the fields of Spark's `StreamingQueryStatus` and its step. */
export interface StreamingQueryStatus {
  /** For people, in Spark's words: `Processing new data`. */
  readonly message: string;
  /** True if there were new records when it looked last. */
  readonly isDataAvailable: boolean;
  /** True while it works on a batch or looks for one. */
  readonly isTriggerActive: boolean;
  /** What it is at. */
  readonly step: QueryStep;
  /** Since when, in milliseconds since 1970: a step that takes very long is stuck. */
  readonly stepSinceMs: number;
  /** The batch in hand; `undefined` if none is planned. */
  readonly batch: PlannedBatch | undefined;
}

/** Keeps the status of one run of a query. */
export class QueryStatus {
  readonly #nowMs: () => number;
  #message = "Initializing sources";
  #isDataAvailable = false;
  #step: QueryStep = "starting";
  #stepSinceMs: number;
  #batch: PlannedBatch | undefined;

  /** For a query that starts now. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#stepSinceMs = nowMs();
  }

  /** As it is now. */
  get now(): StreamingQueryStatus {
    return {
      message: this.#message,
      isDataAvailable: this.#isDataAvailable,
      isTriggerActive: this.#step !== "waiting" && this.#step !== "ended",
      step: this.#step,
      stepSinceMs: this.#stepSinceMs,
      batch: this.#batch,
    };
  }

  /** The query goes on to a step; the message stays unless there is another. */
  step(step: QueryStep, message: string = this.#message): void {
    this.#message = message;
    if (step === this.#step) return;
    this.#step = step;
    this.#stepSinceMs = this.#nowMs();
  }

  /** The query has planned a batch, or is done with it. */
  planned(batch: PlannedBatch | undefined): void {
    this.#batch = batch;
  }

  /** The query works on a batch, of new records or of none. */
  batch(hasData: boolean): void {
    this.#isDataAvailable = hasData;
    this.#message = hasData ? "Processing new data" : "No new data but cleaning up state";
  }

  /** The query has nothing to do. */
  waiting(isForTrigger: boolean): void {
    this.#isDataAvailable = false;
    this.step("waiting", isForTrigger ? "Waiting for next trigger" : "Waiting for data to arrive");
  }
}
