import type {
  Batch,
  CommitOutcome,
  MicroBatch,
  Schema,
  SinkContext,
  SinkWriter,
} from "../../lib/core/mod.ts";

/** A batch as the engine hands it to sinks. */
export function microBatch<Row>(batchId: number, batch: Batch<Row>): MicroBatch {
  return {
    batchId,
    batch: batch as unknown as Batch,
    deadLetters: [],
    startOffsets: {},
    endOffsets: {},
  };
}

/** What a sink is told about a query. */
export function sinkContext<Row>(schema: Schema<Row>, queryId = "query-1"): SinkContext {
  return { queryId, queryName: "test", schema: schema as unknown as Schema };
}

/** Stages and commits a batch, as the engine does. */
export async function commitBatch<Row>(
  writer: SinkWriter,
  batchId: number,
  batch: Batch<Row>,
): Promise<CommitOutcome> {
  return await (await writer.stage(microBatch(batchId, batch))).commit();
}
