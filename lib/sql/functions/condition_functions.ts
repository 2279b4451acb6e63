import { type Bound, call } from "../bound.ts";
import { bindCase, bindComparison } from "../bind_condition.ts";
import { coerceAll, fold, literal } from "../coerce.ts";
import { compareFor } from "../values/compare_values.ts";
import type { SqlFunction, SqlFunctions } from "./sql_function.ts";
import { isNested } from "../values/sql_type.ts";

const coalesce: SqlFunction = { usage: "coalesce(value, …)", bind: bindCoalesce };
const ifNull: SqlFunction = {
  usage: "ifnull(value, otherwise)",
  bind: (args) => args.length === 2 ? bindCoalesce(args) : undefined,
};

/** Functions that choose among values, and tests for null. */
export const conditionFunctions: SqlFunctions = {
  coalesce,
  nvl: ifNull,
  ifnull: ifNull,
  if: {
    usage: "if(condition, value, otherwise)",
    bind: ([when, then, otherwise, ...more]) =>
      when === undefined || then === undefined || otherwise === undefined || more.length > 0
        ? undefined
        : bindCase([{ when, then }], otherwise),
  },
  nullif: {
    usage: "nullif(value, nothing)",
    bind: ([value, nothing, ...more]) => {
      if (value === undefined || nothing === undefined || more.length > 0) return undefined;
      const when = bindComparison("=", value, nothing);
      return when && bindCase([{ when, then: literal(value.type, null) }], value);
    },
  },
  isnull: {
    usage: "isnull(value)",
    bind: ([operand, ...more]) =>
      operand === undefined || more.length > 0
        ? undefined
        : fold({ kind: "is_null", type: "boolean", operand }),
  },
  isnotnull: {
    usage: "isnotnull(value)",
    bind: ([operand, ...more]) => {
      if (operand === undefined || more.length > 0) return undefined;
      const test = fold({ kind: "is_null", type: "boolean", operand });
      return fold({ kind: "not", type: "boolean", operand: test });
    },
  },
  greatest: { usage: "greatest(value, value, …)", bind: (args) => bindExtreme("greatest", args) },
  least: { usage: "least(value, value, …)", bind: (args) => bindExtreme("least", args) },
  size: {
    usage: "size(array or map)",
    bind: ([arg, ...more]) => {
      if (arg === undefined || more.length > 0 || typeof arg.type !== "object") return undefined;
      switch (arg.type.type) {
        case "array":
          return call("size", "integer", [arg], (items: readonly unknown[]) => items.length);
        case "map":
          return call("size", "integer", [arg], (map: ReadonlyMap<unknown, unknown>) => map.size);
      }
      return undefined;
    },
  },
};

function bindCoalesce(args: readonly Bound[]): Bound | undefined {
  const coerced = args.length === 0 ? undefined : coerceAll(args);
  return coerced && fold({ kind: "coalesce", type: coerced.type, args: coerced.bounds });
}

/** The greatest or least of the values that are not null. */
function bindExtreme(name: "greatest" | "least", args: readonly Bound[]): Bound | undefined {
  const coerced = args.length < 2 ? undefined : coerceAll(args);
  if (coerced === undefined || isNested(coerced.type)) return undefined;
  const { type, bounds } = coerced;
  const compare = compareFor(type, type);
  const sign = name === "greatest" ? 1 : -1;
  const choose = (...values: unknown[]): unknown =>
    values.reduce((best, value) => {
      if (best === null || value === null) return best ?? value;
      return compare(value, best) * sign > 0 ? value : best;
    });
  return fold(call(name, type, bounds, choose as (...values: never[]) => unknown, true));
}
