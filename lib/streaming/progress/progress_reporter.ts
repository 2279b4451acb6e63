import type { DoneBatch } from "../batch/batch_runner.ts";
import type { StepReport } from "../batch/operator_runner.ts";
import type { InputRange, ReadyBatch } from "../input/batch_reader.ts";
import type { QueryPlan } from "../plan/query_plan.ts";
import type { QueryState } from "../state/query_state.ts";
import { mergeEventTimes } from "../../transforms/mod.ts";
import {
  type EventTimeProgress,
  offsetsBehindLatest,
  type SinkProgress,
  type SourceProgress,
  type StateOperatorProgress,
  type StreamingQueryProgress,
} from "./progress.ts";

const RECENT_PROGRESS = 100;

/** Whose progress it is. */
export interface QueryIdentity {
  readonly id: string;
  readonly runId: string;
  readonly name: string;
}

/** Records read, and how fast. */
interface Rates {
  readonly numInputRows: number;
  readonly inputRowsPerSecond: number;
  readonly processedRowsPerSecond: number;
}

/** Makes the progress of each batch, and keeps the newest. */
export class ProgressReporter {
  /** The newest batches, oldest first. */
  readonly recent: StreamingQueryProgress[] = [];
  readonly #query: QueryIdentity;
  readonly #plan: QueryPlan;
  #lastStartedMs: number | undefined;
  #lastEndedMs = 0;

  /** For one run of a query. */
  constructor(query: QueryIdentity, plan: QueryPlan) {
    this.#query = query;
    this.#plan = plan;
  }

  /** The progress of a batch that has just been done. */
  add(
    ready: ReadyBatch,
    done: DoneBatch,
    state: QueryState | undefined,
    nowMs: number,
  ): StreamingQueryProgress {
    // A batch is read while the one before commits: count it from that one's end.
    const startedMs = Math.max(ready.startedMs, this.#lastEndedMs);
    const triggerExecution = nowMs - startedMs;
    const sinceLastMs = startedMs - (this.#lastStartedMs ?? startedMs);
    const ratesOf = (numInputRows: number): Rates => ({
      numInputRows,
      inputRowsPerSecond: perSecond(numInputRows, sinceLastMs),
      processedRowsPerSecond: perSecond(numInputRows, triggerExecution),
    });
    const sinks = sinkProgress(done);
    const progress: StreamingQueryProgress = {
      id: this.#query.id,
      runId: this.#query.runId,
      name: this.#query.name,
      timestamp: isoTime(nowMs),
      batchId: done.planned.batchId,
      batchDuration: triggerExecution,
      ...ratesOf(sum(ready.inputs, ({ numInputRows }) => numInputRows)),
      durationMs: {
        latestOffset: ready.latestOffsetMs,
        getBatch: ready.getBatchMs,
        ...done.durationMs,
        triggerExecution,
      },
      eventTime: this.#plan.watermarkDelaysMs.length === 0 ? {} : eventTimeProgress(done),
      stateOperators: done.rows.reports.map((report) => operatorProgress(report, done, state!)),
      sources: ready.inputs.map((range, i) => ({
        description: this.#plan.inputs[i]!.source.description,
        ...sourceProgress(range),
        ...ratesOf(range.numInputRows),
      })),
      sink: sinks[0]!,
      sinks,
      numDeadLetters: sum(ready.inputs, ({ deadLetters }) => deadLetters.length),
    };
    this.#lastStartedMs = startedMs;
    this.#lastEndedMs = nowMs;
    this.recent.push(progress);
    if (this.recent.length > RECENT_PROGRESS) this.recent.shift();
    return progress;
  }
}

function eventTimeProgress({ planned, rows }: DoneBatch): EventTimeProgress {
  const watermark = isoTime(planned.watermarkMs);
  const seen = rows.eventTimes.reduce(mergeEventTimes, undefined);
  if (seen === undefined) return { watermark };
  return {
    max: isoTime(seen.maxMs),
    min: isoTime(seen.minMs),
    avg: isoTime(seen.avgMs),
    watermark,
  };
}

function operatorProgress(
  { step, durationMs, late }: StepReport,
  { stateCommitMs }: DoneBatch,
  state: QueryState,
): StateOperatorProgress {
  const { numRowsTotal, numRowsUpdated, numRowsRemoved } = state.of(step);
  return {
    operatorName: step.operator.name,
    numRowsTotal,
    numRowsUpdated,
    allUpdatesTimeMs: durationMs,
    numRowsRemoved,
    commitTimeMs: stateCommitMs,
    memoryUsedBytes: state.sizeBytes,
    numRowsDroppedByWatermark: sum(late, (rows) => rows?.numRows ?? 0),
    numShufflePartitions: 1,
    numStateStoreInstances: 1,
  };
}

function sinkProgress({ outcomes }: DoneBatch): SinkProgress[] {
  return [...outcomes].map(([description, outcome]) =>
    outcome.status === "alreadyCommitted" ? { description, numOutputRows: 0 } : {
      description,
      numOutputRows: outcome.numOutputRows,
      ...(outcome.tableVersion === undefined ? {} : { tableVersion: outcome.tableVersion }),
    }
  );
}

function sourceProgress(
  range: InputRange,
): Pick<SourceProgress, "startOffset" | "endOffset" | "latestOffset" | "metrics"> {
  const behind = offsetsBehindLatest(range.endOffsets, range.latestOffsets);
  return {
    startOffset: range.startOffsets,
    endOffset: range.endOffsets,
    latestOffset: range.latestOffsets,
    metrics: {
      minOffsetsBehindLatest: String(behind.min),
      maxOffsetsBehindLatest: String(behind.max),
      avgOffsetsBehindLatest: String(behind.avg),
    },
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function perSecond(rows: number, ms: number): number {
  return ms <= 0 ? 0 : rows * 1000 / ms;
}
