import { offsetRanges, type Offsets } from "../../core/mod.ts";

/** How long each step of a batch took, in milliseconds, under Spark's names. */
export interface BatchDurations {
  /** Asking for the end of the source and planning the ranges. */
  readonly latestOffset: number;
  /** Reading and decoding, which overlaps the batch before. */
  readonly getBatch: number;
  /** Writing `offsets/N`. */
  readonly walCommit: number;
  /** Staging and committing in every sink. */
  readonly addBatch: number;
  /** Writing `commits/N`. */
  readonly commitOffsets: number;
  /** From the end of the batch before, or the start of this one, to the end of this one. */
  readonly triggerExecution: number;
}

/** What a batch did to a source. */
export interface SourceProgress {
  /** As the source calls itself: `KafkaV2[Subscribe[trades]]`. */
  readonly description: string;
  /** Where the batch begins. */
  readonly startOffset: Offsets;
  /** Where it ends, exclusive. */
  readonly endOffset: Offsets;
  /** The end of the source when the batch was planned. */
  readonly latestOffset: Offsets;
  /** Records read. */
  readonly numInputRows: number;
  /** Records read, over the time since the batch before began. */
  readonly inputRowsPerSecond: number;
  /** Records read, over the time the batch took. */
  readonly processedRowsPerSecond: number;
  /** How far the query is behind the end, over the partitions, in offsets. */
  readonly metrics: {
    readonly minOffsetsBehindLatest: string;
    readonly maxOffsetsBehindLatest: string;
    readonly avgOffsetsBehindLatest: string;
  };
}

/** What a batch did to a sink. */
export interface SinkProgress {
  /** The sink's name: `postgres(trades)`. */
  readonly description: string;
  /** Rows written; 0 if the sink had the batch already. */
  readonly numOutputRows: number;
  /** The version of a versioned table that holds the batch. */
  readonly tableVersion?: number;
}

/** The event times of a batch, ISO 8601, UTC. */
export interface EventTimeProgress {
  /** The latest that came by a watermark; absent if none did. */
  readonly max?: string;
  /** The earliest. */
  readonly min?: string;
  /** Their mean. */
  readonly avg?: string;
  /** The watermark that the batch was run with; absent if the query has none. */
  readonly watermark?: string;
}

/** What a batch did to the state of an operator, with the fields of Spark's `StateOperatorProgress`. */
export interface StateOperatorProgress {
  /** As in Spark: `stateStoreSave`, `dedupe`, `symmetricHashJoin`, … */
  readonly operatorName: string;
  /** Entries in its state. */
  readonly numRowsTotal: number;
  /** Entries that the batch wrote. */
  readonly numRowsUpdated: number;
  /** What the operator took, in milliseconds. */
  readonly allUpdatesTimeMs: number;
  /** Entries that the batch removed. */
  readonly numRowsRemoved: number;
  /** What it took to commit the state, all of it together, in milliseconds. */
  readonly commitTimeMs: number;
  /** Bytes of the state of all operators, on disk. */
  readonly memoryUsedBytes: number;
  /** Rows that came too late and were left out; `lateTo` keeps them. */
  readonly numRowsDroppedByWatermark: number;
  /** Always 1. */
  readonly numShufflePartitions: number;
  /** Always 1. */
  readonly numStateStoreInstances: number;
}

/**
 * What one batch did, with the fields of Spark's `StreamingQueryProgress`. Spark has one sink; here
 * `sink` is the first and `sinks` are all, those of late rows too.
 */
export interface StreamingQueryProgress {
  /** The query's id, the same over all restarts. */
  readonly id: string;
  /** This run's id. */
  readonly runId: string;
  /** The query's name. */
  readonly name: string;
  /** When the batch ended, ISO 8601, UTC. */
  readonly timestamp: string;
  /** 0, 1, 2, … over all runs of the query. */
  readonly batchId: number;
  /** The same as `durationMs.triggerExecution`. */
  readonly batchDuration: number;
  /** Records read. */
  readonly numInputRows: number;
  /** Records read, over the time since the batch before began. */
  readonly inputRowsPerSecond: number;
  /** Records read, over the time the batch took. */
  readonly processedRowsPerSecond: number;
  /** What the steps took. */
  readonly durationMs: BatchDurations;
  /** Event times and watermark; empty if the query has no watermark. */
  readonly eventTime: EventTimeProgress;
  /** The operators that keep state, in the order of the plan. */
  readonly stateOperators: readonly StateOperatorProgress[];
  /** The sources, in the order of the plan. */
  readonly sources: readonly SourceProgress[];
  /** The first sink. */
  readonly sink: SinkProgress;
  /** Every sink, in the order of its commit. */
  readonly sinks: readonly SinkProgress[];
  /** Records that could not become rows. */
  readonly numDeadLetters: number;
}

/** One line of JSON of a progress; offsets keep all their digits. */
export function progressJson(progress: StreamingQueryProgress): string {
  return JSON.stringify(
    progress,
    (_key, value) => typeof value === "bigint" ? rawJson(String(value)) : value,
  );
}

/** How far `end` is behind `latest` in each partition: the least, the most and the mean. */
export function offsetsBehindLatest(
  end: Offsets,
  latest: Offsets,
): { min: bigint; max: bigint; avg: number; total: bigint } {
  const behind = new Map(
    offsetRanges(end, latest).map((
      range,
    ) => [`${range.topic}-${range.partition}`, range.endOffsetExclusive - range.startOffset]),
  );
  const lags = Object.entries(latest).flatMap(([topic, partitions]) =>
    Object.keys(partitions).map((partition) => behind.get(`${topic}-${partition}`) ?? 0n)
  );
  const total = lags.reduce((sum, lag) => sum + lag, 0n);
  return {
    min: lags.reduce((least, lag) => lag < least ? lag : least, lags[0] ?? 0n),
    max: lags.reduce((most, lag) => lag > most ? lag : most, 0n),
    avg: lags.length === 0 ? 0 : Number(total) / lags.length,
    total,
  };
}

function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
}
