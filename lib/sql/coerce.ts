import { Batch, schema, SluiceError } from "../core/mod.ts";
import { type Bound, call, partsOf } from "./bound.ts";
import { castFor } from "./values/cast_value.ts";
import { openReader } from "./open_reader.ts";
import { commonType, isNested, isSameType, isTime, type SqlType } from "./values/sql_type.ts";

const noRows = new Batch(schema.struct({ none: schema.boolean() }));

/** A literal. */
export function literal(type: SqlType, value: unknown): Bound {
  return { kind: "literal", type, value };
}

/** CAST to a type, done at once for a literal; `undefined` if there is no such cast. */
export function cast(bound: Bound, type: SqlType): Bound | undefined {
  if (isSameType(bound.type, type)) return bound;
  if (bound.type === "void") return literal(type, null);
  if (type === "void") return undefined;
  const convert = castFor(bound.type, type);
  return convert === undefined ? undefined : fold(call("cast", type, [bound], convert));
}

/** A cast that needs no CAST in an argument: to a wider type, from and to text, among times. */
export function coerce(bound: Bound, type: SqlType): Bound | undefined {
  const { type: from } = bound;
  const isAllowed = from === "string" || (type === "string" && !isNested(from)) ||
    (isTime(from) && isTime(type)) || isWider(type, from);
  return isAllowed ? cast(bound, type) : undefined;
}

/** All of them brought to the one type that takes them all; `undefined` if there is none. */
export function coerceAll(
  bounds: readonly Bound[],
): { type: SqlType; bounds: Bound[] } | undefined {
  let type: SqlType | undefined = "void";
  for (const bound of bounds) {
    if (type !== undefined) type = commonType(type, bound.type);
  }
  if (type === undefined) return undefined;
  const coerced: Bound[] = [];
  for (const bound of bounds) {
    const one = cast(bound, type);
    if (one === undefined) return undefined;
    coerced.push(one);
  }
  return { type, bounds: coerced };
}

/**
 * The literal that a function of literals comes to. Where it fails it stays, so that the error comes
 * with the first row that needs it.
 */
export function fold(bound: Bound): Bound {
  if (bound.kind === "literal" || !partsOf(bound).every((part) => part.kind === "literal")) {
    return bound;
  }
  try {
    return literal(bound.type, openReader(bound, noRows)(0));
  } catch (error) {
    if (error instanceof SluiceError) return bound;
    throw error;
  }
}

function isWider(type: SqlType, from: SqlType): boolean {
  const common = commonType(type, from);
  return common !== undefined && isSameType(common, type);
}
