import { type DataType, type DecimalType, typeName } from "../../core/mod.ts";

/** A type, or that of a bare NULL, which fits wherever a value is wanted. */
export type SqlType = DataType | "void";

const MAX_PRECISION = 38;
const MIN_DIVISION_SCALE = 6;
const NUMERIC_ORDER: readonly SqlType[] = ["byte", "short", "integer", "long", "float", "double"];
const INTEGER_DIGITS: Readonly<Record<string, number>> = {
  byte: 3,
  short: 5,
  integer: 10,
  long: 20,
};
const TIME_ORDER: readonly SqlType[] = ["date", "timestamp_ntz", "timestamp"];

/** The type as messages name it. */
export function sqlTypeName(type: SqlType): string {
  return type === "void" ? "null" : typeName(type);
}

/** True if both are the same type; whether nested values may be null does not matter. */
export function isSameType(a: SqlType, b: SqlType): boolean {
  return a === b || sqlTypeName(a) === sqlTypeName(b);
}

/** True for byte, short, integer and long. */
export function isIntegral(type: SqlType): boolean {
  return typeof type === "string" && type in INTEGER_DIGITS;
}

/** True for float and double. */
export function isFloating(type: SqlType): boolean {
  return type === "float" || type === "double";
}

/** True for decimals. */
export function isDecimal(type: SqlType): type is DecimalType {
  return typeof type === "object" && type.type === "decimal";
}

/** True for every type of numbers. */
export function isNumeric(type: SqlType): boolean {
  return isIntegral(type) || isFloating(type) || isDecimal(type);
}

/** True for date, timestamp and timestamp_ntz. */
export function isTime(type: SqlType): boolean {
  return TIME_ORDER.includes(type);
}

/** True for array, map and struct. */
export function isNested(type: SqlType): boolean {
  return typeof type === "object" && type.type !== "decimal";
}

/** The decimal type that holds every value of an integral or decimal type. */
export function decimalFor(type: SqlType): DecimalType {
  if (isDecimal(type)) return type;
  return { type: "decimal", precision: INTEGER_DIGITS[type as string]!, scale: 0 };
}

/**
 * The type that values of both can be brought to, as Spark's ANSI mode has it; `undefined` if there
 * is none. Text gives way to the other type: `'12' = 12` compares numbers.
 */
export function commonType(a: SqlType, b: SqlType): SqlType | undefined {
  if (a === "void") return b;
  if (b === "void" || isSameType(a, b)) return a;
  if (isNumeric(a) && isNumeric(b)) return commonNumber(a, b);
  if (isTime(a) && isTime(b)) {
    return TIME_ORDER[Math.max(TIME_ORDER.indexOf(a), TIME_ORDER.indexOf(b))];
  }
  if (a === "string") return typeBesideText(b);
  return b === "string" ? typeBesideText(a) : undefined;
}

function typeBesideText(other: SqlType): SqlType | undefined {
  if (isIntegral(other)) return "long";
  if (isNumeric(other)) return "double";
  return isNested(other) ? undefined : other;
}

function commonNumber(a: SqlType, b: SqlType): SqlType {
  if (isDecimal(a) || isDecimal(b)) {
    if (isFloating(a) || isFloating(b)) return "double";
    const [left, right] = [decimalFor(a), decimalFor(b)];
    const scale = Math.max(left.scale, right.scale);
    return keepingWholeDigits(wholeDigits(left, right) + scale, scale);
  }
  const wider = NUMERIC_ORDER[Math.max(NUMERIC_ORDER.indexOf(a), NUMERIC_ORDER.indexOf(b))]!;
  // A float would lose digits of an integer.
  return wider === "float" ? "double" : wider;
}

/** The type of a sum, difference, product, quotient or remainder of decimals, as Spark has it. */
export function decimalResult(
  operator: "+" | "-" | "*" | "/" | "%",
  { precision: p1, scale: s1 }: DecimalType,
  { precision: p2, scale: s2 }: DecimalType,
): DecimalType {
  const scale = Math.max(s1, s2);
  switch (operator) {
    case "+":
    case "-":
      return fitted(Math.max(p1 - s1, p2 - s2) + scale + 1, scale);
    case "*":
      return fitted(p1 + p2 + 1, s1 + s2);
    case "/": {
      const quotientScale = Math.max(MIN_DIVISION_SCALE, s1 + p2 + 1);
      return fitted(p1 - s1 + s2 + quotientScale, quotientScale);
    }
    case "%":
      return fitted(Math.min(p1 - s1, p2 - s2) + scale, scale);
  }
}

/** A decimal type of at most 38 digits that gives up digits behind the point before whole ones. */
export function keepingWholeDigits(precision: number, scale: number): DecimalType {
  const excess = Math.max(0, precision - MAX_PRECISION);
  return {
    type: "decimal",
    precision: precision - excess,
    scale: Math.max(0, scale - excess),
  };
}

/** As `keepingWholeDigits`, but up to six digits behind the point are never given up. */
function fitted(precision: number, scale: number): DecimalType {
  if (precision <= MAX_PRECISION) return { type: "decimal", precision, scale };
  const least = Math.min(scale, MIN_DIVISION_SCALE);
  return {
    type: "decimal",
    precision: MAX_PRECISION,
    scale: Math.max(MAX_PRECISION - (precision - scale), least),
  };
}

function wholeDigits(a: DecimalType, b: DecimalType): number {
  return Math.max(a.precision - a.scale, b.precision - b.scale);
}
