import type {
  Batch,
  CommitOutcome,
  MicroBatch,
  Schema,
  SinkContext,
  SinkWriter,
} from "../../lib/core/mod.ts";

/** A batch as the engine hands it to sinks. */
export function microBatch(batchId: number, batch: Batch): MicroBatch {
  return { batchId, batch, deadLetters: [], startOffsets: {}, endOffsets: {} };
}

/** What a sink is told about a query. */
export function sinkContext(schema: Schema, queryId = "query-1"): SinkContext {
  return { queryId, queryName: "test", schema };
}

/** Stages and commits a batch, as the engine does. */
export async function commitBatch(
  writer: SinkWriter,
  batchId: number,
  batch: Batch,
): Promise<CommitOutcome> {
  return await (await writer.stage(microBatch(batchId, batch))).commit();
}
