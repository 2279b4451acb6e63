import { type Batch, describeValue, SluiceError } from "../../../core/mod.ts";
import type { BoundClause, BoundClauses } from "./merge_clauses.ts";
import type { MergeCondition } from "./merge_condition.ts";
import type { RowPairs } from "./merge_join.ts";
import type { MergeScope } from "./merge_scope.ts";
import { rowsMarked } from "../change/row_sets.ts";

/** Rows of one file that one clause takes. */
export interface Decision {
  /** What to do with them. */
  readonly clause: BoundClause;
  /** Which, in ascending order, counted among those not deleted yet. */
  readonly rows: Int32Array;
  /** Beside each the row of the source that it matched; `undefined` if none did. */
  readonly sourceRows: Int32Array | undefined;
}

/** The rows of a file of the target, and which rows of the source they matched. */
export interface JoinedFile {
  /** The columns that conditions read. */
  readonly target: Batch;
  /** The source. */
  readonly source: Batch;
  /** What belongs together. */
  readonly pairs: RowPairs;
}

/**
 * What is to be done with the rows of a file: each is taken by the first clause whose condition is
 * true for it.
 *
 * @throws {SluiceError} `MERGE_CARDINALITY` naming the key of a row that several rows of the source
 * match, unless all there is to do is to delete it.
 */
export function decide(
  { target, source, pairs }: JoinedFile,
  { matched, notMatchedBySource }: BoundClauses,
  condition: MergeCondition,
  scope: MergeScope,
): Decision[] {
  const decisions: Decision[] = [];
  if (matched.length > 0) {
    const each = singlePairs(pairs, matched, (row) => keyText(target, row, condition, scope));
    takeInOrder(matched, each.target.length, ({ condition }, left) => {
      if (condition === undefined) return left;
      const rows = left.map((i) => each.target[i]!);
      const sourceRows = left.map((i) => each.source[i]!);
      const batches = scope.pairs(condition.columns, target, rows, source, sourceRows);
      return condition.select(batches).map((i) => left[i]!);
    }, (clause, taken) => {
      decisions.push({
        clause,
        rows: taken.map((i) => each.target[i]!),
        sourceRows: taken.map((i) => each.source[i]!),
      });
    });
  }
  if (notMatchedBySource.length > 0) {
    const alone = rowsAlone(target.numRows, pairs);
    takeInOrder(notMatchedBySource, alone.length, ({ condition }, left) => {
      if (condition === undefined) return left;
      const batch = target.take(left.map((i) => alone[i]!));
      return condition.select({ [scope.targetName]: batch }).map((i) => left[i]!);
    }, (clause, taken) => {
      decisions.push({ clause, rows: taken.map((i) => alone[i]!), sourceRows: undefined });
    });
  }
  return decisions;
}

/** Lets each clause take from what the ones before it left. */
export function takeInOrder(
  clauses: readonly BoundClause[],
  count: number,
  select: (clause: BoundClause, left: Int32Array) => Int32Array,
  take: (clause: BoundClause, taken: Int32Array) => void,
): void {
  let left = rowsMarked(new Uint8Array(count), 0, count);
  for (const clause of clauses) {
    if (left.length === 0) return;
    const taken = select(clause, left);
    if (taken.length === 0) continue;
    take(clause, taken);
    const isTaken = new Uint8Array(count);
    for (const i of taken) isTaken[i] = 1;
    left = left.filter((i) => isTaken[i] === 0);
  }
}

/** The pairs, each row of the target in one only. */
function singlePairs(
  pairs: RowPairs,
  clauses: readonly BoundClause[],
  keyOf: (row: number) => string,
): RowPairs {
  const { target } = pairs;
  const isAgain = target.map((row, i) => i > 0 && target[i - 1] === row ? 1 : 0);
  const again = isAgain.indexOf(1);
  if (again < 0) return pairs;
  const [only] = clauses;
  if (clauses.length === 1 && only?.action === "delete" && only.condition === undefined) {
    return {
      target: target.filter((_, i) => isAgain[i] === 0),
      source: pairs.source.filter((_, i) => isAgain[i] === 0),
    };
  }
  throw new SluiceError("MERGE_CARDINALITY", {
    attempted: "merge into a Delta table",
    where: keyOf(target[again]!),
    found: "several rows of the source for one row of the target",
    wanted: "at most one, since they may want to change it in different ways",
    hint: "keep one row for each key in the source, the newest of them perhaps",
  });
}

/** What tells a row of the target from others, for a message. */
function keyText(
  target: Batch,
  row: number,
  { keys, text }: MergeCondition,
  { targetName }: MergeScope,
): string {
  if (keys.length === 0) return `condition "${text}"`;
  const batches = { [targetName]: target.take(Int32Array.of(row)) };
  return keys.map(({ target: key }) =>
    `${key.text} = ${describeValue(key.evaluate(batches).get(0))}`
  ).join(" and ");
}

/** The rows of the target that are in no pair. */
function rowsAlone(numRows: number, { target }: RowPairs): Int32Array {
  const isPaired = new Uint8Array(numRows);
  let paired = 0;
  for (const row of target) {
    if (isPaired[row] === 0) paired++;
    isPaired[row] = 1;
  }
  return rowsMarked(isPaired, 0, numRows - paired);
}
