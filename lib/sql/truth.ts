import type { DataType } from "../core/mod.ts";
import { type Bound, partsOf } from "./bound.ts";
import { compareWithLiteral } from "./compare_column.ts";
import { type Batches, countRows, findColumn } from "./frame.ts";
import { openReader } from "./open_reader.ts";
import { withRow } from "./sql_error.ts";
import { FALSE, NULL, TRUE } from "./truth_value.ts";

// Past a handful, looking a value up beats comparing it with each.
const MAX_WHOLE_ITEMS = 8;

/** Evaluates a boolean expression over all rows: one of `FALSE`, `TRUE` and `NULL` a row. */
export function truthOf(bound: Bound, batches: Batches, text: string): Uint8Array {
  const vector = wholeTruth(bound, batches);
  if (vector !== undefined) return vector;
  const numRows = countRows(batches);
  const truth = new Uint8Array(numRows);
  if (bound.kind === "and" || bound.kind === "or") {
    return chainedTruth(bound, batches, text, truth);
  }
  readTruth(bound, batches, text, truth, () => true);
  return truth;
}

/**
 * The truth of what is calculated over whole columns and cannot fail; `undefined` for all else,
 * which is read row by row, and only where its value is needed.
 */
function wholeTruth(bound: Bound, batches: Batches): Uint8Array | undefined {
  switch (bound.kind) {
    case "compare":
      return compareWithLiteral(bound, batches);
    case "in":
      return memberTruth(bound, batches);
    case "is_null": {
      if (bound.operand.kind !== "column") return undefined;
      const { column, type } = bound.operand;
      const { validity, length } = findColumn(batches, column, type as DataType);
      const truth = new Uint8Array(length);
      if (validity !== undefined) { for (let i = 0; i < length; i++) truth[i] = 1 - validity[i]!; }
      return truth;
    }
    case "not": {
      const truth = wholeTruth(bound.operand, batches);
      if (truth === undefined) return undefined;
      for (let i = 0; i < truth.length; i++) truth[i] = truth[i] === NULL ? NULL : 1 - truth[i]!;
      return truth;
    }
    case "and":
    case "or": {
      if (!bound.operands.every(canBeWhole)) return undefined;
      let truth: Uint8Array | undefined;
      for (const operand of bound.operands) {
        const other = wholeTruth(operand, batches);
        if (other === undefined) return undefined;
        if (truth === undefined) truth = other;
        else combine(bound.kind, truth, other);
      }
      return truth;
    }
    default:
      return undefined;
  }
}

/** True for expressions worth a try over whole columns: the others are not begun in vain. */
function canBeWhole(bound: Bound): boolean {
  switch (bound.kind) {
    case "compare":
      return bound.left.kind === "column" || bound.right.kind === "column";
    case "in":
      return bound.operand.kind === "column" && bound.items.length <= MAX_WHOLE_ITEMS;
    case "is_null":
      return bound.operand.kind === "column";
    case "not":
    case "and":
    case "or":
      return partsOf(bound).every(canBeWhole);
    default:
      return false;
  }
}

/** `column IN (a, b)` as `column = a OR column = b`, for a few items. */
function memberTruth(
  { operand, items, compare }: Extract<Bound, { kind: "in" }>,
  batches: Batches,
): Uint8Array | undefined {
  if (operand.kind !== "column" || items.length > MAX_WHOLE_ITEMS) return undefined;
  const operands = items.map((right) =>
    ({ kind: "compare", type: "boolean", operator: "=", left: operand, right, compare }) as const
  );
  return wholeTruth({ kind: "or", type: "boolean", operands }, batches);
}

/** AND or OR whose operands are not all whole: later ones are read only where not settled yet. */
function chainedTruth(
  bound: Extract<Bound, { kind: "and" | "or" }>,
  batches: Batches,
  text: string,
  truth: Uint8Array,
): Uint8Array {
  const settled = bound.kind === "and" ? FALSE : TRUE;
  truth.fill(1 - settled);
  for (const operand of bound.operands) {
    let other = canBeWhole(operand) ? wholeTruth(operand, batches) : undefined;
    if (other === undefined) {
      other = new Uint8Array(truth.length);
      readTruth(operand, batches, text, other, (row) => truth[row] !== settled);
    }
    combine(bound.kind, truth, other);
  }
  return truth;
}

function combine(kind: "and" | "or", truth: Uint8Array, other: Uint8Array): void {
  const settled = kind === "and" ? FALSE : TRUE;
  for (let i = 0; i < truth.length; i++) {
    const a = truth[i]!;
    const b = other[i]!;
    truth[i] = a === settled || b === settled ? settled : a === NULL ? NULL : b;
  }
}

function readTruth(
  bound: Bound,
  batches: Batches,
  text: string,
  truth: Uint8Array,
  isWanted: (row: number) => boolean,
): void {
  const read = openReader(bound, batches);
  let row = 0;
  try {
    for (; row < truth.length; row++) {
      if (!isWanted(row)) continue;
      const value = read(row);
      truth[row] = value === null ? NULL : value === true ? TRUE : FALSE;
    }
  } catch (error) {
    throw withRow(error, text, row);
  }
}
