import { countOffsets } from "../../core/mod.ts";
import type { PostgresBatches } from "../../postgres/mod.ts";
import type { PlannedRange } from "../../streaming/mod.ts";
import { batchFaults, totalFaults } from "./batch_faults.ts";
import type { DeltaBatches } from "./delta_batches.ts";

/** What an audit compares. */
export interface AuditInput {
  /** What the checkpoint planned, oldest first. */
  readonly planned: readonly PlannedRange[];
  /** What Postgres has. */
  readonly postgres: PostgresBatches;
  /** What the Delta table has. */
  readonly delta: DeltaBatches;
  /** What the sinks are called. */
  readonly names: { readonly postgres: string; readonly delta: string };
  /** True if offsets may be without a record: what is planned are so many records at most. */
  readonly gaps: boolean;
}

/** A batch, or several of which only the sum is known, as an audit found it. */
export interface BatchFacts {
  /** The first of them. */
  readonly firstBatchId: number;
  /** The last of them; the same for a batch by itself. */
  readonly lastBatchId: number;
  /** How many offsets were planned. */
  readonly planned: number;
  /** True with `commits/N`; a batch without it is run again by the next start. */
  readonly isDone: boolean;
  /** Dead letters in Postgres; `undefined` if it does not have the batch. */
  readonly deadLetters: number | undefined;
  /** Rows in Postgres; `undefined` if it does not have the batch, or they cannot be told apart. */
  readonly postgresRows: number | undefined;
  /** Rows that the Delta table has now; `undefined` if it does not have the batch. */
  readonly deltaRows: number | undefined;
  /** Rows that the Delta table's commit says it wrote. */
  readonly deltaWritten: number | undefined;
  /** The version of the Delta table that brought the batch. */
  readonly deltaVersion: number | undefined;
}

/** What an audit says of a batch. */
export interface AuditedBatch extends BatchFacts {
  /** What does not agree, in words. */
  readonly faults: readonly string[];
}

/** What an audit found. */
export interface Audit {
  /** Batch by batch, oldest first. */
  readonly batches: readonly AuditedBatch[];
  /** What does not agree and is not known to be of one batch, in words. */
  readonly faults: readonly string[];
  /** What a crash leaves, which is no fault. */
  readonly notes: readonly string[];
}

/**
 * Holds what a query planned against what its sinks have. A batch that is done must be in both, with
 * a row for every record that is no dead letter. One that is planned and not done may be in neither,
 * in one or in both, but never in part.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { compareBatches } from "./compare_batches.ts";
 *
 * const endOffsets = { trades: { 0: 10n } };
 * const { batches } = compareBatches({
 *   planned: [
 *     { firstBatchId: 0, lastBatchId: 0, startOffsets: {}, endOffsets, isDone: true },
 *   ],
 *   postgres: {
 *     batchId: 0,
 *     endOffsets,
 *     rowsByTransaction: [8],
 *     deadLetters: new Map([[0, 1]]),
 *     otherQueries: 0,
 *   },
 *   delta: {
 *     batchId: 0,
 *     batches: new Map([[0, { version: 0, numOutputRows: 9, rows: 9, changedBy: undefined }]]),
 *     mergedUpTo: -1,
 *     rows: 9,
 *   },
 *   names: { postgres: "postgres(trades)", delta: "delta(lake)" },
 *   gaps: false,
 * });
 * deepEqual(batches[0]?.faults, [
 *   "planned 10 records, postgres(trades) has 8 rows + 1 dead letter",
 * ]);
 * ```
 */
export function compareBatches(input: AuditInput): Audit {
  const rows = postgresRows(input);
  const batches = mergedRanges(input).map((range) => {
    const facts = batchFacts(range, input, rows);
    return { ...facts, faults: batchFaults(facts, range.endOffsets, input) };
  });
  const pending = batches.filter(({ isDone, faults }) => !isDone && faults.length === 0);
  return {
    batches,
    faults: totalFaults(batches, input),
    notes: pending.map(({ lastBatchId }) => pendingNote(lastBatchId, input)),
  };
}

type CountedRange = PlannedRange & { readonly planned: number };

/** The planned ranges, the first as long as the commits are that the Delta table forgot. */
function mergedRanges({ planned, delta }: AuditInput): CountedRange[] {
  const ranges: CountedRange[] = [];
  for (const range of planned) {
    const before = range.lastBatchId <= delta.mergedUpTo ? ranges.pop() : undefined;
    const offsets = Number(countOffsets(range.startOffsets, range.endOffsets));
    ranges.push({
      ...range,
      firstBatchId: before?.firstBatchId ?? range.firstBatchId,
      planned: (before?.planned ?? 0) + offsets,
    });
  }
  return ranges;
}

/**
 * The rows of each batch in Postgres. They do not say their batch: but if as many transactions wrote
 * them as batches have rows, they are those, in their order. Else `undefined`.
 */
function postgresRows(input: AuditInput): ReadonlyMap<number, number> | undefined {
  const { planned, postgres, delta } = input;
  if (delta.mergedUpTo >= 0) return undefined;
  const batchIds = [...delta.batches]
    .filter(([batchId, { numOutputRows }]) => numOutputRows > 0 && batchId <= postgres.batchId)
    .map(([batchId]) => batchId);
  const newest = planned.find(({ lastBatchId }) => lastBatchId === postgres.batchId);
  if (newest !== undefined && delta.batchId < postgres.batchId) {
    const records = Number(countOffsets(newest.startOffsets, newest.endOffsets));
    const letters = postgres.deadLetters.get(postgres.batchId) ?? 0;
    if (records > letters) batchIds.push(postgres.batchId);
  }
  if (batchIds.length !== postgres.rowsByTransaction.length) return undefined;
  return new Map(batchIds.map((batchId, i) => [batchId, postgres.rowsByTransaction[i] ?? 0]));
}

function batchFacts(
  { firstBatchId, lastBatchId, planned, isDone }: CountedRange,
  { postgres, delta }: AuditInput,
  rows: ReadonlyMap<number, number> | undefined,
): BatchFacts {
  const inPostgres = postgres.batchId >= lastBatchId;
  const inDelta = delta.batchId >= lastBatchId;
  const sum = (countOf: (batchId: number) => number | undefined) => {
    let total = 0;
    for (let batchId = firstBatchId; batchId <= lastBatchId; batchId++) {
      total += countOf(batchId) ?? 0;
    }
    return total;
  };
  return {
    firstBatchId,
    lastBatchId,
    planned,
    isDone,
    deadLetters: inPostgres ? sum((batchId) => postgres.deadLetters.get(batchId)) : undefined,
    postgresRows: inPostgres && rows !== undefined
      ? sum((batchId) => rows.get(batchId))
      : undefined,
    deltaRows: inDelta ? sum((batchId) => delta.batches.get(batchId)?.rows) : undefined,
    deltaWritten: inDelta ? sum((batchId) => delta.batches.get(batchId)?.numOutputRows) : undefined,
    deltaVersion: delta.batches.get(lastBatchId)?.version,
  };
}

function pendingNote(batchId: number, { postgres, delta, names }: AuditInput): string {
  const holders = [
    ...(postgres.batchId >= batchId ? [names.postgres] : []),
    ...(delta.batchId >= batchId ? [names.delta] : []),
  ];
  const where = ["no sink has it yet", `only ${holders[0]} has it`, "both sinks have it"];
  return `batch ${batchId} is planned and not done, as a crash leaves it: ` +
    `${where[holders.length]}; the next start of the query completes it`;
}
