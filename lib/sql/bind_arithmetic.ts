import { type DataType, Decimal, type DecimalType, describeValue, typeName } from "../core/mod.ts";
import { type Bound, call } from "./bound.ts";
import { fitInteger } from "./values/cast_value.ts";
import { cast, fold, literal } from "./coerce.ts";
import { toDecimal } from "./values/compare_values.ts";
import { divideHalfUp, fitDecimal, magnitude } from "./values/decimal_math.ts";
import { badValue } from "./sql_error.ts";
import {
  commonType,
  decimalFor,
  decimalResult,
  isDecimal,
  isFloating,
  isIntegral,
  isNumeric,
  type SqlType,
} from "./values/sql_type.ts";

/** Operators on two numbers. */
export type NumberOperator = "+" | "-" | "*" | "/" | "%" | "div";

const INTEGER_OPERATIONS: Readonly<Record<NumberOperator, (a: bigint, b: bigint) => bigint>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  div: (a, b) => a / b,
};
const DOUBLE_OPERATIONS: Readonly<Record<NumberOperator, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  div: (a, b) => Math.trunc(a / b),
};

/**
 * A calculation with Spark's result types, in ANSI mode: what overflows or divides by zero is an
 * error. `undefined` if the operator does not take such operands.
 */
export function bindArithmetic(
  operator: NumberOperator,
  left: Bound,
  right: Bound,
): Bound | undefined {
  const [a, b] = withoutText(left, right);
  if (a === undefined || b === undefined) return undefined;
  if (!isNumeric(a.type) || !isNumeric(b.type)) return undefined;
  const isExact = !isFloating(a.type) && !isFloating(b.type);
  if (isExact && (isDecimal(a.type) || isDecimal(b.type))) {
    return decimalArithmetic(operator, a, b);
  }
  if (operator === "div") {
    return isExact ? integerArithmetic(operator, "long", a, b) : undefined;
  }
  const type = operator === "/" ? "double" : commonType(a.type, b.type);
  if (type === undefined || type === "void") return undefined;
  return isIntegral(type)
    ? integerArithmetic(operator, type, a, b)
    : doubleArithmetic(operator, type, a, b);
}

/** Unary minus. `undefined` for what is no number. */
export function bindNegation(operand: Bound): Bound | undefined {
  const { type } = operand;
  if (type === "string") {
    const number = cast(operand, "double");
    return number === undefined ? undefined : bindNegation(number);
  }
  if (type === "void") return literal("double", null);
  if (isFloating(type)) return fold(call("-", type, [operand], (value: number) => -value));
  if (isDecimal(type)) {
    return fold(
      call("-", type, [operand], (value: Decimal) => new Decimal(-value.unscaled, value.scale)),
    );
  }
  if (!isIntegral(type)) return undefined;
  return fold(
    call("-", type, [operand], (value: number | bigint) => fitResult(-BigInt(value), type, "-")),
  );
}

/**
 * An integer that an operation came to, as rows hold it.
 *
 * @throws {SluiceError} `BAD_VALUE` if the type cannot hold it.
 */
export function fitResult(value: bigint, type: DataType, operator: string): bigint | number {
  const fitted = fitInteger(value, type);
  if (fitted !== undefined) return fitted;
  throw badValue(
    `${describeValue(value)} from ${operator}`,
    typeName(type),
    "cast an operand to a wider type",
  );
}

/** Text beside a number is read as one; a bare NULL takes the other's type. */
function withoutText(left: Bound, right: Bound): [Bound | undefined, Bound | undefined] {
  const number = (bound: Bound, other: SqlType): Bound | undefined => {
    if (bound.type !== "string" && bound.type !== "void") return bound;
    if (other === "string" || other === "void") return cast(bound, "double");
    const type = commonType(bound.type, other);
    return type === undefined ? undefined : cast(bound, type);
  };
  return [number(left, right.type), number(right, left.type)];
}

