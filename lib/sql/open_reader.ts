import type { DataType } from "../core/mod.ts";
import type { Bound } from "./bound.ts";
import { type Batches, findColumn } from "./frame.ts";
import { isIntegral, isTime } from "./values/sql_type.ts";

/** The value of an expression for a row, null for none. */
export type Reader = (row: number) => unknown;

type CallNode = Extract<Bound, { kind: "call" }>;
type CompareNode = Extract<Bound, { kind: "compare" }>;
type InNode = Extract<Bound, { kind: "in" }>;

/**
 * Makes an expression a function of the row. Parts that the logic does not need are not evaluated:
 * `n <> 0 AND 1 / n > 2` never divides by zero.
 */
export function openReader(bound: Bound, batches: Batches): Reader {
  const open = (part: Bound): Reader => openReader(part, batches);
  switch (bound.kind) {
    case "literal":
      return () => bound.value;
    case "column": {
      const column = findColumn(batches, bound.column, bound.type as DataType);
      return (row) => column.get(row);
    }
    case "and":
      return logic(bound.operands.map(open), false);
    case "or":
      return logic(bound.operands.map(open), true);
    case "not": {
      const operand = open(bound.operand);
      return (row) => {
        const value = operand(row);
        return value === null ? null : !value;
      };
    }
    case "is_null": {
      const operand = open(bound.operand);
      return (row) => operand(row) === null;
    }
    case "compare":
      return comparison(bound, open(bound.left), open(bound.right));
    case "in":
      return membership(bound, open(bound.operand), bound.items.map(open));
    case "call":
      return application(bound, bound.args.map(open));
    case "case": {
      const branches = bound.branches.map(({ when, then }) => ({
        when: open(when),
        then: open(then),
      }));
      const otherwise = open(bound.otherwise);
      return (row) => {
        for (const { when, then } of branches) if (when(row) === true) return then(row);
        return otherwise(row);
      };
    }
    case "coalesce": {
      const args = bound.args.map(open);
      return (row) => {
        for (const arg of args) {
          const value = arg(row);
          if (value !== null) return value;
        }
        return null;
      };
    }
  }
}

/** The truth of a comparison from the sign of the values' order. */
export function holds(operator: CompareNode["operator"], order: number): boolean {
  switch (operator) {
    case "=":
    case "<=>":
      return order === 0;
    case "<>":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

/** AND is settled by a false operand, OR by a true one; else a null makes it null. */
function logic(operands: readonly Reader[], settled: boolean): Reader {
  return (row) => {
    let result: boolean | null = !settled;
    for (const operand of operands) {
      const value = operand(row);
      if (value === settled) return settled;
      if (value === null) result = null;
    }
    return result;
  };
}

function comparison({ operator, compare }: CompareNode, left: Reader, right: Reader): Reader {
  return (row) => {
    const a = left(row);
    const b = right(row);
    if (a === null || b === null) return operator === "<=>" ? a === b : null;
    return holds(operator, compare(a, b));
  };
}

function membership(bound: InNode, operand: Reader, items: readonly Reader[]): Reader {
  const { compare } = bound;
  const values = literalSet(bound);
  if (values !== undefined) {
    const ofOthers = values.has(null) ? null : false;
    return (row) => {
      const value = operand(row);
      return value === null ? null : values.has(value) || ofOthers;
    };
  }
  return (row) => {
    const value = operand(row);
    if (value === null) return null;
    let result: boolean | null = false;
    for (const item of items) {
      const candidate = item(row);
      if (candidate === null) result = null;
      else if (compare(value, candidate) === 0) return true;
    }
    return result;
  };
}

/** The items as a set, where all are literals and equal only what a set takes for equal. */
function literalSet({ operand, items }: InNode): ReadonlySet<unknown> | undefined {
  const { type } = operand;
  const isPlain = isIntegral(type) || isTime(type) || type === "string" || type === "boolean";
  if (!isPlain) return undefined;
  const values = new Set<unknown>();
  for (const item of items) {
    if (item.kind !== "literal" || (item.type !== type && item.value !== null)) return undefined;
    values.add(item.value);
  }
  return values;
}

function application({ apply, takesNull }: CallNode, args: readonly Reader[]): Reader {
  const [first, second] = args;
  if (!takesNull && args.length === 1 && first !== undefined) {
    return (row) => {
      const value = first(row);
      return value === null ? null : apply(value);
    };
  }
  if (!takesNull && args.length === 2 && first !== undefined && second !== undefined) {
    return (row) => {
      const a = first(row);
      if (a === null) return null;
      const b = second(row);
      return b === null ? null : apply(a, b);
    };
  }
  return (row) => {
    const values = args.map((arg) => arg(row));
    return !takesNull && values.includes(null) ? null : apply(...values);
  };
}
