import { asBoolean } from "./bind_condition.ts";
import { parsedExpression } from "./bind_expression.ts";
import type { Scope } from "./bind_name.ts";
import { type Bound, type ColumnPath, columnsOf } from "./bound.ts";
import type { Expression } from "./parse/expression.ts";
import type { Batches } from "./frame.ts";
import { resolve } from "./resolve.ts";
import { badExpression } from "./sql_error.ts";
import { sqlTypeName } from "./values/sql_type.ts";
import { truthOf } from "./truth.ts";
import { TRUE } from "./truth_value.ts";

/** A condition over columns of known types. Made by `bindPredicate`. */
export interface Predicate {
  /** The SQL it was read from. */
  readonly text: string;
  /** The columns it reads, each once. */
  readonly columns: readonly ColumnPath[];
  /** The condition with its names and types settled; `judgeBounds` reads it. */
  readonly condition: Bound;
  /**
   * The rows for which it is true, ascending.
   *
   * @throws {SluiceError} `BAD_VALUE` naming the row: an overflow, a division by zero, a failed cast.
   */
  select(batches: Batches): Int32Array;
  /**
   * The truth of every row: 0 is false, 1 is true, 2 is null.
   *
   * @throws {SluiceError} `BAD_VALUE` as `select`.
   */
  evaluate(batches: Batches): Uint8Array;
}

/**
 * Settles a condition against the columns in scope; it must be boolean.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../core/mod.ts";
 * import { bindPredicate } from "./predicate.ts";
 *
 * const Trade = s.struct({ symbol: s.string(), price: s.double().nullable() });
 * const batch = new Batch(Trade);
 * batch.append({ symbol: "BTCUSDT", price: 61000.5 });
 * batch.append({ symbol: "ETHUSDT", price: 2900 });
 * batch.append({ symbol: "BTCUSDT", price: null });
 * const where = bindPredicate("Price > 10 AND symbol LIKE 'BTC%'", Trade);
 * deepEqual([...where.select(batch)], [0]);
 * deepEqual([...where.evaluate(batch)], [1, 0, 2]);
 * ```
 *
 * @throws {SluiceError} `BAD_EXPRESSION` as `bindExpression`, and if it is not boolean.
 */
export function bindPredicate(expression: string | Expression, scope: Scope): Predicate {
  const parsed = parsedExpression(expression);
  const { text } = parsed;
  const bound = resolve(parsed, scope);
  const condition = asBoolean(bound);
  if (condition === undefined) {
    throw badExpression(text, { found: sqlTypeName(bound.type), wanted: "a condition: boolean" });
  }
  return {
    text,
    columns: columnsOf(condition),
    condition,
    evaluate: (batches) => truthOf(condition, batches, text),
    select: (batches) => rowsThatAreTrue(truthOf(condition, batches, text)),
  };
}

function rowsThatAreTrue(truth: Uint8Array): Int32Array {
  let count = 0;
  for (let row = 0; row < truth.length; row++) if (truth[row] === TRUE) count++;
  const rows = new Int32Array(count);
  let next = 0;
  for (let row = 0; row < truth.length; row++) if (truth[row] === TRUE) rows[next++] = row;
  return rows;
}
