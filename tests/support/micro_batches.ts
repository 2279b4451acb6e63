import type {
  Batch,
  CommitOutcome,
  MicroBatch,
  Schema,
  SinkContext,
  SinkWriter,
} from "../../lib/core/mod.ts";

/** A batch as the engine hands it to sinks; `more` for what a test asks of it beside its rows. */
export function microBatch(
  batchId: number,
  batch: Batch,
  more: Partial<MicroBatch> = {},
): MicroBatch {
  return { batchId, batch, deadLetters: [], startOffsets: {}, endOffsets: {}, ...more };
}

/** What a sink is told about a query. */
export function sinkContext(
  schema: Schema,
  queryId = "query-1",
  queryName = "test",
): SinkContext {
  return { queryId, queryName, schema, outputMode: "append", keyColumns: [] };
}

/** Stages and commits a batch, as the engine does. */
export async function commitBatch(
  writer: SinkWriter,
  batchId: number,
  batch: Batch,
): Promise<CommitOutcome> {
  return await (await writer.stage(microBatch(batchId, batch))).commit();
}
