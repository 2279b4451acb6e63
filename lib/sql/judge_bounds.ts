import type { Bound, Compare } from "./bound.ts";
import { compareFor } from "./values/compare_values.ts";
import type { ComparisonOperator } from "./parse/expression.ts";
import { likePrefix, parseLike } from "./values/like_pattern.ts";
import { holds } from "./open_reader.ts";
import type { Predicate } from "./predicate.ts";
import { isFloating, type SqlType } from "./values/sql_type.ts";

/**
 * What is known of a column in a file; for a partition column, min and max are its value. What is
 * absent is not known.
 */
export interface ColumnBounds {
  /** No value is less, as rows hold it. It may be too low: the beginning of a text, for one. */
  readonly min?: unknown;
  /** No value is greater. It may be too high; one cut down to a millisecond must be raised first. */
  readonly max?: unknown;
  /** How many rows have no value. */
  readonly nullCount?: number;
  /** How many rows there are. */
  readonly numRows?: number;
  /**
   * How many values are NaN. Statistics leave NaN out of min and max, so that unless this is 0 a
   * float or double column may hold one, and NaN is greater than every number.
   */
  readonly nanCount?: number;
}

/** The bounds of a column; `undefined` if nothing is known of it. */
export type BoundsOf = (path: readonly string[], qualifier: string) => ColumnBounds | undefined;

/** Which rows of a file a predicate is true for; "some" also says that it cannot be told. */
export type Judgement = "none" | "some" | "all";

/** Which truths a condition may have among the rows of a file. */
interface Outcomes {
  readonly mayBeTrue: boolean;
  readonly mayBeFalse: boolean;
  readonly mayBeNull: boolean;
}

/** What a value may be among the rows of a file. */
interface Range {
  readonly mayBeNull: boolean;
  /** The intervals that values are in; none if all are null. */
  readonly intervals: readonly Interval[];
}

/** Values from min to max; a bound that is `undefined` is not known. */
interface Interval {
  readonly min?: unknown;
  readonly max?: unknown;
}

const ANYTHING: Outcomes = { mayBeTrue: true, mayBeFalse: true, mayBeNull: true };
const ANY_VALUE: Range = { mayBeNull: true, intervals: [{}] };
const NOT_A_NUMBER: Interval = { min: NaN, max: NaN };
const compareTexts = compareFor("string", "string");
const compareBooleans = compareFor("boolean", "boolean");

/**
 * Tells from the bounds of a file's columns whether the predicate can be true for its rows: "none"
 * if it is true for none of them, "all" if for every one, else "some". What is not understood (a
 * cast of a column, a function other than LIKE and startswith) is never a reason for "none" or "all".
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { schema as s } from "../core/mod.ts";
 * import { judgeBounds } from "./judge_bounds.ts";
 * import { bindPredicate } from "./predicate.ts";
 *
 * const where = bindPredicate("id > 100 AND name IS NOT NULL", s.struct({ id: s.long(), name: s.string() }));
 * equal(judgeBounds(where, ([column]) => column === "id" ? { min: 1n, max: 50n } : undefined), "none");
 * equal(judgeBounds(where, () => ({ min: 200n, nullCount: 0 })), "all");
 * ```
 */
export function judgeBounds(predicate: Predicate, boundsOf: BoundsOf): Judgement {
  const { mayBeTrue, mayBeFalse, mayBeNull } = outcomesOf(predicate.condition, boundsOf);
  if (!mayBeTrue) return "none";
  return mayBeFalse || mayBeNull ? "some" : "all";
}

function outcomesOf(bound: Bound, boundsOf: BoundsOf): Outcomes {
  switch (bound.kind) {
    case "and":
      return bound.operands.map((operand) => outcomesOf(operand, boundsOf)).reduce(conjunction);
    case "or":
      return bound.operands.map((operand) => outcomesOf(operand, boundsOf)).reduce(disjunction);
    case "not":
      return negation(outcomesOf(bound.operand, boundsOf));
    case "is_null": {
      const { mayBeNull, intervals } = rangeOf(bound.operand, boundsOf);
      return { mayBeTrue: mayBeNull, mayBeFalse: intervals.length > 0, mayBeNull: false };
    }
    case "compare": {
      const left = rangeOf(bound.left, boundsOf);
      return comparison(bound.operator, bound.compare, left, rangeOf(bound.right, boundsOf));
    }
    case "in": {
      const operand = rangeOf(bound.operand, boundsOf);
      return bound.items
        .map((item) => comparison("=", bound.compare, operand, rangeOf(item, boundsOf)))
        .reduce(disjunction);
    }
    case "call":
      return prefixTest(bound, boundsOf);
    case "column":
    case "literal": {
      const isTrue = { mayBeNull: false, intervals: [{ min: true, max: true }] };
      return comparison("=", compareBooleans, rangeOf(bound, boundsOf), isTrue);
    }
    default:
      return ANYTHING;
  }
}

