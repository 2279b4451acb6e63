import { Column, grown } from "./column.ts";
import { Decimal } from "./decimal.ts";
import type { DataType, DecimalType } from "./schema.ts";
import {
  MAX_DATE_DAYS,
  MAX_TIMESTAMP_MICROS,
  MIN_DATE_DAYS,
  MIN_TIMESTAMP_MICROS,
} from "./time.ts";

/** The arrays that hold numbers of up to 64 bits floating point or 32 bits integer. */
export type NumberArray = Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

const INTEGER_BOUNDS: Record<string, readonly [min: number, max: number]> = {
  byte: [-128, 127],
  short: [-32768, 32767],
  integer: [-2147483648, 2147483647],
  date: [MIN_DATE_DAYS, MAX_DATE_DAYS],
};

/** byte, short, integer, date (days), float and double. */
export class NumberColumn extends Column {
  /** One number a row. */
  values: NumberArray;
  /** The least and the greatest integer allowed; `undefined` for float and double. */
  readonly bounds: readonly [min: number, max: number] | undefined;

  /** Makes an empty column. */
  constructor(type: DataType, capacity: number) {
    super(type, capacity);
    this.values = numberArray(type, capacity);
    this.bounds = INTEGER_BOUNDS[type as string];
  }

  /** Adds a number that is known to fit. */
  appendNumber(value: number): void {
    const row = this.nextRow();
    this.values[row] = value;
  }

  /** Bytes held by the arrays. */
  override get byteSize(): number {
    return this.values.byteLength;
  }

  /** Adds a zero, to be marked as null. */
  protected override appendEmpty(): void {
    this.appendNumber(0);
  }

  /** Adds a number within the type's bounds. */
  protected override appendValue(value: unknown): void {
    if (typeof value !== "number") throw this.badValue(value);
    if (this.bounds !== undefined) {
      const [min, max] = this.bounds;
      if (!(Number.isInteger(value) && value >= min && value <= max)) throw this.badValue(value);
    } else if (this.type === "float" && Number.isFinite(value) && !isFiniteFloat(value)) {
      throw this.badValue(value);
    }
    this.appendNumber(value);
  }

  /** The number of a row. */
  protected override valueAt(row: number): number {
    return this.values[row]!;
  }

  /** Makes the arrays hold `capacity` rows. */
  protected override resize(capacity: number): void {
    this.values = grown(this.values as Float64Array, capacity);
  }

  /** A new column of the given rows without their validity. */
  protected override takeValues(rows: Int32Array): NumberColumn {
    const taken = new NumberColumn(this.type, rows.length);
    for (let i = 0; i < rows.length; i++) taken.values[i] = this.values[rows[i]!]!;
    taken.length = rows.length;
    return taken;
  }
}

/** boolean. */
export class BooleanColumn extends Column {
  /** One byte a row: 1 is true, 0 is false. */
  values: Uint8Array;

  /** Makes an empty column. */
  constructor(type: DataType, capacity: number) {
    super(type, capacity);
    this.values = new Uint8Array(capacity);
  }

  /** Adds true or false. */
  appendBoolean(value: boolean): void {
    const row = this.nextRow();
    this.values[row] = value ? 1 : 0;
  }

  /** Bytes held by the arrays. */
  override get byteSize(): number {
    return this.values.byteLength;
  }

  /** Adds false, to be marked as null. */
  protected override appendEmpty(): void {
    this.appendBoolean(false);
  }

  /** Adds a boolean. */
  protected override appendValue(value: unknown): void {
    if (typeof value !== "boolean") throw this.badValue(value);
    this.appendBoolean(value);
  }

  /** The boolean of a row. */
  protected override valueAt(row: number): boolean {
    return this.values[row] === 1;
  }

  /** Makes the arrays hold `capacity` rows. */
  protected override resize(capacity: number): void {
    this.values = grown(this.values, capacity);
  }

  /** A new column of the given rows without their validity. */
  protected override takeValues(rows: Int32Array): BooleanColumn {
    const taken = new BooleanColumn(this.type, rows.length);
    for (let i = 0; i < rows.length; i++) taken.values[i] = this.values[rows[i]!]!;
    taken.length = rows.length;
    return taken;
  }
}

/** long, timestamp and timestamp_ntz (microseconds), and decimals of up to 18 digits (unscaled). */
export class Int64Column extends Column {
  /** One 64-bit integer a row. */
  values: BigInt64Array;
  /** The same memory as 32-bit words, low word first: writing these makes no BigInt. */
  words: Int32Array;
  private readonly decimal: DecimalType | undefined;
  private readonly min: bigint;
  private readonly max: bigint;

  /** Makes an empty column. */
  constructor(type: DataType, capacity: number) {
    super(type, capacity);
    this.values = new BigInt64Array(capacity);
    this.words = new Int32Array(this.values.buffer);
    this.decimal = typeof type === "object" && type.type === "decimal" ? type : undefined;
    [this.min, this.max] = int64Bounds(type);
  }

  /** Adds an integer that is known to fit, given as its low and high 32 bits. */
  appendWords(low: number, high: number): void {
    const word = this.nextRow() * 2;
    this.words[word] = low;
    this.words[word + 1] = high;
  }

