import type { StreamingQueryProgress } from "../../lib/streaming/mod.ts";

const DURATIONS = {
  latestOffset: 3,
  getBatch: 40,
  walCommit: 5,
  addBatch: 1_000,
  commitOffsets: 0,
  triggerExecution: 70_000,
};

/** The progress of a batch of a query with two sources, two sinks and two operators with state. */
export function progressOf(changes: Partial<StreamingQueryProgress> = {}): StreamingQueryProgress {
  const source = {
    description: 'KafkaV2[Subscribe["a\\b"]]',
    startOffset: { trades: { 0: 1n, 1: 0n } },
    endOffset: { trades: { 0: 9007199254740993n, 1: 5n } },
    latestOffset: { trades: { 0: 9007199254740993n, 1: 12n } },
    numInputRows: 30,
    inputRowsPerSecond: 15.5,
    processedRowsPerSecond: 60,
    metrics: {
      minOffsetsBehindLatest: "0",
      maxOffsetsBehindLatest: "7",
      avgOffsetsBehindLatest: "3.5",
    },
  };
  const sinks = [
    { description: "postgres(trades)", numOutputRows: 28 },
    { description: "delta(lake)", numOutputRows: 28, tableVersion: 41 },
  ];
  const operator = {
    operatorName: "stateStoreSave",
    numRowsTotal: 1_000,
    numRowsUpdated: 10,
    allUpdatesTimeMs: 1,
    numRowsRemoved: 2,
    commitTimeMs: 3,
    memoryUsedBytes: 65_536,
    numRowsDroppedByWatermark: 4,
    numShufflePartitions: 1,
    numStateStoreInstances: 1,
  };
  return {
    id: "query-1",
    runId: "run-1",
    name: 'trades "live"',
    timestamp: "2026-01-01T00:00:01.500Z",
    batchId: 7,
    batchDuration: DURATIONS.triggerExecution,
    numInputRows: 30,
    inputRowsPerSecond: 15.5,
    processedRowsPerSecond: 60,
    durationMs: DURATIONS,
    eventTime: { watermark: "2026-01-01T00:00:00.250Z" },
    stateOperators: [operator, { ...operator, numRowsTotal: 5, numRowsDroppedByWatermark: 0 }],
    sources: [source, { ...source, numInputRows: 0, latestOffset: source.endOffset }],
    sink: sinks[0]!,
    sinks,
    numDeadLetters: 2,
    ...changes,
  };
}
