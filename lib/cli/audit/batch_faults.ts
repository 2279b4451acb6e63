import { formatOffsets, type Offsets } from "../../core/mod.ts";
import { count } from "../progress_printer.ts";
import type { AuditInput, BatchFacts } from "./compare_batches.ts";

/** What does not agree in a batch, in words. */
export function batchFaults(
  facts: BatchFacts,
  endOffsets: Offsets,
  input: AuditInput,
): string[] {
  return [
    ...absences(facts, input),
    ...otherOffsets(facts, endOffsets, input),
    ...wrongCounts(facts, input),
  ];
}

/** What does not agree and is not known to be of one batch, in words. */
export function totalFaults(batches: readonly BatchFacts[], input: AuditInput): string[] {
  return [
    ...unplannedBatches(input),
    ...wrongPostgresTotal(batches, input),
    ...wrongDeltaTotal(input),
  ];
}

/** `1 row`, `2,000 rows`. */
export function countOf(number: number, noun: string, plural: string = `${noun}s`): string {
  return `${count(number)} ${number === 1 ? noun : plural}`;
}

function absences(facts: BatchFacts, { planned, postgres, delta, names }: AuditInput): string[] {
  const { lastBatchId } = facts;
  const newestPlanned = planned.at(-1)?.lastBatchId ?? -1;
  // The next batch is planned only when the one before is done.
  if (!facts.isDone && lastBatchId === newestPlanned) return [];
  const missing = [
    ...(postgres.batchId < lastBatchId ? [names.postgres] : []),
    ...(delta.batchId < lastBatchId ? [names.delta] : []),
  ];
  return [
    ...missing.map((name) => `planned ${countOf(facts.planned, "record")}, not in ${name}`),
    ...(facts.isDone ? [] : [`later ones are planned, but commits/${lastBatchId} is not there`]),
  ];
}

function otherOffsets(
  { lastBatchId }: BatchFacts,
  planned: Offsets,
  { postgres, names }: AuditInput,
): string[] {
  const { batchId, endOffsets } = postgres;
  if (batchId !== lastBatchId || endOffsets === undefined) return [];
  const [wanted, found] = [formatOffsets(planned), formatOffsets(endOffsets)];
  return wanted === found ? [] : [`planned up to ${wanted}, ${names.postgres} has it to ${found}`];
}

function wrongCounts(facts: BatchFacts, { delta, names, gaps }: AuditInput): string[] {
  const { planned, postgresRows, deltaRows, deltaWritten } = facts;
  // Dead letters are kept in Postgres: where it does not have the batch, there may be any number.
  const isAtMost = gaps || facts.deadLetters === undefined;
  const letters = facts.deadLetters ?? 0;
  const isWhole = deltaRows === deltaWritten;
  if (!isAtMost && isWhole && deltaRows === postgresRows && deltaRows !== undefined) {
    if (deltaRows + letters === planned) return [];
    const found = `${countOf(deltaRows, "row")} + ${countOf(letters, "dead letter")}`;
    const hint = deltaRows + letters < planned
      ? " (are there offsets without a record? --gaps)"
      : "";
    return [`planned ${countOf(planned, "record")}, both sinks have ${found}${hint}`];
  }
  const judged = (rows: number | undefined, name: string, more: string) => {
    if (rows === undefined) return [];
    const isRight = isAtMost ? rows + letters <= planned : rows + letters === planned;
    if (isRight && more === "") return [];
    const found = `${countOf(rows, "row")} + ${countOf(letters, "dead letter")}${more}`;
    return [`planned ${countOf(planned, "record")}, ${name} has ${found}`];
  };
  const faults = [
    ...judged(postgresRows, names.postgres, ""),
    ...judged(deltaRows, names.delta, isWhole ? "" : lostRows(facts, delta)),
  ];
  if (faults.length > 0 || postgresRows === undefined || deltaRows === undefined) return faults;
  if (postgresRows === deltaRows) return [];
  const inPostgres = `${names.postgres} has ${countOf(postgresRows, "row")}`;
  return [`${inPostgres}, ${names.delta} ${count(deltaRows)}`];
}

function lostRows(facts: BatchFacts, { batches }: AuditInput["delta"]): string {
  const { lastBatchId, deltaWritten = 0 } = facts;
  const batch = batches.get(lastBatchId);
  const changedBy = batch?.changedBy === undefined ? "" : `, then came ${batch.changedBy}`;
  return ` (it wrote ${countOf(deltaWritten, "row")}${changedBy})`;
}

function unplannedBatches({ planned, postgres, delta, names }: AuditInput): string[] {
  const newest = planned.at(-1)?.lastBatchId ?? -1;
  return ([[names.postgres, postgres.batchId], [names.delta, delta.batchId]] as const)
    .filter(([, batchId]) => batchId > newest)
    .map(([name, batchId]) => `${name} has batch ${batchId}, which the checkpoint did not plan`);
}

/** Rows in Postgres, where those of each batch cannot be told apart. */
function wrongPostgresTotal(batches: readonly BatchFacts[], input: AuditInput): string[] {
  const { postgres, names, gaps } = input;
  const held = batches.filter(({ deadLetters }) => deadLetters !== undefined);
  if (held.length > 0 && held.every(({ postgresRows }) => postgresRows !== undefined)) return [];
  let [least, most, planned, letters] = [0, 0, 0, 0];
  for (const batch of held) {
    const { deadLetters = 0, deltaRows } = batch;
    const records = batch.planned - deadLetters;
    least += gaps ? deltaRows ?? 0 : records;
    most += gaps ? deltaRows ?? records : records;
    planned += batch.planned;
    letters += deadLetters;
  }
  const rows = postgres.rowsByTransaction.reduce((sum, each) => sum + each, 0);
  if (rows >= least && rows <= most) return [];
  const others = postgres.otherQueries === 0
    ? ""
    : `; other queries have written there too: ${count(postgres.otherQueries)}`;
  const last = held.at(-1)?.lastBatchId;
  const which = last === undefined ? "no batch" : last === 0 ? "batch 0" : `batches 0 to ${last}`;
  return [
    `planned ${countOf(planned, "record")} in ${which}, ${names.postgres} has ` +
    `${countOf(rows, "row")} + ${countOf(letters, "dead letter")}${others}`,
  ];
}

function wrongDeltaTotal({ delta, names }: AuditInput): string[] {
  const ofBatches = [...delta.batches.values()].reduce((sum, { rows }) => sum + rows, 0);
  if (delta.rows === ofBatches) return [];
  return [
    `${names.delta} has ${countOf(delta.rows, "row")}, its batches ${count(ofBatches)}: ` +
    (delta.rows > ofBatches
      ? "others have written there too"
      : "rows were taken away after an OPTIMIZE had moved them"),
  ];
}
