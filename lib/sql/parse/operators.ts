import type { ArithmeticOperator, ComparisonOperator } from "./expression.ts";

/** Words that are never the name of a column unless in back quotes. */
export const RESERVED = new Set(
  "AND OR NOT IS IN LIKE RLIKE BETWEEN CASE WHEN THEN ELSE NULL TRUE FALSE".split(" "),
);

/** Comparisons by their signs. */
export const COMPARISONS: ReadonlyMap<string, ComparisonOperator> = new Map([
  ["=", "="],
  ["==", "="],
  ["<>", "<>"],
  ["!=", "<>"],
  ["<", "<"],
  ["<=", "<="],
  [">", ">"],
  [">=", ">="],
  ["<=>", "<=>"],
]);
/** Operators that bind less tightly than products. */
export const SUMS: ReadonlyMap<string, ArithmeticOperator> = new Map([
  ["+", "+"],
  ["-", "-"],
  ["||", "||"],
]);
/** Operators that bind more tightly than sums. */
export const PRODUCTS: ReadonlyMap<string, ArithmeticOperator> = new Map([
  ["*", "*"],
  ["/", "/"],
  ["%", "%"],
  ["DIV", "div"],
]);
/** Words that begin a test of the value before them, after NOT too. */
export const TESTS = new Set(["BETWEEN", "IN", "LIKE", "RLIKE"]);
