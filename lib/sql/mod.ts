/**
 * SQL expressions over columnar batches, in Spark's dialect and with its meaning (three-valued
 * logic, ANSI mode, the zone UTC). Delta tables call it for `where`, the conditions and values of
 * DELETE, UPDATE and MERGE, constraints, generated columns and the skipping of files; this folder
 * calls core only. It runs in one line:
 *
 *     text -> tokens -> expression -> (names and types settled) bound -> rows, values, or a judgement
 *
 * `parse/` makes the tree, `values/` knows what values of each type are, `functions/` has one table
 * of functions for each kind; what binds and what evaluates lies here.
 *
 * @module
 */
export { bindAssignment } from "./bind_assignment.ts";
export { bindExpression, type BoundExpression } from "./bind_expression.ts";
export type { Scope } from "./bind_name.ts";
export type { Bound, ColumnPath, Compare } from "./bound.ts";
export {
  type ArithmeticOperator,
  type ComparisonOperator,
  conjuncts,
  type Expression,
  type ExpressionNode,
} from "./parse/expression.ts";
export type { Batches } from "./frame.ts";
export { type BoundsOf, type ColumnBounds, judgeBounds, type Judgement } from "./judge_bounds.ts";
export { formatLiteral, sql, type SqlValue } from "./literal.ts";
export { parseExpression } from "./parse/parse_expression.ts";
export { bindPredicate, type Predicate } from "./predicate.ts";
export type { SqlType } from "./values/sql_type.ts";
