import {
  Batch,
  type Column,
  concatBatches,
  createColumn,
  describeValue,
  type OutputMode,
  type Rejection,
  SluiceError,
} from "../../core/mod.ts";
import type { EventTimeStats, Operator } from "../../transforms/mod.ts";
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

const NO_RECORD_HINT =
  "behind a sink or an operator with state a row has no record that could become a dead " +
  "letter: mend the operator, or put it in front of them; the query goes on with this batch";
const NO_KEY_HINT =
  "in update mode a row that a condition left out goes on as a delete, for which its key must " +
  "still be made: let the function take such rows too, or put the condition behind it";

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
  const { batch, origins, rejections, eventTimes } = step.operator.apply(input.batch);
  refuseFailedRows(step, input.batch, rejections, batchId, NO_RECORD_HINT);
  if (mode !== "update") return { batch, eventTimes };
  const gone: Batch[] = [];
  if (input.deletes !== undefined) gone.push(deletesOf(step, input.deletes, batchId));
  const isShort = origins.length < input.batch.numRows;
  if (step.rowsChange && isShort && isCondition(step.operator, input.batch)) {
    gone.push(input.batch.take(othersThan(origins, input.batch.numRows)));
  }
  return { batch, eventTimes, ...(gone.length === 0 ? {} : { deletes: concatBatches(gone) }) };
}

/**
 * Deletes as they are behind a step. Some are rows that were never let through as they are, so that a
 * condition says nothing about their keys, and a value that they have none of is null.
 */
function deletesOf(step: StatelessStep, deletes: Batch, batchId: number): Batch {
  const { operator, keyColumns } = step;
  if (deletes.numRows === 0 || isCondition(operator, deletes)) {
    return new Batch(operator.schema, 0, deletes.numRows === 0 ? undefined : deletes.columns);
  }
  const { batch, rejections } = operator.apply(deletes);
  if (keyColumns.length === 0) {
    refuseFailedRows(step, deletes, rejections, batchId, NO_KEY_HINT);
  }
  if (rejections.length === 0) return batch;
  const failed = deletes.take(Int32Array.from(rejections, ({ index }) => index));
  return concatBatches([batch, passedOn(operator, failed)]);
}

/** True if an operator gives the rows on as they are, or leaves them out. */
function isCondition({ schema, passes }: Operator, rows: Batch): boolean {
  const { fields } = rows.schema;
  return fields.length === schema.fields.length &&
    fields.every(({ name }, i) => schema.fields[i]!.name === name && passes?.(name) === name);
}

/** Rows that an operator fails on: what it only passes on, and nulls. */
function passedOn({ schema, passes }: Operator, rows: Batch): Batch {
  const columns = schema.fields.map(({ name, type }): Column => {
    const at = rows.schema.fields.findIndex((field) => passes?.(field.name) === name);
    if (at >= 0) return rows.columns[at]!;
    const column = createColumn(type, rows.numRows);
    for (let row = 0; row < rows.numRows; row++) column.appendNull();
    return column;
  });
  return new Batch(schema, 0, columns);
}

function refuseFailedRows(
  { label }: StatelessStep,
  rows: Batch,
  [failed]: readonly Rejection[],
  batchId: number,
  hint: string,
): void {
  if (failed === undefined) return;
  throw new SluiceError("OPERATOR_FAILED", {
    attempted: `run "${label}" in batch ${batchId}`,
    where: `row ${rowText(rows, failed.index)}`,
    found: failed.error,
    hint,
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
