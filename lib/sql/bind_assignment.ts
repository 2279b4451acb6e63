import { type DataType, describeValue, type SluiceError, typeName } from "../core/mod.ts";
import { type BoundExpression, boundExpression, parsedExpression } from "./bind_expression.ts";
import type { Scope } from "./bind_name.ts";
import { type Bound, call } from "./bound.ts";
import { castFor } from "./values/cast_value.ts";
import { cast, fold, literal } from "./coerce.ts";
import { compareFor } from "./values/compare_values.ts";
import type { Expression } from "./parse/expression.ts";
import { resolve } from "./resolve.ts";
import { badExpression, badValue } from "./sql_error.ts";
import {
  isDecimal,
  isFloating,
  isNested,
  isNumeric,
  isSameType,
  isTime,
  sqlTypeName,
} from "./values/sql_type.ts";

/**
 * As `bindExpression`, with values of the type of the column that they go into. Numbers go into any
 * type of numbers, times into any type of times, everything that is not nested into text, NULL
 * everywhere, and a text literal into a time: ANSI store assignment as in Spark. What was worked out
 * is rounded to the digits of a decimal, as there; a value that is stored as it came, and any that
 * goes into an integer, has to fit to the last digit.
 *
 * @param name The column, for errors.
 * @throws {SluiceError} `BAD_EXPRESSION` as `bindExpression`, and for types that never fit; when
 * evaluated, `BAD_VALUE` for a value that does not fit.
 */
export function bindAssignment(
  expression: string | Expression,
  scope: Scope,
  type: DataType,
  name: string,
): BoundExpression {
  const parsed = parsedExpression(expression);
  const bound = resolve(parsed, scope);
  const assigned = assign(bound, type, name);
  if (assigned !== undefined) return boundExpression(parsed.text, assigned, type);
  const hint = bound.type !== "void" && castFor(bound.type, type) !== undefined
    ? { hint: `write CAST(… AS ${typeName(type)})` }
    : {};
  throw notAssignable(parsed.text, bound, type, name, hint);
}

function assign(bound: Bound, type: DataType, name: string): Bound | undefined {
  const { type: from } = bound;
  if (from === "void") return literal(type, null);
  if (isSameType(from, type)) {
    // Nested types of one name may still differ in what may be null inside.
    return isNested(type) ? call("assign", type, [bound], (value: unknown) => value) : bound;
  }
  if (isNumeric(from) && isNumeric(type)) return assignNumber(bound, from, type, name);
  if (isTime(from) && isTime(type)) return cast(bound, type);
  if (type === "string") return isNested(from) ? undefined : cast(bound, type);
  if (from !== "string" || !isTime(type) || bound.kind !== "literal") return undefined;
  // A literal that is no time is an error now, not at the first row.
  const time = cast(bound, type);
  return time?.kind === "literal" ? time : undefined;
}

/** A cast that refuses values it would change, but for rounding where that is what is meant. */
function assignNumber(
  bound: Bound,
  from: DataType,
  type: DataType,
  name: string,
): Bound | undefined {
  const convert = castFor(from, type);
  if (convert === undefined) return undefined;
  if (isFloating(type) || (bound.kind === "call" && isDecimal(type))) return cast(bound, type);
  const compare = compareFor(isFloating(from) ? "double" : from, type);
  return fold(call("assign", type, [bound], (value: unknown) => {
    const stored = convert(value);
    if (compare(value, stored) === 0) return stored;
    throw badValue(
      `${describeValue(value)} for column "${name}"`,
      typeName(type),
      `round it with CAST(… AS ${typeName(type)})`,
    );
  }));
}

function notAssignable(
  text: string,
  bound: Bound,
  type: DataType,
  name: string,
  hint: { hint?: string },
): SluiceError {
  return badExpression(text, {
    where: `column "${name}"`,
    found: sqlTypeName(bound.type),
    wanted: typeName(type),
    ...hint,
  });
}
