import { bindArithmetic, bindNegation } from "./bind_arithmetic.ts";
import { asBoolean, bindCase, bindComparison, bindIn } from "./bind_condition.ts";
import { bindName, findField, type Scope } from "./bind_name.ts";
import { bindTimeSum } from "./bind_time_sum.ts";
import { type Bound, call } from "./bound.ts";
import { cast, coerce, fold, literal } from "./coerce.ts";
import type { Expression } from "./parse/expression.ts";
import { findFunction, functionNames, isNondeterministic } from "./functions/functions.ts";
import { bindLike } from "./bind_like.ts";
import { badExpression, quoted } from "./sql_error.ts";
import { SluiceError } from "../core/mod.ts";
import { sqlTypeName } from "./values/sql_type.ts";
import { bindConcat } from "./functions/text_functions.ts";

/**
 * Settles the names and types of an expression.
 *
 * @throws {SluiceError} `BAD_EXPRESSION` for an unknown or ambiguous name, an unknown function, or
 * operands that an operator does not take.
 */
export function resolve(expression: Expression, scope: Scope): Bound {
  return new Resolver(expression.text, scope).bind(expression);
}

class Resolver {
  constructor(private readonly text: string, private readonly scope: Scope) {}

  bind(node: Expression): Bound {
    switch (node.kind) {
      case "literal":
        return literal(node.type, node.value);
      case "interval":
        throw this.bad(node, "an interval", "it only after + or - of a date or timestamp");
      case "name": {
        const bound = bindName(node.parts, this.scope);
        if ("kind" in bound) return bound;
        throw badExpression(this.text, bound);
      }
      case "and":
      case "or": {
        const operands = node.operands.map((operand) => this.boolean(operand));
        return fold({ kind: node.kind, type: "boolean", operands });
      }
      case "not":
        return fold({ kind: "not", type: "boolean", operand: this.boolean(node.operand) });
      case "is_null":
        return fold({ kind: "is_null", type: "boolean", operand: this.bind(node.operand) });
      case "negate":
        return this.typed(node, [node.operand], ([operand]) => operand && bindNegation(operand));
      case "compare":
        return this.typed(
          node,
          [node.left, node.right],
          ([left, right]) => left && right && bindComparison(node.operator, left, right),
        );
      case "arithmetic":
        return this.arithmetic(node);
      case "in":
        return this.typed(
          node,
          [node.operand, ...node.list],
          ([operand, ...items]) => operand && bindIn(operand, items),
        );
      case "like":
        return this.typed(
          node,
          [node.operand, node.pattern],
          ([operand, pattern]) => operand && pattern && bindLike(operand, pattern, node.escape),
          `text and a pattern with ${quoted(node.escape)} only before _, % and itself`,
        );
      case "call":
        return this.call(node);
      case "case":
        return this.case(node);
      case "cast":
        return this.cast(node);
      case "element":
        return this.typed(
          node,
          [node.operand, node.index],
          ([operand, index]) => operand && index && bindElement(operand, index),
        );
      case "field":
        return this.typed(
          node,
          [node.operand],
          ([operand]) => operand && bindField(operand, node.name),
        );
    }
  }

  private boolean(node: Expression): Bound {
    const bound = this.bind(node);
    const condition = asBoolean(bound);
    if (condition !== undefined) return condition;
    throw this.bad(node, sqlTypeName(bound.type), "boolean");
  }

  /** Binds the operands and what is made of them; `undefined` from `make` is a clash of types. */
  private typed(
    node: Expression,
    operands: readonly Expression[],
    make: (bounds: readonly Bound[]) => Bound | undefined,
    wanted = "types that go together; CAST(value AS type) makes them so",
  ): Bound {
    const bounds = operands.map((operand) => this.bind(operand));
    const made = make(bounds);
    if (made !== undefined) return made;
    const types = bounds.map(({ type }) => sqlTypeName(type));
    throw this.bad(node, types.join(" and "), wanted);
  }

  private arithmetic(node: Extract<Expression, { kind: "arithmetic" }>): Bound {
    const { operator, left, right } = node;
    if (operator === "||") {
      return this.typed(node, [left, right], bindConcat);
    }
    if ((operator === "+" || operator === "-") && right.kind === "interval") {
      return this.typed(node, [left], ([time]) => time && bindTimeSum(operator, time, right));
    }
    if (operator === "+" && left.kind === "interval") {
      return this.typed(node, [right], ([time]) => time && bindTimeSum(operator, time, left));
    }
    return this.typed(node, [left, right], ([a, b]) => {
      if (a === undefined || b === undefined) return undefined;
      return bindDaySum(operator, a, b) ?? bindArithmetic(operator, a, b);
    });
  }

