import { Decimal } from "./decimal.ts";
import { SluiceError } from "./errors.ts";
import { type DataType, typeName } from "./schema.ts";

/**
 * The values of one column of a batch, in typed arrays that sinks read directly. Columns only grow
 * at the end; `truncate` takes back the rows of a record that turned out bad.
 */
export abstract class Column {
  /** The type of the values. */
  readonly type: DataType;
  /** How many rows there are. */
  length = 0;
  /** How many of the rows are null. */
  nullCount = 0;
  /** One byte a row, 1 where there is a value; `undefined` as long as no row is null. */
  validity: Uint8Array | undefined;
  /** How many rows fit before the arrays grow. */
  protected capacity: number;

  /** Makes an empty column with room for `capacity` rows. */
  constructor(type: DataType, capacity: number) {
    this.type = type;
    this.capacity = capacity;
  }

  /** True if the row holds no value. */
  isNull(row: number): boolean {
    return this.validity !== undefined && this.validity[row] === 0;
  }

  /** The row's value as rows hold it, or null. */
  get(row: number): unknown {
    return this.isNull(row) ? null : this.valueAt(row);
  }

  /**
   * Adds a value as rows hold it, or null.
   *
   * @throws {SluiceError} `BAD_VALUE` if the type cannot hold it.
   */
  append(value: unknown): void {
    if (value === null || value === undefined) this.appendNull();
    else this.appendValue(value);
  }

  /** Adds a row without a value. */
  appendNull(): void {
    const row = this.length;
    this.appendEmpty();
    this.markNull(row);
  }

  /** Makes room for that many rows in all. */
  reserve(rows: number): void {
    if (rows <= this.capacity) return;
    this.capacity = Math.max(rows, this.capacity * 2, 16);
    if (this.validity !== undefined) this.validity = grown(this.validity, this.capacity);
    this.resize(this.capacity);
  }

  /** Forgets the rows from `length` on. */
  truncate(length: number): void {
    if (this.validity !== undefined) {
      for (let row = length; row < this.length; row++) {
        if (this.validity[row] === 0) this.nullCount--;
      }
      if (this.nullCount === 0) this.validity = undefined;
    }
    this.length = length;
  }

  /** A new column of the given rows, in the given order. */
  take(rows: Int32Array): Column {
    const taken = this.takeValues(rows);
    if (this.validity !== undefined) {
      for (let i = 0; i < rows.length; i++) {
        if (this.validity[rows[i]!] === 0) taken.markNull(i);
      }
    }
    return taken;
  }

  /** Bytes held by the arrays. */
  abstract get byteSize(): number;

  /** Adds a row whose value does not matter. */
  protected abstract appendEmpty(): void;

  /** Adds a value that is not null. */
  protected abstract appendValue(value: unknown): void;

  /** The value of a row that is not null. */
  protected abstract valueAt(row: number): unknown;

  /** Makes the arrays hold `capacity` rows. */
  protected abstract resize(capacity: number): void;

  /** A new column of the given rows without their validity. */
  protected abstract takeValues(rows: Int32Array): Column;

  /** Makes room for one more row; call before writing at index `length`. */
  protected nextRow(): number {
    const row = this.length;
    if (row === this.capacity) this.reserve(row + 1);
    if (this.validity !== undefined) this.validity[row] = 1;
    this.length = row + 1;
    return row;
  }

  /** Takes the value of a row away. */
  private markNull(row: number): void {
    this.validity ??= new Uint8Array(this.capacity).fill(1);
    this.validity[row] = 0;
    this.nullCount++;
  }

  /** The error for a value that the column's type cannot hold. */
  protected badValue(value: unknown): SluiceError {
    return new SluiceError("BAD_VALUE", {
      attempted: "store a value in a column",
      found: describeValue(value),
      wanted: typeName(this.type),
    });
  }
}

/** A value for a message: its text, cut short, and its JavaScript type. */
export function describeValue(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") {
    return value.length > 60 ? `${JSON.stringify(value.slice(0, 60))}…` : JSON.stringify(value);
  }
  if (value instanceof Decimal) return `${cut(String(value))} (Decimal)`;
  if (typeof value === "object") return Array.isArray(value) ? "an array" : "an object";
  return `${cut(String(value))} (${typeof value})`;
}

function cut(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** A larger copy of a typed array. */
export function grown<T extends { readonly length: number; set(values: T): void }>(
  array: T,
  length: number,
): T {
  const copy = new (array.constructor as new (length: number) => T)(length);
  copy.set(array);
  return copy;
}
