import { type Column, createColumn, type DataType } from "../core/mod.ts";
import type { Scope } from "./bind_name.ts";
import { type Bound, type ColumnPath, columnsOf } from "./bound.ts";
import type { Expression } from "./parse/expression.ts";
import { type Batches, countRows, findColumn } from "./frame.ts";
import { openReader } from "./open_reader.ts";
import { parseExpression } from "./parse/parse_expression.ts";
import { resolve } from "./resolve.ts";
import { badExpression, withRow } from "./sql_error.ts";

/** An expression over columns of known types. */
export interface BoundExpression {
  /** The SQL it was read from. */
  readonly text: string;
  /** The type of its values. */
  readonly type: DataType;
  /** The columns it reads, each once. */
  readonly columns: readonly ColumnPath[];
  /**
   * The value of every row. A bare column is given as it is, not copied.
   *
   * @throws {SluiceError} `BAD_VALUE` naming the row: an overflow, a division by zero, a failed cast.
   */
  evaluate(batches: Batches): Column;
}

/**
 * Settles an expression's names and types against the columns in scope, as Spark does in ANSI mode.
 * Names are found whatever their case. Times are those of UTC.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../core/mod.ts";
 * import { bindExpression } from "./bind_expression.ts";
 *
 * const Trade = s.struct({ price: s.decimal(18, 2), quantity: s.integer() });
 * const batch = new Batch(Trade);
 * // …
 * const notional = bindExpression("price * quantity", Trade);
 * deepEqual(notional.type, { type: "decimal", precision: 29, scale: 2 });
 * deepEqual(notional.evaluate(batch).length, 0);
 * ```
 *
 * @throws {SluiceError} `BAD_EXPRESSION` for an unknown or ambiguous name, or types that clash.
 */
export function bindExpression(expression: string | Expression, scope: Scope): BoundExpression {
  const parsed = parsedExpression(expression);
  const bound = resolve(parsed, scope);
  if (bound.type === "void") {
    throw badExpression(parsed.text, {
      found: "NULL, which has no type",
      wanted: "a value of a type",
      hint: "write CAST(NULL AS type)",
    });
  }
  return boundExpression(parsed.text, bound, bound.type);
}

/** The parsed expression of a text, or the expression itself. */
export function parsedExpression(expression: string | Expression): Expression {
  return typeof expression === "string" ? parseExpression(expression) : expression;
}

/** An expression whose tree is settled. */
export function boundExpression(text: string, bound: Bound, type: DataType): BoundExpression {
  return {
    text,
    type,
    columns: columnsOf(bound),
    evaluate(batches) {
      if (bound.kind === "column") return findColumn(batches, bound.column, type);
      return readColumn(text, bound, type, batches);
    },
  };
}

function readColumn(text: string, bound: Bound, type: DataType, batches: Batches): Column {
  const numRows = countRows(batches);
  const read = openReader(bound, batches);
  const column = createColumn(type, numRows);
  let row = 0;
  try {
    for (; row < numRows; row++) column.append(read(row));
  } catch (error) {
    throw withRow(error, text, row);
  }
  return column;
}