  /** Adds an integer that is known to fit; a double is exact to 2^53. */
  appendSafeInteger(value: number): void {
    this.appendWords(value | 0, Math.floor(value / 4294967296));
  }

  /** Adds an integer; false and nothing added if the type cannot hold it. */
  tryAppendBigInt(value: bigint): boolean {
    if (value < this.min || value > this.max) return false;
    const row = this.nextRow();
    this.values[row] = value;
    return true;
  }

  /** Bytes held by the arrays. */
  override get byteSize(): number {
    return this.values.byteLength;
  }

  /** Adds a zero, to be marked as null. */
  protected override appendEmpty(): void {
    this.appendWords(0, 0);
  }

  /** Adds a `bigint`, or for a decimal type a `Decimal` that fits without rounding. */
  protected override appendValue(value: unknown): void {
    const integer = this.decimal === undefined
      ? value
      : value instanceof Decimal
      ? value.rescaled(this.decimal.scale)?.unscaled
      : undefined;
    if (typeof integer !== "bigint" || !this.tryAppendBigInt(integer)) throw this.badValue(value);
  }

  /** The `bigint` or `Decimal` of a row. */
  protected override valueAt(row: number): bigint | Decimal {
    const value = this.values[row]!;
    return this.decimal === undefined ? value : new Decimal(value, this.decimal.scale);
  }

  /** Makes the arrays hold `capacity` rows. */
  protected override resize(capacity: number): void {
    this.values = grown(this.values, capacity);
    this.words = new Int32Array(this.values.buffer);
  }

  /** A new column of the given rows without their validity. */
  protected override takeValues(rows: Int32Array): Int64Column {
    const taken = new Int64Column(this.type, rows.length);
    const from = this.words;
    const to = taken.words;
    for (let i = 0; i < rows.length; i++) {
      const word = rows[i]! * 2;
      to[i * 2] = from[word]!;
      to[i * 2 + 1] = from[word + 1]!;
    }
    taken.length = rows.length;
    return taken;
  }
}

/** decimals of 19 to 38 digits: the unscaled value in 128 bits. */
export class Decimal128Column extends Column {
  /** The decimal type of the values. */
  declare readonly type: DecimalType;
  /** Two words a row, low word first, two's complement. */
  values: BigInt64Array;
  private readonly limit: bigint;

  /** Makes an empty column. */
  constructor(type: DecimalType, capacity: number) {
    super(type, capacity);
    this.values = new BigInt64Array(capacity * 2);
    this.limit = 10n ** BigInt(type.precision);
  }

  /** Adds an unscaled value; false and nothing added if it has too many digits. */
  tryAppendBigInt(unscaled: bigint): boolean {
    if (unscaled >= this.limit || unscaled <= -this.limit) return false;
    const word = this.nextRow() * 2;
    this.values[word] = BigInt.asIntN(64, unscaled);
    this.values[word + 1] = unscaled >> 64n;
    return true;
  }

  /** The unscaled value of a row. */
  unscaledAt(row: number): bigint {
    return (this.values[row * 2 + 1]! << 64n) | BigInt.asUintN(64, this.values[row * 2]!);
  }

  /** Bytes held by the arrays. */
  override get byteSize(): number {
    return this.values.byteLength;
  }

  /** Adds a zero, to be marked as null. */
  protected override appendEmpty(): void {
    this.tryAppendBigInt(0n);
  }

  /** Adds a `Decimal` that fits without rounding. */
  protected override appendValue(value: unknown): void {
    const unscaled = value instanceof Decimal
      ? value.rescaled(this.type.scale)?.unscaled
      : undefined;
    if (unscaled === undefined || !this.tryAppendBigInt(unscaled)) throw this.badValue(value);
  }

  /** The `Decimal` of a row. */
  protected override valueAt(row: number): Decimal {
    return new Decimal(this.unscaledAt(row), this.type.scale);
  }

  /** Makes the arrays hold `capacity` rows. */
  protected override resize(capacity: number): void {
    this.values = grown(this.values, capacity * 2);
  }

  /** A new column of the given rows without their validity. */
  protected override takeValues(rows: Int32Array): Decimal128Column {
    const taken = new Decimal128Column(this.type, rows.length);
    for (let i = 0; i < rows.length; i++) {
      taken.values[i * 2] = this.values[rows[i]! * 2]!;
      taken.values[i * 2 + 1] = this.values[rows[i]! * 2 + 1]!;
    }
    taken.length = rows.length;
    return taken;
  }
}

function isFiniteFloat(value: number): boolean {
  return Number.isFinite(Math.fround(value));
}

function numberArray(type: DataType, capacity: number): NumberArray {
  switch (type) {
    case "byte":
      return new Int8Array(capacity);
    case "short":
      return new Int16Array(capacity);
    case "float":
      return new Float32Array(capacity);
    case "double":
      return new Float64Array(capacity);
    default:
      return new Int32Array(capacity);
  }
}

function int64Bounds(type: DataType): [min: bigint, max: bigint] {
  if (typeof type === "object" && type.type === "decimal") {
    const limit = 10n ** BigInt(type.precision) - 1n;
    return [-limit, limit];
  }
  return type === "long"
    ? [-(2n ** 63n), 2n ** 63n - 1n]
    : [MIN_TIMESTAMP_MICROS, MAX_TIMESTAMP_MICROS];
}
