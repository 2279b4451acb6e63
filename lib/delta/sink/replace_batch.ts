import type { MicroBatch } from "../../core/mod.ts";
import { removeAction } from "../commands/file_actions.ts";
import { appendBatch } from "./append_batch.ts";
import type { BatchChanges, BatchTarget } from "./batch_changes.ts";

/** Puts the rows of a batch in the place of all that a table has. */
export async function replaceBatch(target: BatchTarget, batch: MicroBatch): Promise<BatchChanges> {
  const appended = await appendBatch(target, batch);
  const files = [...target.snapshot?.files() ?? []];
  const deletionTimestamp = Date.now();
  return {
    ...appended,
    outputMode: "Complete",
    actions: [
      ...files.map((file) => removeAction(file, deletionTimestamp)),
      ...appended.actions,
    ],
    reads: { kind: "files", paths: new Set(files.map(({ path }) => path)), wouldRead: () => true },
  };
}
