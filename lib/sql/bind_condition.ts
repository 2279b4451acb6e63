import type { Bound } from "./bound.ts";
import { cast, coerceAll, fold } from "./coerce.ts";
import { compareFor } from "./values/compare_values.ts";
import type { ComparisonOperator } from "./parse/expression.ts";
import { commonType, isFloating, isNested, isNumeric, isSameType } from "./values/sql_type.ts";

/**
 * A comparison. Numbers of two types are compared as they are, exactly, or as doubles where one of
 * them is floating; all else is brought to a common type. `undefined` if there is none.
 */
export function bindComparison(
  operator: ComparisonOperator,
  left: Bound,
  right: Bound,
): Bound | undefined {
  const pair = comparable(left, right);
  if (pair === undefined) return undefined;
  const compare = compareFor(pair[0].type, pair[1].type);
  return fold({
    kind: "compare",
    type: "boolean",
    operator,
    left: pair[0],
    right: pair[1],
    compare,
  });
}

/** `operand IN (items)`, all of one type; exact numbers of several types compare as they are. */
export function bindIn(operand: Bound, items: readonly Bound[]): Bound | undefined {
  const coerced = coerceAll([operand, ...items]);
  if (coerced === undefined || isNested(coerced.type)) return undefined;
  const { type } = coerced;
  const bounds = [operand, ...items];
  // A column stays bare wherever possible, for only of such a one is something known in advance.
  const isExact = !isFloating(type) && bounds.every((bound) => isNumeric(bound.type));
  const [first, ...rest] = isExact && !isSameType(type, operand.type) ? bounds : coerced.bounds;
  if (first === undefined) return undefined;
  const compare = compareFor(type, type);
  return fold({ kind: "in", type: "boolean", operand: first, items: rest, compare });
}

/** CASE: the first branch whose condition is true. Values are brought to one type. */
export function bindCase(
  branches: readonly { readonly when: Bound; readonly then: Bound }[],
  otherwise: Bound,
): Bound | undefined {
  const coerced = coerceAll([...branches.map(({ then }) => then), otherwise]);
  const last = coerced?.bounds.at(-1);
  if (coerced === undefined || last === undefined) return undefined;
  const typed: { when: Bound; then: Bound }[] = [];
  for (const [i, branch] of branches.entries()) {
    const when = asBoolean(branch.when);
    const then = coerced.bounds[i];
    if (when === undefined || then === undefined) return undefined;
    typed.push({ when, then });
  }
  return fold({ kind: "case", type: coerced.type, branches: typed, otherwise: last });
}

/** The operand of AND, OR, NOT and the like: a boolean or NULL. */
export function asBoolean(bound: Bound): Bound | undefined {
  return bound.type === "boolean" || bound.type === "void" ? cast(bound, "boolean") : undefined;
}

function comparable(left: Bound, right: Bound): [Bound, Bound] | undefined {
  if (isNumeric(left.type) && isNumeric(right.type)) return [left, right];
  const type = commonType(left.type, right.type);
  if (type === undefined || isNested(type)) return undefined;
  const a = cast(left, type);
  const b = cast(right, type);
  return a === undefined || b === undefined ? undefined : [a, b];
}
