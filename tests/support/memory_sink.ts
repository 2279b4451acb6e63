import {
  type Batch,
  type CommitOutcome,
  type DeadLetter,
  type MicroBatch,
  type Offsets,
  type OutputMode,
  type Rejection,
  type Sink,
  type SinkContext,
  type SinkWriter,
  SluiceError,
} from "../../lib/core/mod.ts";

/** What goes wrong with a commit. */
export type CommitFault = "before" | "after" | undefined;

/** A key as text, every digit of it. */
const keyText = (value: unknown) =>
  JSON.stringify(value, (_, part) => typeof part === "bigint" ? `${part}` : part);

/** A table in memory that keeps the contract of the real sinks, over as many runs as a test makes. */
export class MemorySink implements Sink {
  readonly name: string;
  readonly takesDeadLetters: boolean;
  outputModes: readonly OutputMode[] = ["append", "update", "complete"];
  /** What it was told about the query when it was opened last. */
  context: SinkContext | undefined;
  rows: Record<string, unknown>[] = [];
  deadLetters: DeadLetter[] = [];
  batchSizes: number[] = [];
  /** The ids of the batches it got, and where they end. */
  ends: [batchId: number, endOffsets: Offsets][] = [];
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

  open(context: SinkContext): Promise<SinkWriter> {
    this.context = context;
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
    { batchId, batch, deletes, deadLetters, endOffsets }: MicroBatch,
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
    this.#write([...batch.rows()], [...deletes?.rows() ?? []]);
    this.ends.push([batchId, endOffsets]);
    this.deadLetters.push(...deadLetters);
    this.batchSizes.push(batch.numRows);
    this.held = batchId;
    if (fault === "after") throw away();
    return { status: "committed", numOutputRows: batch.numRows };
  }

  #write(rows: Record<string, unknown>[], deletes: Record<string, unknown>[]): void {
    const { outputMode, keyColumns } = this.context!;
    if (outputMode === "complete") this.rows = [];
    if (outputMode === "update") {
      const keyOf = (row: Record<string, unknown>) => keyText(keyColumns.map((name) => row[name]));
      const keys = [...rows, ...deletes].map(keyOf);
      const changed = new Set(keys);
      if (keyColumns.length === 0 || changed.size < keys.length) {
        throw new Error(`sink ${this.name} got rows that keys do not tell apart: ${keys}`);
      }
      this.rows = this.rows.filter((row) => !changed.has(keyOf(row)));
    } else if (deletes.length > 0) throw new Error(`deletes in ${outputMode} mode`);
    this.rows.push(...rows);
  }
}

/** The error of a service that is away. */
export function away(): SluiceError {
  return new SluiceError("AWAY", { attempted: "reach the service", retryable: true });
}
