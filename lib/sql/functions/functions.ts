import { conditionFunctions } from "./condition_functions.ts";
import { numberFunctions } from "./number_functions.ts";
import type { SqlFunction } from "./sql_function.ts";
import { textFunctions } from "./text_functions.ts";
import { timeFunctions } from "./time_functions.ts";

const FUNCTIONS: ReadonlyMap<string, SqlFunction> = new Map([
  ...Object.entries(conditionFunctions),
  ...Object.entries(numberFunctions),
  ...Object.entries(textFunctions),
  ...Object.entries(timeFunctions),
]);

const NONDETERMINISTIC = new Set([
  "current_date",
  "current_timestamp",
  "curdate",
  "getdate",
  "localtimestamp",
  "monotonically_increasing_id",
  "now",
  "rand",
  "randn",
  "random",
  "shuffle",
  "unix_timestamp",
  "uuid",
]);

/** The names of all functions, sorted. */
export const functionNames: readonly string[] = [...FUNCTIONS.keys()].sort();

/** The function of that name in small letters; `undefined` if there is none. */
export function findFunction(name: string): SqlFunction | undefined {
  return FUNCTIONS.get(name);
}

/** True for a function of Spark's that gives another value each time it is called. */
export function isNondeterministic(name: string): boolean {
  return NONDETERMINISTIC.has(name);
}