function conjunction(a: Outcomes, b: Outcomes): Outcomes {
  return {
    mayBeTrue: a.mayBeTrue && b.mayBeTrue,
    mayBeFalse: a.mayBeFalse || b.mayBeFalse,
    mayBeNull: (a.mayBeNull && (b.mayBeNull || b.mayBeTrue)) || (b.mayBeNull && a.mayBeTrue),
  };
}

function disjunction(a: Outcomes, b: Outcomes): Outcomes {
  return negation(conjunction(negation(a), negation(b)));
}

function negation({ mayBeTrue, mayBeFalse, mayBeNull }: Outcomes): Outcomes {
  return { mayBeTrue: mayBeFalse, mayBeFalse: mayBeTrue, mayBeNull };
}

function rangeOf(bound: Bound, boundsOf: BoundsOf): Range {
  if (bound.kind === "literal") {
    const { value } = bound;
    if (value === null) return { mayBeNull: true, intervals: [] };
    return { mayBeNull: false, intervals: [{ min: value, max: value }] };
  }
  if (bound.kind !== "column") return ANY_VALUE;
  const { path, qualifier } = bound.column;
  const bounds = boundsOf(path, qualifier);
  return bounds === undefined ? ANY_VALUE : columnRange(bounds, bound.type);
}

function columnRange(bounds: ColumnBounds, type: SqlType): Range {
  const { nullCount, numRows, nanCount } = bounds;
  const mayBeNull = nullCount !== 0;
  if (nullCount !== undefined && nullCount === numRows) return { mayBeNull, intervals: [] };
  // Writers do not agree on where NaN sorts, so that as a bound it says nothing.
  const [min, max] = [bounds.min, bounds.max].map((bound) =>
    bound === null || Number.isNaN(bound) ? undefined : bound
  );
  const values = { min, max };
  const mayBeNaN = isFloating(type) && nanCount !== 0;
  return { mayBeNull, intervals: mayBeNaN ? [values, NOT_A_NUMBER] : [values] };
}

function comparison(
  operator: ComparisonOperator,
  compare: Compare,
  left: Range,
  right: Range,
): Outcomes {
  const mayHaveNull = left.mayBeNull || right.mayBeNull;
  let mayBeTrue = false;
  let mayBeFalse = false;
  if (operator === "<=>") {
    mayBeTrue = left.mayBeNull && right.mayBeNull;
    mayBeFalse = (left.mayBeNull && right.intervals.length > 0) ||
      (right.mayBeNull && left.intervals.length > 0);
  }
  for (const a of left.intervals) {
    for (const b of right.intervals) {
      for (const order of possibleOrders(compare, a, b)) {
        if (holds(operator, order)) mayBeTrue = true;
        else mayBeFalse = true;
      }
    }
  }
  return { mayBeTrue, mayBeFalse, mayBeNull: operator !== "<=>" && mayHaveNull };
}

/** How a value of one interval may compare with a value of the other: -1, 0 and 1. */
function possibleOrders(compare: Compare, a: Interval, b: Interval): number[] {
  const order = (x: unknown, y: unknown): number | undefined =>
    x === undefined || y === undefined ? undefined : compare(x, y);
  const leastToGreatest = order(a.min, b.max) ?? -1;
  const greatestToLeast = order(a.max, b.min) ?? 1;
  const orders: number[] = [];
  if (leastToGreatest < 0) orders.push(-1);
  if (leastToGreatest <= 0 && greatestToLeast >= 0) orders.push(0);
  if (greatestToLeast > 0) orders.push(1);
  return orders;
}

/** LIKE with a pattern that begins with text, and startswith: texts that begin alike lie together. */
function prefixTest(bound: Extract<Bound, { kind: "call" }>, boundsOf: BoundsOf): Outcomes {
  const [text, pattern, escape] = bound.args;
  if (text === undefined || pattern?.kind !== "literal" || typeof pattern.value !== "string") {
    return ANYTHING;
  }
  let wanted = { prefix: pattern.value, isEnough: true };
  if (bound.name === "like" && escape?.kind === "literal") {
    const like = parseLike(pattern.value, String(escape.value));
    if (like === undefined) return ANYTHING;
    wanted = likePrefix(like);
  } else if (bound.name !== "startswith") {
    return ANYTHING;
  }
  const { mayBeNull, intervals } = rangeOf(text, boundsOf);
  const places = intervals.map((interval) => prefixPlace(interval, wanted.prefix));
  return {
    mayBeTrue: places.some((place) => place !== "outside"),
    mayBeFalse: places.some((place) => place !== "inside" || !wanted.isEnough),
    mayBeNull,
  };
}

function prefixPlace({ min, max }: Interval, prefix: string): "inside" | "outside" | "across" {
  const startsAlike = (bound: unknown): boolean =>
    typeof bound === "string" && bound.startsWith(prefix);
  if (startsAlike(min) && startsAlike(max)) return "inside";
  const isAbove = min !== undefined && !startsAlike(min) && compareTexts(min, prefix) > 0;
  const isBelow = max !== undefined && compareTexts(max, prefix) < 0;
  return isAbove || isBelow ? "outside" : "across";
}
