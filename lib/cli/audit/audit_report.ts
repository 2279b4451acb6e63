import { count } from "../progress_printer.ts";
import { textTable } from "../table/table_text.ts";
import { countOf } from "./batch_faults.ts";
import type { Audit, AuditedBatch } from "./compare_batches.ts";

/** Batches that agree are shown one by one up to so many on end; more are summed up in a line. */
const SHOWN_ON_END = 5;

/** True if nothing was found that does not agree. */
export function agrees({ batches, faults }: Audit): boolean {
  return faults.length === 0 && batches.every((batch) => batch.faults.length === 0);
}

/** The batches as a table, long runs of good ones in one line. */
export function auditTable({ batches }: Audit): string {
  const columns = [
    { title: "BATCH" },
    ...["PLANNED", "POSTGRES", "DELTA", "DEAD LETTERS", "VERSION"].map((title) => ({
      title,
      align: "right" as const,
    })),
    { title: "" },
  ];
  const cell = (number: number | undefined) => number === undefined ? "-" : count(number);
  const rows = shortened(batches).map((batch) => [
    batchNumbers(batch),
    cell(batch.planned),
    cell(batch.postgresRows),
    cell(batch.deltaRows),
    cell(batch.deadLetters),
    batch.deltaVersion === undefined ? "-" : String(batch.deltaVersion),
    batch.faults.length > 0 ? "disagrees" : batch.isDone ? "" : "not done",
  ]);
  return textTable(columns, rows);
}

/** One line that says whether all agrees, and what the first is that does not. */
export function auditLine(audit: Audit): string {
  const wrong = audit.batches.filter(({ faults }) => faults.length > 0);
  const [first] = wrong;
  if (first !== undefined) {
    const isOne = first.firstBatchId === first.lastBatchId;
    const subject = isOne
      ? `batch ${first.lastBatchId} disagrees`
      : `batches ${batchNumbers(first)} disagree`;
    const more = wrong.length === 1 ? "" : ` (the first of ${count(wrong.length)} that disagree)`;
    return `audit: ${subject}: ${first.faults.join("; ")}${more}`;
  }
  if (audit.faults.length > 0) return `audit: the sinks disagree: ${audit.faults.join("; ")}`;
  return `audit: ${goodLine(audit.batches.filter(({ isDone }) => isDone))}`;
}

function goodLine(done: readonly AuditedBatch[]): string {
  const batches = (done.at(-1)?.lastBatchId ?? -1) + 1;
  const total = done.reduce(merged, NOTHING);
  const { planned, deltaRows = 0, deadLetters = 0 } = total;
  const gaps = planned - deltaRows - deadLetters;
  const what = gaps === 0 ? "record" : "offset";
  const equation = `planned ${countOf(planned, what)} = ${countOf(deltaRows, "row")} + ` +
    `${countOf(deadLetters, "dead letter")} in each sink`;
  return `${countOf(batches, "batch", "batches")} ${batches === 1 ? "agrees" : "agree"}: ` +
    equation + (gaps === 0 ? "" : ` + ${count(gaps)} without a record`);
}

const NOTHING: AuditedBatch = {
  firstBatchId: 0,
  lastBatchId: -1,
  planned: 0,
  isDone: true,
  deadLetters: 0,
  postgresRows: 0,
  deltaRows: 0,
  deltaWritten: 0,
  deltaVersion: undefined,
  faults: [],
};

function shortened(batches: readonly AuditedBatch[]): AuditedBatch[] {
  const shown: AuditedBatch[] = [];
  for (let i = 0; i < batches.length;) {
    let end = i;
    while (end < batches.length && isGood(batches[end])) end++;
    const run = batches.slice(i, Math.max(end, i + 1));
    if (run.length > SHOWN_ON_END) shown.push(run.reduce(merged));
    else shown.push(...run);
    i += run.length;
  }
  return shown;
}

function isGood(batch: AuditedBatch | undefined): boolean {
  return batch !== undefined && batch.isDone && batch.faults.length === 0;
}

/** Two batches as one. */
function merged(a: AuditedBatch, b: AuditedBatch): AuditedBatch {
  const sum = (x: number | undefined, y: number | undefined) =>
    x === undefined || y === undefined ? undefined : x + y;
  return {
    ...b,
    firstBatchId: a.firstBatchId,
    planned: a.planned + b.planned,
    deadLetters: sum(a.deadLetters, b.deadLetters),
    postgresRows: sum(a.postgresRows, b.postgresRows),
    deltaRows: sum(a.deltaRows, b.deltaRows),
  };
}

function batchNumbers({ firstBatchId, lastBatchId }: AuditedBatch): string {
  return firstBatchId === lastBatchId ? String(lastBatchId) : `${firstBatchId} to ${lastBatchId}`;
}
