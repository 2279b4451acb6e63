import type { Batch, OutputMode, Sink, SinkWriter } from "../core/mod.ts";

/**
 * What a user's own sink does with a batch. `deletes` are there in update mode alone: rows of keys
 * that are no longer in the result.
 */
export type ForeachBatch<Row> = (
  batch: Batch<Row>,
  batchId: number,
  deletes: Batch<Row> | undefined,
) => Promise<void> | void;

const NAME = "foreachBatch";

/**
 * A sink of your own. After a crash the function may see a batch again, with the same `batchId` and
 * the same rows: store the id with what you write and skip what you have, or make writing twice
 * harmless.
 */
export function foreachBatch<Row>(write: ForeachBatch<Row>): Sink {
  return new ForeachBatchSink(write as ForeachBatch<Record<string, unknown>>, NAME);
}

/** The same sinks; functions, which have no names of their own, are numbered from the second on. */
export function withNumberedFunctions(sinks: readonly Sink[]): Sink[] {
  let functions = 0;
  return sinks.map((sink) => {
    if (!(sink instanceof ForeachBatchSink)) return sink;
    return ++functions === 1 ? sink : sink.named(`${NAME} ${functions}`);
  });
}

class ForeachBatchSink implements Sink {
  readonly takesDeadLetters = false;
  readonly outputModes: readonly OutputMode[] = ["append", "update", "complete"];
  readonly #write: ForeachBatch<Record<string, unknown>>;

  constructor(write: ForeachBatch<Record<string, unknown>>, readonly name: string) {
    this.#write = write;
  }

  named(name: string): Sink {
    return new ForeachBatchSink(this.#write, name);
  }

  open(): Promise<SinkWriter> {
    return Promise.resolve({
      lastBatchId: () => Promise.resolve(undefined),
      stage: ({ batch, batchId, deletes }) =>
        Promise.resolve({
          commit: async () => {
            await this.#write(batch, batchId, deletes);
            return { status: "committed", numOutputRows: batch.numRows };
          },
          abort: () => Promise.resolve(),
        }),
      close: () => Promise.resolve(),
    });
  }
}
