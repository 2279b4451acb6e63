import { SluiceError } from "../../core/mod.ts";
import type { OperatorState, StateStore } from "../../state/mod.ts";
import type { OperatorRun } from "../../transforms/mod.ts";
import { type WatermarkNotes, watermarkNotesIn } from "../batch/watermark_tracker.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { Recovery } from "../checkpoint/planned_batch.ts";
import type { Environment } from "../environment.ts";
import { passesChanges } from "../plan/node.ts";
import type { QueryPlan, StatefulStep } from "../plan/query_plan.ts";

/** The state of a query's operators, one transaction a batch. */
export class QueryState implements Disposable {
  /** The operators at work. */
  readonly runs: ReadonlyMap<StatefulStep, OperatorRun>;
  readonly #store: StateStore;
  readonly #operators: ReadonlyMap<StatefulStep, OperatorState>;

  private constructor(store: StateStore, steps: readonly StatefulStep[]) {
    this.#store = store;
    this.#operators = new Map(
      steps.map((step) => [
        step,
        store.operator(String(step.operatorId), describeState(step)),
      ]),
    );
    this.runs = new Map(
      steps.map((step) => [step, step.operator.open(this.of(step), step.mode)]),
    );
  }

  /**
   * Opens the state of a plan, which is made for a query that is new.
   *
   * @throws {SluiceError} `STATE_MISSING`, `STATE_BEHIND` or `STATE_AHEAD` if the state is not that
   * of the checkpoint; `STATE_MISMATCH` if it is that of other operators.
   */
  static async open(
    plan: QueryPlan,
    checkpoint: Checkpoint,
    recovery: Recovery,
    { state }: Environment,
  ): Promise<QueryState> {
    const path = checkpoint.statePath;
    const plannedBatchId = recovery.replay?.batchId ?? recovery.committedBatchId;
    if (plannedBatchId >= 0 && !await state.isThere(path)) throw missingState(path, plannedBatchId);
    const store = await state.open(path);
    try {
      refuseStrangeState(store.batchId, recovery.committedBatchId, plannedBatchId, path);
      return new QueryState(store, plan.steps.filter((step) => step.kind === "stateful"));
    } catch (error) {
      store.close();
      throw error;
    }
  }

  /** The newest batch that it has; -1 if there is none. */
  get batchId(): number {
    return this.#store.batchId;
  }

  /** What was kept of the watermarks with that batch. */
  get watermarks(): WatermarkNotes | undefined {
    return watermarkNotesIn(this.#store.notes);
  }

  /** Bytes in the database. */
  get sizeBytes(): number {
    return this.#store.sizeBytes;
  }

  /** The state of one operator. */
  of(step: StatefulStep): OperatorState {
    return this.#operators.get(step)!;
  }

  /** Begins a batch: what operators write from here is of this batch. */
  begin(batchId: number): void {
    this.#store.begin(batchId);
  }

  /** Commits the batch that was begun, with the watermarks behind it. */
  async commit(watermarks: WatermarkNotes): Promise<void> {
    await this.#store.commit({ watermarks });
  }

  /** Takes back what was written since `begin`; nothing happens if no batch is open. */
  rollback(): void {
    this.#store.rollback();
  }

  /** Does something outside of batches, all or nothing. */
  transaction<T>(work: () => Promise<T>): Promise<T> {
    return this.#store.transaction(work);
  }

  /** Closes the database. */
  [Symbol.dispose](): void {
    this.#store.close();
  }
}

/**
 * What an operator keeps, and for which mode: in another it would have kept other rows, and sinks would
 * miss rows, or get them twice. A copy of a table is the same in every mode.
 */
function describeState({ operator, mode }: StatefulStep): string {
  const { stateDescription } = operator;
  return passesChanges(operator) ? stateDescription : `${stateDescription} in ${mode} mode`;
}

/** State that no operator of the query goes on with: without them its rows would be others. */
export function unusedState(path: string): SluiceError {
  return new SluiceError("STATE_MISMATCH", {
    attempted: "go on with the query",
    where: path,
    found: "the state of operators",
    wanted: "none: the query has no operator with state",
    hint: "the query was changed since its last run: change it back, or start it anew with " +
      "another checkpointLocation",
  });
}

function refuseStrangeState(
  held: number,
  committedBatchId: number,
  plannedBatchId: number,
  path: string,
): void {
  if (held < committedBatchId) {
    throw new SluiceError("STATE_BEHIND", {
      attempted: "go on with the query",
      where: path,
      found: held < 0 ? "no state of any batch" : `the state as of batch ${held}`,
      wanted: `that as of batch ${committedBatchId}, the newest that is done`,
      hint:
        "the state is older than the rest of the checkpoint: restore both from a backup of the " +
        "same moment, or start anew with an empty checkpointLocation",
    });
  }
  if (held > plannedBatchId) {
    throw new SluiceError("STATE_AHEAD", {
      attempted: "go on with the query",
      where: path,
      found: `the state as of batch ${held}`,
      wanted: `at most batch ${plannedBatchId}, the newest in the checkpoint`,
      hint:
        "the state is newer than the rest of the checkpoint: restore both from a backup of the " +
        "same moment, or start anew with an empty checkpointLocation",
    });
  }
}

function missingState(path: string, plannedBatchId: number): SluiceError {
  return new SluiceError("STATE_MISSING", {
    attempted: "go on with the query",
    where: path,
    found: "no such file",
    wanted: `the state of its operators, as batch ${plannedBatchId} is planned already`,
    hint: "restore the checkpoint as a whole from a backup, or start anew with an empty " +
      "checkpointLocation; a query that had no operators with state cannot get one later",
  });
}
