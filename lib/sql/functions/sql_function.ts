import type { DataType } from "../../core/mod.ts";
import { type Bound, call } from "../bound.ts";
import { coerce, fold } from "../coerce.ts";

/** A function by its name in SQL. */
export interface SqlFunction {
  /** How it is called, for messages: `substring(text, start [, length])`. */
  readonly usage: string;
  /** The call with these arguments; `undefined` if it does not take them. */
  readonly bind: (args: readonly Bound[]) => Bound | undefined;
}

/** Functions by their names in small letters. */
export type SqlFunctions = Readonly<Record<string, SqlFunction>>;

/**
 * A function whose arguments have fixed types and that is null for a null argument. Its name is the
 * first word of `usage`; the last `optional` parameters may be left out.
 */
export function simple(
  usage: string,
  parameters: readonly DataType[],
  result: DataType,
  apply: (...values: never[]) => unknown,
  optional = 0,
): SqlFunction {
  return {
    usage,
    bind: (args) => {
      if (args.length > parameters.length || args.length < parameters.length - optional) {
        return undefined;
      }
      const coerced: Bound[] = [];
      for (const [i, arg] of args.entries()) {
        const one = coerce(arg, parameters[i]!);
        if (one === undefined) return undefined;
        coerced.push(one);
      }
      return fold(call(usage.slice(0, usage.indexOf("(")), result, coerced, apply));
    },
  };
}
