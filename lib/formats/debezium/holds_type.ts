import type { DataType } from "../../core/mod.ts";

/** How many digits the values of an integer type may have, and how many all of them can have. */
const DIGITS: Readonly<Record<string, readonly [most: number, all: number]>> = {
  byte: [3, 2],
  short: [5, 4],
  integer: [10, 9],
  long: [19, 18],
};
const TIMES: readonly unknown[] = ["timestamp", "timestamp_ntz"];
/** The integers that are no longer than the digits of a type of floating point. */
const WHOLE_IN: Readonly<Record<string, readonly unknown[]>> = {
  float: ["byte", "short"],
  double: ["byte", "short", "integer", "float"],
};

/** True if a column of one type can hold every value of another, to the last digit. */
export function holdsType(column: DataType, values: DataType): boolean {
  if (typeof column === "object") {
    if (column.type !== "decimal") return false;
    const whole = column.precision - column.scale;
    if (typeof values === "string") return (DIGITS[values]?.[0] ?? Infinity) <= whole;
    return values.type === "decimal" && values.scale <= column.scale &&
      values.precision - values.scale <= whole;
  }
  // What is readable as text is so to the last digit.
  if (column === "string") return true;
  if (column === values || (TIMES.includes(column) && TIMES.includes(values))) return true;
  const own = DIGITS[column];
  if (own === undefined) return WHOLE_IN[column]?.includes(values) ?? false;
  if (typeof values === "string") return (DIGITS[values]?.[0] ?? Infinity) <= own[0];
  return values.type === "decimal" && values.scale === 0 && values.precision <= own[1];
}
