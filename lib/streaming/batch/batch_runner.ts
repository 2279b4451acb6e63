import {
  Batch,
  type Clock,
  type CommitOutcome,
  type DeadLetter,
  failpoint,
  type MicroBatch,
} from "../../core/mod.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { PlannedBatch } from "../checkpoint/planned_batch.ts";
import { mergeOffsets } from "../checkpoint/merge_offsets.ts";
import type { InputRange, ReadyBatch } from "../input/batch_reader.ts";
import type { QueryStatus } from "../progress/query_status.ts";
import type { QueryState } from "../state/query_state.ts";
import { commitBatch, type OpenSink } from "./commit_batch.ts";
import type { OperatorRunner, PlanRows, StepReport } from "./operator_runner.ts";
import {
  refuseLostDeadLetters,
  refuseStrangerBatch,
  refuseUnstorableRows,
} from "./refuse_batch.ts";
import type { WatermarkTracker } from "./watermark_tracker.ts";

/** How long the steps of a batch took, in milliseconds. */
export interface RunDurations {
  readonly walCommit: number;
  readonly addBatch: number;
  readonly commitOffsets: number;
}

/** A batch that is in every sink. */
export interface DoneBatch {
  readonly planned: PlannedBatch;
  readonly outcomes: ReadonlyMap<string, CommitOutcome>;
  readonly rows: PlanRows;
  readonly durationMs: RunDurations;
  /** What it took to commit the state, in milliseconds. */
  readonly stateCommitMs: number;
}

/** Tries a step again while it fails with an error that may pass. */
export type Retry = <T>(attempted: string, step: () => Promise<T>) => Promise<T>;

/** What a batch is run with. */
export interface BatchRunnerParts {
  readonly checkpoint: Checkpoint;
  readonly operators: OperatorRunner;
  readonly watermarks: WatermarkTracker;
  readonly state: QueryState | undefined;
  readonly sinks: readonly OpenSink[];
  readonly clock: Clock;
  readonly status: QueryStatus;
  readonly retry: Retry;
}

/** Takes batches that are read through the commit protocol, one after the other. */
export class BatchRunner {
  readonly #parts: BatchRunnerParts;

  /** Makes a runner for one run of a query. */
  constructor(parts: BatchRunnerParts) {
    this.#parts = parts;
  }

  /** Plans a new batch, runs and commits it and notes that it is done. */
  async run(batchId: number, ready: ReadyBatch): Promise<DoneBatch> {
    const { clock, watermarks, checkpoint, status } = this.#parts;
    refuseLostDeadLetters(batchId, ready.inputs, this.#parts.sinks);
    const startedMs = clock.nowMs();
    const planned: PlannedBatch = {
      batchId,
      ranges: ready.inputs.map(({ startOffsets, endOffsets }) => ({ startOffsets, endOffsets })),
      watermarkMs: watermarks.currentMs,
      lateWatermarkMs: watermarks.lateMs,
      timestampMs: startedMs,
    };
    status.step("planning");
    await checkpoint.plan(planned);
    // From here a crash replays exactly these ranges under this batchId.
    await failpoint("planned");
    const walCommit = clock.nowMs() - startedMs;
    return await this.#commit(planned, ready.inputs, walCommit, refuseStrangerBatch);
  }

  /** Runs a batch that an earlier run planned; sinks that have it skip it. */
  replay(planned: PlannedBatch, ready: ReadyBatch): Promise<DoneBatch> {
    refuseLostDeadLetters(planned.batchId, ready.inputs, this.#parts.sinks);
    return this.#commit(planned, ready.inputs, 0, () => {});
  }

  async #commit(
    planned: PlannedBatch,
    inputs: readonly InputRange[],
    walCommit: number,
    check: (batchId: number, outcomes: ReadonlyMap<string, CommitOutcome>) => void,
  ): Promise<DoneBatch> {
    const { checkpoint, operators, watermarks, state, clock, status, retry } = this.#parts;
    const { batchId } = planned;
    const startedMs = clock.nowMs();
    status.planned(planned);
    try {
      status.step("operators");
      state?.begin(batchId);
      const rows = await operators.run(inputs, planned);
      await failpoint("operators-run");
      const after = watermarks.after(rows.eventTimes);
      const batches = this.#microBatches(planned, inputs, rows);
      const outcomes = new Map<string, CommitOutcome>();
      status.step("sinks");
      // Tried again, the sinks get the same rows: operators run once.
      await retry(`bring batch ${batchId} to the sinks`, () => commitBatch(batches, outcomes));
      check(batchId, outcomes);
      await failpoint("sinks-committed");
      // Every sink has the batch. A crash before the state has it runs it again: the operators make the
      // same rows of the state as of N-1, and every sink skips them.
      const sinksDoneMs = clock.nowMs();
      if (state !== undefined) {
        status.step("state");
        await state.commit(after);
      }
      const committedMs = clock.nowMs();
      status.step("committing");
      // A crash before this line finds the batch in every sink and in the state, and only writes it.
      await checkpoint.commit(batchId, after.nextWatermarkMs);
      await failpoint("done");
      watermarks.advance(after);
      status.planned(undefined);
      return {
        planned,
        outcomes,
        rows,
        durationMs: {
          walCommit,
          addBatch: committedMs - startedMs,
          commitOffsets: clock.nowMs() - committedMs,
        },
        stateCommitMs: committedMs - sinksDoneMs,
      };
    } catch (error) {
      state?.rollback();
      throw error;
    }
  }

  #microBatches(
    { batchId, ranges }: PlannedBatch,
    inputs: readonly InputRange[],
    rows: PlanRows,
  ): ReadonlyMap<OpenSink, MicroBatch> {
    const common = {
      batchId,
      deadLetters: inputs.length === 1
        ? inputs[0]!.deadLetters
        : inputs.flatMap<DeadLetter>((input) => input.deadLetters),
      startOffsets: mergeOffsets(ranges.map((range) => range.startOffsets)),
      endOffsets: mergeOffsets(ranges.map((range) => range.endOffsets)),
    };
    const batches = new Map<OpenSink, MicroBatch>();
    for (const sink of this.#parts.sinks) {
      const batch = { ...common, ...rowsFor(sink, rows) };
      if (sink.slot >= inputs.length) refuseUnstorableRows(sink, batch);
      batches.set(sink, batch);
    }
    return batches;
  }
}

function rowsFor(
  { slot, late, schema }: OpenSink,
  rows: PlanRows,
): { batch: Batch; deletes?: Batch } {
  if (late === undefined) return rows.slots[slot]!;
  const isHere = ({ step }: StepReport) => step === late.step;
  return { batch: rows.reports.find(isHere)?.late[late.input] ?? new Batch(schema) };
}
