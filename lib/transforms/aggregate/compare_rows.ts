import type {
  BooleanColumn,
  BytesColumn,
  Column,
  DataType,
  Decimal128Column,
  Int64Column,
  ListColumn,
  NumberColumn,
  StructColumn,
} from "../../core/mod.ts";

/** Negative, zero or positive as the first value comes before, with or behind the second; no nulls. */
export type CompareRows = (left: Column, i: number, right: Column, j: number) => number;

/**
 * Compares values of one type, in rows of columns, as Spark orders them: NaN behind all numbers, -0.0
 * with 0.0, false before true, text and bytes byte by byte, structs and arrays value by value with
 * null first. Maps have no order.
 */
export function rowComparison(type: DataType): CompareRows {
  if (typeof type === "object") {
    switch (type.type) {
      case "decimal":
        return type.precision <= 18 ? compareInt64 : compareDecimal128;
      case "struct":
        return structComparison(type.fields.map((field) => rowComparison(field.type)));
      case "array":
        return listComparison(rowComparison(type.elementType));
      case "map":
        throw new RangeError("maps have no order");
    }
  }
  switch (type) {
    case "string":
    case "binary":
      return compareBytes;
    case "boolean":
      return compareBooleans;
    case "long":
    case "timestamp":
    case "timestamp_ntz":
      return compareInt64;
    default:
      return compareNumbers;
  }
}

/** True if values of the type have an order and can be told apart: it holds no map. */
export function isComparable(type: DataType): boolean {
  if (typeof type !== "object") return true;
  if (type.type === "struct") return type.fields.every((field) => isComparable(field.type));
  return type.type === "array" ? isComparable(type.elementType) : type.type === "decimal";
}

function compareNumbers(left: Column, i: number, right: Column, j: number): number {
  const a = (left as NumberColumn).values[i]!;
  const b = (right as NumberColumn).values[j]!;
  if (a < b) return -1;
  if (a > b) return 1;
  return a === b ? 0 : Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

function compareBooleans(left: Column, i: number, right: Column, j: number): number {
  return (left as BooleanColumn).values[i]! - (right as BooleanColumn).values[j]!;
}

function compareInt64(left: Column, i: number, right: Column, j: number): number {
  return order((left as Int64Column).values[i]!, (right as Int64Column).values[j]!);
}

function compareDecimal128(left: Column, i: number, right: Column, j: number): number {
  const a = (left as Decimal128Column).unscaledAt(i);
  return order(a, (right as Decimal128Column).unscaledAt(j));
}

function compareBytes(left: Column, i: number, right: Column, j: number): number {
  const { data: a, offsets: aOffsets } = left as BytesColumn;
  const { data: b, offsets: bOffsets } = right as BytesColumn;
  const aEnd = aOffsets[i + 1]!;
  const bEnd = bOffsets[j + 1]!;
  let at = aOffsets[i]!;
  let bt = bOffsets[j]!;
  while (at < aEnd && bt < bEnd) {
    const difference = a[at++]! - b[bt++]!;
    if (difference !== 0) return difference;
  }
  return (aEnd - at) - (bEnd - bt);
}

function structComparison(fields: readonly CompareRows[]): CompareRows {
  return (left, i, right, j) => {
    const a = (left as StructColumn).children;
    const b = (right as StructColumn).children;
    for (let field = 0; field < fields.length; field++) {
      const compared = compareNullable(fields[field]!, a[field]!, i, b[field]!, j);
      if (compared !== 0) return compared;
    }
    return 0;
  };
}

function listComparison(compare: CompareRows): CompareRows {
  return (left, i, right, j) => {
    const { elements: a, offsets: aOffsets } = left as ListColumn;
    const { elements: b, offsets: bOffsets } = right as ListColumn;
    const aEnd = aOffsets[i + 1]!;
    const bEnd = bOffsets[j + 1]!;
    let at = aOffsets[i]!;
    let bt = bOffsets[j]!;
    while (at < aEnd && bt < bEnd) {
      const compared = compareNullable(compare, a, at++, b, bt++);
      if (compared !== 0) return compared;
    }
    return (aEnd - at) - (bEnd - bt);
  };
}

function compareNullable(
  compare: CompareRows,
  left: Column,
  i: number,
  right: Column,
  j: number,
): number {
  const leftNull = left.isNull(i);
  const rightNull = right.isNull(j);
  if (leftNull || rightNull) return Number(rightNull) - Number(leftNull);
  return compare(left, i, right, j);
}

function order(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
