import {
  type Clock,
  type CommitOutcome,
  failpoint,
  type MicroBatch,
  SluiceError,
} from "../core/mod.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { commitBatch, type OpenSink } from "./commit_batch.ts";
import type { DecodedRange } from "./read_batch.ts";

/** How long the steps of a batch took, in milliseconds. */
export interface RunDurations {
  readonly walCommit: number;
  readonly addBatch: number;
  readonly commitOffsets: number;
}

/** A batch that is in every sink. */
export interface DoneBatch {
  readonly outcomes: ReadonlyMap<string, CommitOutcome>;
  readonly durationMs: RunDurations;
}

/** Tries a step again while it fails with an error that may pass. */
export type Retry = <T>(attempted: string, step: () => Promise<T>) => Promise<T>;

/** Takes batches that are read through the commit protocol, one after the other. */
export class BatchRunner {
  readonly #checkpoint: Checkpoint;
  readonly #sinks: readonly OpenSink[];
  readonly #clock: Clock;
  readonly #retry: Retry;

  /** Makes a runner for one run of a query. */
  constructor(checkpoint: Checkpoint, sinks: readonly OpenSink[], clock: Clock, retry: Retry) {
    this.#checkpoint = checkpoint;
    this.#sinks = sinks;
    this.#clock = clock;
    this.#retry = retry;
  }

  /** Plans a new batch, commits it and notes that it is done. */
  async run(batchId: number, range: DecodedRange): Promise<DoneBatch> {
    this.#refuseLostDeadLetters(batchId, range);
    const startedMs = this.#clock.nowMs();
    const { startOffsets, endOffsets } = range;
    await this.#checkpoint.plan({ batchId, startOffsets, endOffsets }, startedMs);
    // From here a crash replays exactly these ranges under this batchId.
    await failpoint("planned");
    const walCommit = this.#clock.nowMs() - startedMs;
    return await this.#commit(batchId, range, walCommit, refuseStrangerBatch);
  }

  /** Commits a batch that an earlier run planned; sinks that have it skip it. */
  replay(batchId: number, range: DecodedRange): Promise<DoneBatch> {
    this.#refuseLostDeadLetters(batchId, range);
    return this.#commit(batchId, range, 0, () => {});
  }

  async #commit(
    batchId: number,
    range: DecodedRange,
    walCommit: number,
    check: (batchId: number, outcomes: ReadonlyMap<string, CommitOutcome>) => void,
  ): Promise<DoneBatch> {
    const batch: MicroBatch = { batchId, ...range };
    const outcomes = new Map<string, CommitOutcome>();
    const startedMs = this.#clock.nowMs();
    await this.#retry(
      `bring batch ${batchId} to the sinks`,
      () => commitBatch(batch, this.#sinks, outcomes),
    );
    check(batchId, outcomes);
    const committedMs = this.#clock.nowMs();
    await failpoint("sinks-committed");
    // Every sink has the batch. A crash before this line replays it, and every sink skips it.
    await this.#checkpoint.commit(batchId);
    await failpoint("done");
    return {
      outcomes,
      durationMs: {
        walCommit,
        addBatch: committedMs - startedMs,
        commitOffsets: this.#clock.nowMs() - committedMs,
      },
    };
  }

  // A dead letter that no sink keeps would be a record dropped in silence.
  #refuseLostDeadLetters(batchId: number, range: DecodedRange): void {
    const first = range.deadLetters[0];
    if (first === undefined || this.#sinks.some((sink) => sink.takesDeadLetters)) return;
    throw new SluiceError("BAD_RECORD", {
      attempted: `decode batch ${batchId}`,
      where: `${first.topic}-${first.partition}@${first.offset}`,
      found: first.error,
      hint: "no sink of this query keeps dead letters: add one that does (Postgres, or a dead " +
        "letter topic), or mend the schema",
    });
  }
}

// This run has just planned the batch, so nobody else can have written it, unless there is another
// checkpoint of the same query, with a batch of this number and maybe of other records.
function refuseStrangerBatch(
  batchId: number,
  outcomes: ReadonlyMap<string, CommitOutcome>,
): void {
  for (const [sink, { status }] of outcomes) {
    if (status !== "alreadyCommitted") continue;
    throw new SluiceError("FENCED", {
      attempted: `commit batch ${batchId}`,
      where: `sink ${sink}`,
      found: "a batch of this number that this run did not write",
      wanted: "one run of the query",
      hint: "another process runs this query on this checkpoint or on a copy of it: stop one of " +
        "them, and go on with the checkpoint of the one that wrote the batch",
    });
  }
}
