import type { Batch, Sink } from "../core/mod.ts";

/** What a user's own sink does with a batch. */
export type ForeachBatch<Row> = (batch: Batch<Row>, batchId: number) => Promise<void> | void;

/**
 * A sink of your own. After a crash the function may see a batch again, with the same `batchId` and
 * the same rows: store the id with what you write and skip what you have, or make writing twice
 * harmless.
 */
export function foreachBatch<Row>(write: ForeachBatch<Row>): Sink {
  return {
    name: "foreachBatch",
    takesDeadLetters: false,
    open: () =>
      Promise.resolve({
        lastBatchId: () => Promise.resolve(undefined),
        stage: ({ batch, batchId }) =>
          Promise.resolve({
            commit: async () => {
              await write(batch as unknown as Batch<Row>, batchId);
              return { status: "committed", numOutputRows: batch.numRows };
            },
            abort: () => Promise.resolve(),
          }),
        close: () => Promise.resolve(),
      }),
  };
}
