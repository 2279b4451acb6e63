import type { Offsets } from "../core/mod.ts";
import type { DoneBatch } from "./batch_runner.ts";
import {
  offsetsBehindLatest,
  type SinkProgress,
  type SourceProgress,
  type StreamingQueryProgress,
} from "./progress.ts";
import type { DecodedRange } from "./read_batch.ts";

const RECENT_PROGRESS = 100;

/** A range that is read, and what was known when it was chosen. */
export interface ReadyRange extends DecodedRange {
  readonly latestOffsets: Offsets;
  /** When its reading began, in milliseconds since 1970. */
  readonly startedMs: number;
  /** What it took to choose it and to read it, in milliseconds. */
  readonly latestOffsetMs: number;
  readonly getBatchMs: number;
}

/** Whose progress it is. */
export interface QueryIdentity {
  readonly id: string;
  readonly runId: string;
  readonly name: string;
}

/** Makes the progress of each batch, and keeps the newest. */
export class ProgressReporter {
  /** The newest batches, oldest first. */
  readonly recent: StreamingQueryProgress[] = [];
  readonly #query: QueryIdentity;
  readonly #source: string;
  #lastStartedMs: number | undefined;
  #lastEndedMs = 0;

  /** For one run of a query. */
  constructor(query: QueryIdentity, source: string) {
    this.#query = query;
    this.#source = source;
  }

  /** The progress of a batch that has just been done. */
  add(batchId: number, range: ReadyRange, done: DoneBatch, nowMs: number): StreamingQueryProgress {
    // A batch is read while the one before commits: count it from that one's end.
    const startedMs = Math.max(range.startedMs, this.#lastEndedMs);
    const triggerExecution = nowMs - startedMs;
    const rates = {
      numInputRows: range.numInputRows,
      inputRowsPerSecond: perSecond(
        range.numInputRows,
        startedMs - (this.#lastStartedMs ?? startedMs),
      ),
      processedRowsPerSecond: perSecond(range.numInputRows, triggerExecution),
    };
    const sinks = [...done.outcomes].map(([description, outcome]): SinkProgress =>
      outcome.status === "alreadyCommitted" ? { description, numOutputRows: 0 } : {
        description,
        numOutputRows: outcome.numOutputRows,
        ...(outcome.tableVersion === undefined ? {} : { tableVersion: outcome.tableVersion }),
      }
    );
    const progress: StreamingQueryProgress = {
      id: this.#query.id,
      runId: this.#query.runId,
      name: this.#query.name,
      timestamp: new Date(nowMs).toISOString(),
      batchId,
      batchDuration: triggerExecution,
      ...rates,
      durationMs: {
        latestOffset: range.latestOffsetMs,
        getBatch: range.getBatchMs,
        ...done.durationMs,
        triggerExecution,
      },
      stateOperators: [],
      sources: [{ ...this.#sourceProgress(range), ...rates }],
      sink: sinks[0]!,
      sinks,
      numDeadLetters: range.deadLetters.length,
    };
    this.#lastStartedMs = startedMs;
    this.#lastEndedMs = nowMs;
    this.recent.push(progress);
    if (this.recent.length > RECENT_PROGRESS) this.recent.shift();
    return progress;
  }

  #sourceProgress(
    range: ReadyRange,
  ): Pick<
    SourceProgress,
    "description" | "startOffset" | "endOffset" | "latestOffset" | "metrics"
  > {
    const behind = offsetsBehindLatest(range.endOffsets, range.latestOffsets);
    return {
      description: this.#source,
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
}

function perSecond(rows: number, ms: number): number {
  return ms <= 0 ? 0 : rows * 1000 / ms;
}
