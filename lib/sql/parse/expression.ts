import type { DataType } from "../../core/mod.ts";

/** How two values are compared. `<=>` is `=` that holds for two nulls. */
export type ComparisonOperator = "=" | "<>" | "<" | "<=" | ">" | ">=" | "<=>";

/** Operators that calculate. `div` is division of integers; `||` joins text. */
export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%" | "div" | "||";

/** What an expression is made of; parts are expressions themselves. */
export type ExpressionNode =
  | { readonly kind: "literal"; readonly type: DataType | "void"; readonly value: unknown }
  | {
    readonly kind: "interval";
    readonly months: number;
    readonly days: number;
    readonly micros: bigint;
  }
  | { readonly kind: "name"; readonly parts: readonly string[] }
  | { readonly kind: "and" | "or"; readonly operands: readonly Expression[] }
  | { readonly kind: "not" | "negate" | "is_null"; readonly operand: Expression }
  | {
    readonly kind: "compare";
    readonly operator: ComparisonOperator;
    readonly left: Expression;
    readonly right: Expression;
  }
  | {
    readonly kind: "arithmetic";
    readonly operator: ArithmeticOperator;
    readonly left: Expression;
    readonly right: Expression;
  }
  | { readonly kind: "in"; readonly operand: Expression; readonly list: readonly Expression[] }
  | {
    readonly kind: "like";
    readonly operand: Expression;
    readonly pattern: Expression;
    readonly escape: string;
  }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  | {
    readonly kind: "case";
    readonly branches: readonly { readonly when: Expression; readonly then: Expression }[];
    readonly otherwise: Expression | undefined;
  }
  | {
    readonly kind: "cast";
    readonly operand: Expression;
    readonly type: DataType;
    /** True for TRY_CAST: null where a value does not fit. */
    readonly isTry: boolean;
  }
  | { readonly kind: "element"; readonly operand: Expression; readonly index: Expression }
  | { readonly kind: "field"; readonly operand: Expression; readonly name: string };

/**
 * Parsed SQL that keeps its text. `NOT x` around IN, LIKE, IS NULL and BETWEEN is a node of its own,
 * and BETWEEN is a conjunction of two comparisons.
 */
export type Expression = ExpressionNode & {
  /** The SQL it was read from. */
  readonly text: string;
};

/**
 * Splits a conjunction: `a AND b AND c` gives `[a, b, c]`; anything else gives itself. The texts of
 * the parts keep their parentheses, so that they can be joined by AND again.
 */
export function conjuncts(expression: Expression): Expression[] {
  return expression.kind === "and" ? expression.operands.flatMap(conjuncts) : [expression];
}
