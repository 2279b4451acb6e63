import {
  type Batch,
  type CommitOutcome,
  type DeadLetter,
  type MicroBatch,
  type Rejection,
  type Sink,
  type SinkWriter,
  SluiceError,
} from "../../lib/core/mod.ts";

/** What goes wrong with a commit. */
export type CommitFault = "before" | "after" | undefined;

/** A table in memory that keeps the contract of the real sinks, over as many runs as a test makes. */
export class MemorySink implements Sink {
  readonly name: string;
  readonly takesDeadLetters: boolean;
  rows: Record<string, unknown>[] = [];
  deadLetters: DeadLetter[] = [];
  batchSizes: number[] = [];
  /** The newest batch it holds. */
  held = -1;
  /** Called at each commit; what it returns fails it, before or after it takes effect. */
  onCommit: (batchId: number) => CommitFault = () => undefined;
  /** Called at each staging; may throw. */
  onStage: (batchId: number) => void = () => {};
  /** Refuses rows of a batch. */
  rejectRows: ((batch: Batch, startRow: number) => Rejection[]) | undefined;
  /** As if it wrote to a topic. */
  topicId: string | undefined;
  openWriters = 0;

  constructor(name: string, takesDeadLetters = true) {
    this.name = name;
    this.takesDeadLetters = takesDeadLetters;
  }

  open(): Promise<SinkWriter> {
    this.openWriters++;
    const sent = new Set<number>();
    return Promise.resolve({
      topicId: this.topicId,
      lastBatchId: () => Promise.resolve(this.held),
      ...(this.rejectRows === undefined ? {} : { reject: this.rejectRows }),
      stage: async (batch) => {
        await Promise.resolve();
        this.onStage(batch.batchId);
        return { commit: () => this.#commit(batch, sent), abort: () => Promise.resolve() };
      },
      close: () => {
        this.openWriters--;
        return Promise.resolve();
      },
    });
  }

  async #commit(
    { batchId, batch, deadLetters }: MicroBatch,
    sent: Set<number>,
  ): Promise<CommitOutcome> {
    await Promise.resolve();
    const fault = this.onCommit(batchId);
    if (fault === "before") throw away();
    if (this.held >= batchId) {
      return sent.has(batchId)
        ? { status: "committed", numOutputRows: batch.numRows }
        : { status: "alreadyCommitted" };
    }
    sent.add(batchId);
    this.rows.push(...batch.rows());
    this.deadLetters.push(...deadLetters);
    this.batchSizes.push(batch.numRows);
    this.held = batchId;
    if (fault === "after") throw away();
    return { status: "committed", numOutputRows: batch.numRows };
  }
}

/** The error of a service that is away. */
export function away(): SluiceError {
  return new SluiceError("AWAY", { attempted: "reach the service", retryable: true });
}
