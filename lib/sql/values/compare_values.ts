import { Decimal } from "../../core/mod.ts";
import type { Compare } from "../bound.ts";
import { isDecimal, isFloating, isNumeric, type SqlType } from "./sql_type.ts";

/** The order of two values of these types, which are alike or both numbers. */
export function compareFor(left: SqlType, right: SqlType): Compare {
  if (isNumeric(left)) {
    if (isFloating(left) || isFloating(right)) return compareDoubles;
    return isDecimal(left) || isDecimal(right) ? compareDecimals : compareOrdered;
  }
  switch (left) {
    case "string":
      return compareTexts;
    case "binary":
      return compareBinaries;
    default:
      return compareOrdered;
  }
}

/** A number as a double, rounded where a double is too coarse. */
export function toDouble(value: unknown): number {
  return typeof value === "number" ? value : Number(String(value));
}

/** An integer or decimal as a decimal, exactly. */
export function toDecimal(value: unknown): Decimal {
  return value instanceof Decimal ? value : new Decimal(BigInt(value as number | bigint), 0);
}

/** Doubles as Spark orders them: NaN equals NaN and is greatest; 0 equals -0. */
function compareDoubles(left: unknown, right: unknown): number {
  const a = toDouble(left);
  const b = toDouble(right);
  if (a < b) return -1;
  if (a > b) return 1;
  return a === b ? 0 : Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

function compareDecimals(left: unknown, right: unknown): number {
  return toDecimal(left).compare(toDecimal(right));
}

/** Integers (a number and a bigint compare exactly), times of one kind and booleans. */
function compareOrdered(left: unknown, right: unknown): number {
  const a = left as bigint;
  const b = right as bigint;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Texts by code point, which is the order of their UTF-8 bytes; `<` would go by UTF-16. */
function compareTexts(left: unknown, right: unknown): number {
  const a = left as string;
  const b = right as string;
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate stands for a code point above all others.
    return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

function compareBinaries(left: unknown, right: unknown): number {
  const a = left as Uint8Array;
  const b = right as Uint8Array;
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