function integerArithmetic(
  operator: NumberOperator,
  type: DataType,
  left: Bound,
  right: Bound,
): Bound | undefined {
  const operate = INTEGER_OPERATIONS[operator];
  const divides = isDivision(operator);
  return calculation(
    operator,
    type,
    left,
    right,
    (a: number | bigint, b: number | bigint) => {
      if (divides && Number(b) === 0) throw divisionByZero();
      return fitResult(operate(BigInt(a), BigInt(b)), type, operator);
    },
  );
}

function doubleArithmetic(
  operator: NumberOperator,
  type: DataType,
  left: Bound,
  right: Bound,
): Bound | undefined {
  const operate = DOUBLE_OPERATIONS[operator];
  const divides = isDivision(operator);
  const isFloat = type === "float";
  return calculation(operator, type, left, right, (a: number, b: number) => {
    if (divides && b === 0) throw divisionByZero();
    const result = operate(a, b);
    return isFloat ? Math.fround(result) : result;
  });
}

function decimalArithmetic(operator: NumberOperator, left: Bound, right: Bound): Bound {
  const types = [decimalOperand(left, right), decimalOperand(right, left)] as const;
  if (operator === "div") {
    return fold(call("div", "long", [left, right], (a: unknown, b: unknown) => {
      const [x, y] = sameScale(toDecimal(a), toDecimal(b));
      if (y === 0n) throw divisionByZero();
      return fitResult(x / y, "long", operator);
    }));
  }
  const type = decimalResult(operator, ...types);
  const operate = decimalOperation(operator, type);
  return fold(call(operator, type, [left, right], (a: unknown, b: unknown) => {
    return fitDecimal(operate(toDecimal(a), toDecimal(b)), type);
  }));
}

function decimalOperation(
  operator: Exclude<NumberOperator, "div">,
  { scale }: DecimalType,
): (a: Decimal, b: Decimal) => Decimal {
  switch (operator) {
    case "+":
      return (a, b) => a.plus(b);
    case "-":
      return (a, b) => a.minus(b);
    case "*":
      return (a, b) => a.times(b);
    case "/":
      return (a, b) => {
        const [x, y] = sameScale(a, b);
        if (y === 0n) throw divisionByZero();
        return new Decimal(divideHalfUp(x * 10n ** BigInt(scale), y), scale);
      };
    case "%":
      return (a, b) => {
        const [x, y] = sameScale(a, b);
        if (y === 0n) throw divisionByZero();
        return new Decimal(x % y, Math.max(a.scale, b.scale));
      };
  }
}

/** The decimal type an operand counts as: of an integer literal, only the digits that it has. */
function decimalOperand(operand: Bound, other: Bound): DecimalType {
  const { type } = operand;
  if (operand.kind === "literal" && isIntegral(type) && isDecimal(other.type)) {
    const digits = operand.value === null ? "0" : String(magnitude(BigInt(String(operand.value))));
    return { type: "decimal", precision: digits.length, scale: 0 };
  }
  return decimalFor(type);
}

function sameScale(a: Decimal, b: Decimal): [bigint, bigint] {
  const scale = Math.max(a.scale, b.scale);
  return [
    a.unscaled * 10n ** BigInt(scale - a.scale),
    b.unscaled * 10n ** BigInt(scale - b.scale),
  ];
}

function calculation(
  operator: NumberOperator,
  type: DataType,
  left: Bound,
  right: Bound,
  apply: (...values: never[]) => unknown,
): Bound | undefined {
  const a = cast(left, type);
  const b = cast(right, type);
  return a === undefined || b === undefined ? undefined : fold(call(operator, type, [a, b], apply));
}

function isDivision(operator: NumberOperator): boolean {
  return operator === "/" || operator === "%" || operator === "div";
}

function divisionByZero(): Error {
  return badValue("a division by zero", "another divisor", "divide by NULLIF(divisor, 0)");
}
