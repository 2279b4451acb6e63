/**
 * The engine: plans micro-batches, reads and decodes them, takes them through the operators, brings
 * them to every sink exactly once and keeps the checkpoint. Pipelines and notebooks call it through
 * `pipeline`; it knows sources, decoders and sinks only by the contracts in core, and calls
 * `transforms` for the operators and `state` for what they remember.
 *
 *     pipeline, start_query   a query as it is written, and its start
 *     plan                    nodes as they are written -> inputs, steps and sinks in their order
 *     checkpoint              metadata, offsets/N, commits/N: what is planned and what is done
 *     input                   what to read next; a range of records -> rows and dead letters
 *     batch                   plan -> operators -> sinks -> state -> done; watermarks
 *     state                   the operators' state, the tables that streams are joined with
 *     query_run               the loop around them, reading ahead
 *     progress                what is told of it all
 *     failpoints              every step at which a fault test may let it crash
 *
 * @module
 */
export { Checkpoint } from "./checkpoint/checkpoint.ts";
export type {
  PlannedBatch,
  PlannedRange,
  Recovery,
  SourceRange,
} from "./checkpoint/planned_batch.ts";
export type { SourceLog, TopicRecord } from "./checkpoint/source_log.ts";
export { type CheckpointFiles, type Environment, type StateFiles } from "./environment.ts";
export { type FailpointInfo, FAILPOINTS, failpointsOf, type FaultyQuery } from "./failpoints.ts";
export { type ForeachBatch, foreachBatch } from "./foreach_batch.ts";
export { type ColumnsOf, GroupedPipeline } from "./grouped_pipeline.ts";
export type { LateSinks } from "./late_sinks.ts";
export { Pipeline } from "./pipeline.ts";
export { planBatch } from "./input/plan_batch.ts";
export {
  type BatchDurations,
  type EventTimeProgress,
  offsetsBehindLatest,
  progressJson,
  type SinkProgress,
  type SourceProgress,
  type StateOperatorProgress,
  type StreamingQueryProgress,
} from "./progress/progress.ts";
export type { QueryEvent, QueryListener, QueryTerminated } from "./progress/query_listener.ts";
export type { QueryStep, StreamingQueryStatus } from "./progress/query_status.ts";
export { pipeline, type PipelineSource, type PipelineStart } from "./start_pipeline.ts";
export type { StartOptions } from "./start_query.ts";
export { StreamingQuery } from "./streaming_query.ts";
export { parseTrigger, type Trigger } from "./trigger.ts";
