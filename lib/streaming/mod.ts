/**
 * The engine: plans micro-batches, reads and decodes them, brings them to every sink exactly once
 * and keeps the checkpoint. Pipelines and notebooks call it through `pipeline`; it knows sources,
 * decoders and sinks only by the contracts in core, and calls `transforms` for the operators.
 *
 *     checkpoint      metadata, offsets/N, commits/N: what is planned and what is done
 *     next_range      what to read next
 *     row_maker       a block of records -> decoder -> operators -> rows
 *     read_batch      a range of records -> rows and dead letters
 *     batch_runner    plan -> sinks -> done
 *     streaming_query the loop around them, reading ahead
 *
 * @module
 */
export {
  Checkpoint,
  type PlannedBatch,
  type PlannedRange,
  type Recovery,
  type TopicRecord,
} from "./checkpoint.ts";
export { type ForeachBatch, foreachBatch } from "./foreach_batch.ts";
export { Pipeline, pipeline, type PipelineSource, type PipelineStart } from "./pipeline.ts";
export { planBatch } from "./plan_batch.ts";
export {
  type BatchDurations,
  offsetsBehindLatest,
  progressJson,
  type SinkProgress,
  type SourceProgress,
  type StreamingQueryProgress,
} from "./progress.ts";
export type { QueryListener } from "./query_listener.ts";
export type { StartOptions } from "./start_query.ts";
export { StreamingQuery } from "./streaming_query.ts";
export { parseTrigger, type Trigger } from "./trigger.ts";