  private call(node: Extract<Expression, { kind: "call" }>): Bound {
    const { name, args } = node;
    if (isNondeterministic(name)) {
      throw this.bad(
        node,
        "a function that gives another value each time",
        "a value that can be calculated again",
      );
    }
    const found = findFunction(name);
    if (found === undefined) {
      throw badExpression(this.text, {
        where: quoted(node.text),
        found: `no function ${name}`,
        wanted: `one of ${functionNames.join(", ")}`,
      });
    }
    return this.typed(node, args, found.bind, found.usage);
  }

  private case(node: Extract<Expression, { kind: "case" }>): Bound {
    const parts = node.branches.flatMap(({ when, then }) => [when, then]);
    if (node.otherwise !== undefined) parts.push(node.otherwise);
    return this.typed(node, parts, (bounds) => {
      const branches: { when: Bound; then: Bound }[] = [];
      for (let i = 0; i < node.branches.length; i++) {
        const when = bounds[i * 2];
        const then = bounds[i * 2 + 1];
        if (when !== undefined && then !== undefined) branches.push({ when, then });
      }
      return bindCase(branches, bounds[node.branches.length * 2] ?? literal("void", null));
    });
  }

  private cast(node: Extract<Expression, { kind: "cast" }>): Bound {
    const wanted = `a type that casts to ${sqlTypeName(node.type)}`;
    return this.typed(
      node,
      [node.operand],
      ([operand]) => {
        const converted = operand && cast(operand, node.type);
        return converted !== undefined && node.isTry ? orNull(converted) : converted;
      },
      wanted,
    );
  }

  private bad(node: Expression, found: string, wanted: string): SluiceError {
    return badExpression(this.text, { where: quoted(node.text), found, wanted });
  }
}

/** A cast that gives null where it would fail. */
function orNull(converted: Bound): Bound {
  if (converted.kind !== "call" || converted.name !== "cast") return converted;
  const { apply } = converted;
  return fold({
    ...converted,
    name: "try_cast",
    apply: (value) => {
      try {
        return apply(value);
      } catch (error) {
        if (error instanceof SluiceError) return null;
        throw error;
      }
    },
  });
}

/** `date + 3` and `date - 3`, in days. */
function bindDaySum(operator: string, left: Bound, right: Bound): Bound | undefined {
  if (operator === "+" && left.type === "date") {
    return findFunction("date_add")?.bind([left, right]);
  }
  if (operator === "+" && right.type === "date") {
    return findFunction("date_add")?.bind([right, left]);
  }
  if (operator === "-" && left.type === "date") {
    return findFunction("date_sub")?.bind([left, right]);
  }
  return undefined;
}

/** `array[index]`, from 0, or `map[key]`. A key that is not there gives null, an index is an error. */
function bindElement(operand: Bound, index: Bound): Bound | undefined {
  const { type } = operand;
  if (typeof type !== "object") return undefined;
  if (type.type === "array") {
    const at = coerce(index, "integer");
    return at && call("[]", type.elementType, [operand, at], elementAt);
  }
  if (type.type !== "map") return undefined;
  const key = coerce(index, type.keyType);
  if (key === undefined) return undefined;
  return call(
    "[]",
    type.valueType,
    [operand, key],
    (map: ReadonlyMap<unknown, unknown>, k) => map.get(k) ?? null,
  );
}

function elementAt(items: readonly unknown[], index: number): unknown {
  if (index >= 0 && index < items.length) return items[index];
  throw new SluiceError("BAD_VALUE", {
    attempted: "evaluate SQL",
    found: `index ${index}`,
    wanted: `an index below ${items.length}, the length of the array`,
  });
}

function bindField(operand: Bound, name: string): Bound | undefined {
  const { type } = operand;
  const fields = typeof type === "object" && type.type === "struct" ? type.fields : [];
  const field = findField(fields, name);
  if (field === undefined) return undefined;
  return call(
    ".",
    field.type,
    [operand],
    (value: Readonly<Record<string, unknown>>) => value[field.name] ?? null,
  );
}
