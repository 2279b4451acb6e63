import { type Batch, concatBatches, errorText, SluiceError } from "../../core/mod.ts";
import type {
  BatchContext,
  EventTimeStats,
  OperatorRun,
  StatefulResult,
} from "../../transforms/mod.ts";
import type { InputRange } from "../input/batch_reader.ts";
import { passesChanges } from "../plan/node.ts";
import { propagateWatermark } from "../plan/propagate_watermark.ts";
import type { QueryPlan, StatefulStep } from "../plan/query_plan.ts";
import { applyStateless, type SlotRows } from "./apply_stateless.ts";

/** What operators must know of a batch; the same in a replay. */
export interface BatchTimes {
  readonly batchId: number;
  /** The watermark that it is run with, in milliseconds since 1970. */
  readonly watermarkMs: number;
  /** That of the batch before. */
  readonly lateWatermarkMs: number;
  /** When it was planned, in milliseconds since 1970. */
  readonly timestampMs: number;
}

/** What an operator with state did, beside its rows. */
export interface StepReport {
  readonly step: StatefulStep;
  readonly durationMs: number;
  /** Of each input the rows that came too late. */
  readonly late: readonly (Batch | undefined)[];
}

/** What the operators made of a batch. */
export interface PlanRows {
  /** The rows of each slot. */
  readonly slots: readonly SlotRows[];
  /** The event times that came by each watermark. */
  readonly eventTimes: readonly (EventTimeStats | undefined)[];
  /** One for each operator with state. */
  readonly reports: readonly StepReport[];
}

/** Takes the rows of a batch through all operators behind the inputs. */
export class OperatorRunner {
  readonly #plan: QueryPlan;
  readonly #runs: ReadonlyMap<StatefulStep, OperatorRun>;
  readonly #nowMs: () => number;

  /** For one run of a query; `runs` are its operators with state. */
  constructor(
    plan: QueryPlan,
    runs: ReadonlyMap<StatefulStep, OperatorRun>,
    nowMs: () => number,
  ) {
    this.#plan = plan;
    this.#runs = runs;
    this.#nowMs = nowMs;
  }

  /**
   * Runs the operators, on the state as the batch before left it.
   *
   * @throws {SluiceError} `OPERATOR_FAILED` if one fails on a row.
   */
  async run(inputs: readonly InputRange[], times: BatchTimes): Promise<PlanRows> {
    const slots: SlotRows[] = inputs.map(({ batch }) => ({ batch }));
    const eventTimes: (EventTimeStats | undefined)[] = [];
    this.#plan.inputs.forEach(({ watermark }, i) => {
      if (watermark !== undefined) eventTimes[watermark] = inputs[i]!.eventTimes;
    });
    const reports: StepReport[] = [];
    const watermarks = propagateWatermark(this.#plan, microsOf(times.watermarkMs));
    const lateWatermarks = propagateWatermark(this.#plan, microsOf(times.lateWatermarkMs));
    for (const step of this.#plan.steps) {
      if (step.kind === "stateless") {
        const mode = this.#plan.slotModes[step.output]!;
        const made = applyStateless(step, slots[step.input]!, mode, times.batchId);
        slots[step.output] = made;
        if (step.watermark !== undefined) eventTimes[step.watermark] = made.eventTimes;
        continue;
      }
      const startedMs = this.#nowMs();
      const made = await this.#applyStateful(step, step.inputs.map((slot) => slots[slot]!), {
        batchId: times.batchId,
        timestampMs: times.timestampMs,
        watermarkMicros: watermarks.get(step)!,
        lateMicros: lateWatermarks.get(step)!,
      });
      slots[step.output] = made;
      reports.push({ step, durationMs: this.#nowMs() - startedMs, late: made.late ?? [] });
    }
    return { slots, eventTimes, reports };
  }

  /**
   * True if a batch without rows has something to do: the watermark of an operator has moved on since
   * the last batch, or its time has come.
   */
  needsBatch(nextWatermarkMs: number, lastWatermarkMs: number): boolean {
    const next = propagateWatermark(this.#plan, microsOf(nextWatermarkMs));
    const last = propagateWatermark(this.#plan, microsOf(lastWatermarkMs));
    return [...this.#runs].some(([step, run]) => {
      // In complete mode nothing is ever over, and a join with a table waits for nothing.
      const waits = step.mode !== "complete" && !passesChanges(step.operator);
      return (waits && next.get(step)! > last.get(step)!) || run.isDue?.(this.#nowMs()) === true;
    });
  }

  async #applyStateful(
    step: StatefulStep,
    inputs: readonly SlotRows[],
    context: BatchContext,
  ): Promise<StatefulResult> {
    const run = this.#runs.get(step)!;
    try {
      const made = await run.apply(inputs.map(({ batch }) => batch), context);
      const deletes = inputs[0]!.deletes;
      if (deletes === undefined || !passesChanges(step.operator)) return made;
      const gone = await run.apply([deletes], context);
      const all = [made.deletes, gone.batch, gone.deletes].filter((rows) => rows !== undefined);
      return { ...made, deletes: concatBatches(all) };
    } catch (error) {
      const where = `operator ${step.operatorId}, ${step.operator.name}`;
      if (error instanceof SluiceError) {
        const place = error.details.where === undefined
          ? where
          : `${where}, ${error.details.where}`;
        throw new SluiceError(error.code, { ...error.details, where: place });
      }
      throw new SluiceError("OPERATOR_FAILED", {
        attempted: `run batch ${context.batchId}`,
        where,
        found: errorText(error),
        hint: "the query goes on with this batch when it is restarted",
        cause: error,
      });
    }
  }
}

function microsOf(ms: number): bigint {
  return BigInt(ms) * 1000n;
}
