import type { ComparisonOperator } from "./parse/expression.ts";
import type { SqlType } from "./values/sql_type.ts";

/** A column as an expression reads it. */
export interface ColumnPath {
  /** The name of its schema in scope; empty where there is but one. */
  readonly qualifier: string;
  /** The column, then the fields of structs inside it; spelt as in the schema. */
  readonly path: readonly string[];
}

/** How two values that are not null compare: negative, zero or positive. */
export type Compare = (left: unknown, right: unknown) => number;

/**
 * An expression whose names and types are settled. Every operand has the type that its operator
 * takes, so that evaluation and pruning need no rules of types.
 */
export type Bound =
  | { readonly kind: "literal"; readonly type: SqlType; readonly value: unknown }
  | { readonly kind: "column"; readonly type: SqlType; readonly column: ColumnPath }
  | { readonly kind: "and" | "or"; readonly type: "boolean"; readonly operands: readonly Bound[] }
  | { readonly kind: "not" | "is_null"; readonly type: "boolean"; readonly operand: Bound }
  | {
    readonly kind: "compare";
    readonly type: "boolean";
    readonly operator: ComparisonOperator;
    readonly left: Bound;
    readonly right: Bound;
    readonly compare: Compare;
  }
  | {
    /** True if the operand equals one of the items. */
    readonly kind: "in";
    readonly type: "boolean";
    readonly operand: Bound;
    readonly items: readonly Bound[];
    readonly compare: Compare;
  }
  | {
    /** A function of values; without `takesNull` a null argument makes the result null. */
    readonly kind: "call";
    readonly type: SqlType;
    readonly name: string;
    readonly args: readonly Bound[];
    readonly takesNull: boolean;
    readonly apply: (...values: unknown[]) => unknown;
  }
  | {
    readonly kind: "case";
    readonly type: SqlType;
    readonly branches: readonly { readonly when: Bound; readonly then: Bound }[];
    readonly otherwise: Bound;
  }
  | { readonly kind: "coalesce"; readonly type: SqlType; readonly args: readonly Bound[] };

/** A call that gives null for a null argument. */
export function call(
  name: string,
  type: SqlType,
  args: readonly Bound[],
  apply: (...values: never[]) => unknown,
  takesNull = false,
): Bound {
  // The binder has settled the arguments' types, so that `apply` can name them.
  const applied = apply as (...values: unknown[]) => unknown;
  return { kind: "call", type, name, args, takesNull, apply: applied };
}

/** The parts that an expression is made of. */
export function partsOf(bound: Bound): readonly Bound[] {
  switch (bound.kind) {
    case "literal":
    case "column":
      return [];
    case "and":
    case "or":
      return bound.operands;
    case "not":
    case "is_null":
      return [bound.operand];
    case "compare":
      return [bound.left, bound.right];
    case "in":
      return [bound.operand, ...bound.items];
    case "call":
    case "coalesce":
      return bound.args;
    case "case":
      return [...bound.branches.flatMap(({ when, then }) => [when, then]), bound.otherwise];
  }
}

/** The columns that an expression reads, each once, in the order of their first use. */
export function columnsOf(bound: Bound): ColumnPath[] {
  const found = new Map<string, ColumnPath>();
  const visit = (part: Bound): void => {
    if (part.kind === "column") {
      const { qualifier, path } = part.column;
      found.set(JSON.stringify([qualifier, ...path]), part.column);
    }
    partsOf(part).forEach(visit);
  };
  visit(bound);
  return [...found.values()];
}
