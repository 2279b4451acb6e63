import { type DataType, typeName } from "../../../core/mod.ts";
import {
  bindExpression,
  bindPredicate,
  type BoundExpression,
  conjuncts,
  type Expression,
  parseExpression,
  type Predicate,
} from "../../../sql/mod.ts";
import { isKeyType } from "./key_index.ts";
import type { MergeScope } from "./merge_scope.ts";

/** An equality of the target and the source that rows can be looked up by. */
export interface KeyPair {
  /** Reads the target only. */
  readonly target: BoundExpression;
  /** Reads the source only; has the same type. */
  readonly source: BoundExpression;
  /** The column that the target's side is; `undefined` if it is worked out from columns. */
  readonly targetPath: readonly string[] | undefined;
  /** True for `<=>`. */
  readonly nullsMatch: boolean;
}

/** The condition that joins target and source, taken apart; all parts must be true. */
export interface MergeCondition {
  /** As it was written. */
  readonly text: string;
  /** Without any, each row of the target is held against each row of the source. */
  readonly keys: readonly KeyPair[];
  /** What is asked of the target alone. */
  readonly ofTarget: Predicate | undefined;
  /** What is asked of the source alone. */
  readonly ofSource: Predicate | undefined;
  /** What is left to ask of pairs of rows. */
  readonly ofPairs: Predicate | undefined;
}

const MAX_PRECISION = 38;
const INTEGERS: readonly DataType[] = ["byte", "short", "integer", "long"];

/**
 * Takes a join condition apart.
 *
 * @throws {SluiceError} `BAD_EXPRESSION` if it is not a condition over target and source.
 */
export function mergeCondition(text: string, scope: MergeScope): MergeCondition {
  // All of it at once, so that an error says where in the whole it is.
  bindPredicate(text, scope.ofPairs);
  const keys: KeyPair[] = [];
  const parts: Record<"target" | "source" | "pairs", Expression[]> = {
    target: [],
    source: [],
    pairs: [],
  };
  for (const part of conjuncts(parseExpression(text))) {
    const key = keyPair(part, scope);
    const side = scope.sideOf(bindPredicate(part, scope.ofPairs).columns);
    if (key !== undefined) keys.push(key);
    else if (side === "both") parts.pairs.push(part);
    else parts[side === "source" ? "source" : "target"].push(part);
  }
  return {
    text,
    keys,
    ofTarget: allOf(parts.target, scope),
    ofSource: allOf(parts.source, scope),
    ofPairs: allOf(parts.pairs, scope),
  };
}

function allOf(parts: readonly Expression[], scope: MergeScope): Predicate | undefined {
  const [first] = parts;
  if (first === undefined) return undefined;
  const text = parts.map((part) => part.text).join(" AND ");
  const all: Expression = parts.length === 1 ? first : { kind: "and", operands: parts, text };
  return bindPredicate(all, scope.ofPairs);
}

function keyPair(part: Expression, scope: MergeScope): KeyPair | undefined {
  if (part.kind !== "compare" || !["=", "<=>"].includes(part.operator)) return undefined;
  const left = bindExpression(part.left, scope.ofPairs);
  const right = bindExpression(part.right, scope.ofPairs);
  const sides = [scope.sideOf(left.columns), scope.sideOf(right.columns)].join();
  if (sides !== "target,source" && sides !== "source,target") return undefined;
  const type = comparedAs(part.left, part.right, scope);
  if (type === undefined || !isKeyType(type)) return undefined;
  const [target, source] = sides === "target,source"
    ? [part.left, part.right]
    : [part.right, part.left];
  return {
    target: converted(target, type, scope),
    source: converted(source, type, scope),
    targetPath: boundedPath(target, type, scope),
    nullsMatch: part.operator === "<=>",
  };
}

/**
 * The type that values of both are brought to where they are compared; `undefined` if some would not
 * be exact in it.
 */
function comparedAs(
  left: Expression,
  right: Expression,
  scope: MergeScope,
): DataType | undefined {
  const args = [left, right];
  const text = `coalesce(${left.text}, ${right.text})`;
  const { type } = bindExpression({ kind: "call", name: "coalesce", args, text }, scope.ofPairs);
  const isSame = args.every((arg) =>
    typeName(bindExpression(arg, scope.ofPairs).type) === typeName(type)
  );
  if (isSame) return type;
  // A decimal of all digits may have given up some of what it was made of.
  const isRounded = typeof type === "string"
    ? type === "float" || type === "double"
    : type.type === "decimal" && type.precision === MAX_PRECISION;
  return isRounded ? undefined : type;
}

function converted(operand: Expression, type: DataType, scope: MergeScope): BoundExpression {
  const bound = bindExpression(operand, scope.ofPairs);
  if (typeName(bound.type) === typeName(type)) return bound;
  const text = `CAST(${operand.text} AS ${typeName(type)})`;
  return bindExpression({ kind: "cast", operand, type, isTry: false, text }, scope.ofPairs);
}

/** The column that an expression is, if its bounds can be held against values of the type. */
function boundedPath(
  operand: Expression,
  type: DataType,
  scope: MergeScope,
): readonly string[] | undefined {
  const bound = bindExpression(operand, scope.ofPairs);
  const isComparable = typeName(bound.type) === typeName(type) ||
    [bound.type, type].every((one) => INTEGERS.includes(one)) ||
    [bound.type, type].every((one) => typeof one === "object" && one.type === "decimal");
  return operand.kind === "name" && isComparable ? bound.columns[0]?.path : undefined;
}
