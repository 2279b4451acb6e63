import {
  type Batch,
  concatBatches,
  describeValue,
  type OutputMode,
  SluiceError,
} from "../../core/mod.ts";
import type { EventTimeStats, OperatorResult } from "../../transforms/mod.ts";
import type { StatelessStep } from "../plan/query_plan.ts";

/** The rows at one point of a query. */
export interface SlotRows {
  readonly batch: Batch;
  /** In update mode: rows of keys that are gone. */
  readonly deletes?: Batch;
}

/** What a step without state makes of rows, and the event times that it saw. */
export interface StatelessRows extends SlotRows {
  readonly eventTimes: EventTimeStats | undefined;
}

/**
 * Runs an operator over rows that have no record of their own any more. In update mode a row that a
 * condition leaves out is a delete: it may have been let through as it was before.
 *
 * @throws {SluiceError} `OPERATOR_FAILED` for a row that the operator fails on.
 */
export function applyStateless(
  step: StatelessStep,
  input: SlotRows,
  mode: OutputMode,
  batchId: number,
): StatelessRows {
  const { batch, origins, eventTimes } = applyAll(step, input.batch, batchId);
  if (mode !== "update") return { batch, eventTimes };
  const gone: Batch[] = [];
  if (input.deletes !== undefined) gone.push(applyAll(step, input.deletes, batchId).batch);
  if (step.keyColumns.length > 0 && origins.length < input.batch.numRows) {
    gone.push(input.batch.take(othersThan(origins, input.batch.numRows)));
  }
  return { batch, eventTimes, ...(gone.length === 0 ? {} : { deletes: concatBatches(gone) }) };
}

function applyAll(
  { operator, label }: StatelessStep,
  rows: Batch,
  batchId: number,
): OperatorResult {
  const result = operator.apply(rows);
  const [failed] = result.rejections;
  if (failed === undefined) return result;
  throw new SluiceError("OPERATOR_FAILED", {
    attempted: `run "${label}" in batch ${batchId}`,
    where: `row ${rowText(rows, failed.index)}`,
    found: failed.error,
    hint: "behind a sink or an operator with state a row has no record that could become a dead " +
      "letter: mend the operator, or put it in front of them; the query goes on with this batch",
  });
}

function rowText(rows: Batch, index: number): string {
  const values = Object.entries(rows.row(index) as Record<string, unknown>);
  return `{ ${values.map(([name, value]) => `${name}: ${describeValue(value)}`).join(", ")} }`;
}

function othersThan(rows: Int32Array, numRows: number): Int32Array {
  const others = new Int32Array(numRows - rows.length);
  for (let row = 0, taken = 0, next = 0; row < numRows; row++) {
    if (rows[taken] === row) taken++;
    else others[next++] = row;
  }
  return others;
}
