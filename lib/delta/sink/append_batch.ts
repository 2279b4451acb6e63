import type { MicroBatch } from "../../core/mod.ts";
import { DataFileWriter } from "../files/data_file_writer.ts";
import type { BatchChanges, BatchTarget } from "./batch_changes.ts";

/** Adds the rows of a batch to a table. */
export async function appendBatch(
  { layout }: BatchTarget,
  { batch }: MicroBatch,
): Promise<BatchChanges> {
  const writer = new DataFileWriter(layout);
  try {
    await writer.write(batch);
    const files = await writer.finish();
    return {
      outputMode: "Append",
      actions: files.map((add) => ({ add })),
      reads: { kind: "nothing" },
      numOutputRows: batch.numRows,
      metrics: {},
      discard: () => writer.abort(),
    };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
