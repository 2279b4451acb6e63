import {
  type CommitOutcome,
  failpoint,
  type MicroBatch,
  type SinkWriter,
  type StagedBatch,
} from "../../core/mod.ts";
import type { PlanSink } from "../plan/query_plan.ts";

/** A sink at work. */
export interface OpenSink extends PlanSink {
  readonly writer: SinkWriter;
}

/**
 * Brings a planned batch into every sink that is not in `outcomes` yet, and adds each outcome there
 * as it comes. All sinks write at the same time; then they commit one after the other.
 *
 * Every commit is atomic with its key `(queryId, batchId)`: a crash between two of them leaves the
 * first with the batch and the second without, and the replay brings it to the second only.
 *
 * @param batches What each sink gets.
 */
export async function commitBatch(
  batches: ReadonlyMap<OpenSink, MicroBatch>,
  outcomes: Map<string, CommitOutcome>,
): Promise<void> {
  const todo = [...batches.keys()].entries().filter(([, { sink }]) => !outcomes.has(sink.name))
    .toArray();
  const tries = await Promise.allSettled(todo.map(async ([i, openSink]) => {
    const staged = await openSink.writer.stage(batches.get(openSink)!);
    try {
      await failpoint(`staged:${i}`);
    } catch (error) {
      await staged.abort();
      throw error;
    }
    return staged;
  }));
  const staged = tries.map((result) => result.status === "fulfilled" ? result.value : undefined);
  try {
    for (const result of tries) if (result.status === "rejected") throw result.reason;
    for (const [place, [i, { sink }]] of todo.entries()) {
      await failpoint(`committing:${i}`);
      const stagedBatch = staged[place]!;
      staged[place] = undefined;
      outcomes.set(sink.name, await stagedBatch.commit());
      await failpoint(`committed:${i}`);
    }
  } finally {
    await abortAll(staged);
  }
}

async function abortAll(staged: readonly (StagedBatch | undefined)[]): Promise<void> {
  await Promise.all(staged.map((stagedBatch) => stagedBatch?.abort()));
}
