import type { Batch } from "../../../core/mod.ts";
import { readDataFile } from "../../files/read_data_file.ts";
import type { TableLayout } from "../../files/table_layout.ts";
import type { AddFile } from "../../protocol/actions.ts";
import { assign, columnsRead, newRows } from "../change/assignments.ts";
import { type BoundClauses, conditionColumns } from "./merge_clauses.ts";
import type { MergeCondition } from "./merge_condition.ts";
import { decide, type Decision, takeInOrder } from "./merge_decisions.ts";
import { MergeJoin } from "./merge_join.ts";
import type { MergeScope } from "./merge_scope.ts";
import type { FileChange, RowChanges } from "../change/row_changes.ts";
import { rowsMarked } from "../change/row_sets.ts";

/** What is known of a merge before the table's rows are read. */
export interface Merge {
  /** The table, with the columns that the merge adds to it. */
  readonly layout: TableLayout;
  /** The rows to merge into it. */
  readonly source: Batch;
  /** What both are called. */
  readonly scope: MergeScope;
  /** Which rows match. */
  readonly condition: MergeCondition;
  /** What to do with rows. */
  readonly clauses: BoundClauses;
}

/** What is to be done with the rows of one file; nothing with those not named. */
export interface FileDecisions extends Pick<FileChange, "file" | "rows"> {
  /** What each clause takes. */
  readonly decisions: readonly Decision[];
}

/** A source that was joined with the table. */
export interface Matches {
  /** The files of which rows change. */
  readonly decided: readonly FileDecisions[];
  /** One byte for each row of the source: 1 if a row of the table matches it. */
  readonly isMatched: Uint8Array;
}

/**
 * Joins the source with one file after another; reads only the columns that conditions read.
 *
 * @throws {SluiceError} `MERGE_CARDINALITY`, and what `readDataFile` throws.
 */
export async function matchFiles(
  { layout, source, scope, condition, clauses }: Merge,
  files: readonly AddFile[],
): Promise<Matches> {
  const join = new MergeJoin(source, condition, scope);
  const columns = scope.targetColumns([
    ...condition.keys.flatMap(({ target }) => target.columns),
    ...condition.ofTarget?.columns ?? [],
    ...condition.ofPairs?.columns ?? [],
    ...conditionColumns([...clauses.matched, ...clauses.notMatchedBySource]),
  ]);
  const decided: FileDecisions[] = [];
  const isMatched = new Uint8Array(source.numRows);
  for (const file of files) {
    const { batch: target, ...rows } = await readDataFile(layout, file, { columns });
    const pairs = join.pairsWith(target);
    for (const row of pairs.source) isMatched[row] = 1;
    const decisions = decide({ target, source, pairs }, clauses, condition, scope);
    if (decisions.length > 0) decided.push({ file, rows, decisions });
  }
  return { decided, isMatched };
}

/** What becomes of the rows of a file. */
export function fileChange(
  { layout, source, scope }: Merge,
  { file, rows, decisions }: FileDecisions,
): FileChange {
  const deletes = decisions.filter(({ clause }) => clause.action === "delete");
  const updates = decisions.filter(({ clause }) => clause.action === "update");
  return {
    file,
    rows,
    deleted: joined(deletes.map(({ rows }) => rows)).sort(),
    updates: updates.map(({ clause: { assignments }, rows, sourceRows }) => ({
      rows,
      columns: columnsRead(assignments, layout, scope.targetName),
      replace: (old) => {
        const target = { [scope.targetName]: old };
        const batches = sourceRows === undefined
          ? target
          : { ...target, [scope.sourceName]: source.take(sourceRows) };
        return assign(old, assignments, batches, layout);
      },
    })),
  };
}

/** Adds the rows of the source that matched nothing and that a clause takes; how many. */
export async function insertRows(
  { layout, source, scope, clauses: { notMatched } }: Merge,
  isMatched: Uint8Array,
  changes: RowChanges,
): Promise<number> {
  if (notMatched.length === 0) return 0;
  const numMatched = isMatched.reduce((sum, matched) => sum + matched, 0);
  const alone = rowsMarked(isMatched, 0, source.numRows - numMatched);
  const rowsOf = (indexes: Int32Array) => ({
    [scope.sourceName]: source.take(indexes.map((i) => alone[i]!)),
  });
  const inserts: Batch[] = [];
  takeInOrder(notMatched, alone.length, ({ condition }, left) => {
    if (condition === undefined) return left;
    return condition.select(rowsOf(left)).map((i) => left[i]!);
  }, ({ assignments }, taken) => {
    inserts.push(newRows(layout.schema, assignments, rowsOf(taken)));
  });
  for (const batch of inserts) await changes.insert(batch);
  return inserts.reduce((sum, batch) => sum + batch.numRows, 0);
}

function joined(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  return all;
}
