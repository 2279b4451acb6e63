import { Column, grown } from "./column.ts";
import type { ArrayType, MapType, StructType } from "./schema.ts";

/** struct: one child column a field. A row is a plain object. */
export class StructColumn extends Column {
  /** The fields, in order. */
  declare readonly type: StructType;
  /** The columns of the fields, in order. */
  readonly children: readonly Column[];

  /** Makes a struct column over empty child columns. */
  constructor(type: StructType, children: readonly Column[], capacity: number) {
    super(type, capacity);
    this.children = children;
  }

  /** Adds a row whose fields were added to the children. */
  appendRow(): void {
    this.nextRow();
  }

  /** Bytes held by the arrays of the children too. */
  override get byteSize(): number {
    return this.children.reduce((sum, child) => sum + child.byteSize, 0);
  }

  /** Forgets the rows from `length` on, in the children too. */
  override truncate(length: number): void {
    super.truncate(length);
    for (const child of this.children) child.truncate(length);
  }

  /** Adds a row whose fields are all null, to be marked as null. */
  protected override appendEmpty(): void {
    for (const child of this.children) child.appendNull();
    this.nextRow();
  }

  /** Adds an object; the fields that it lacks are null. */
  protected override appendValue(value: unknown): void {
    if (typeof value !== "object" || Array.isArray(value)) throw this.badValue(value);
    const start = this.length;
    try {
      this.type.fields.forEach((field, i) => {
        const child = (value as Record<string, unknown>)[field.name];
        if (!field.nullable && (child === null || child === undefined)) throw this.badValue(child);
        this.children[i]!.append(child);
      });
    } catch (error) {
      for (const child of this.children) child.truncate(start);
      throw error;
    }
    this.appendRow();
  }

  /** The row as an object of its own. */
  protected override valueAt(row: number): Record<string, unknown> {
    return Object.fromEntries(
      this.type.fields.map((field, i) => [field.name, this.children[i]!.get(row)]),
    );
  }

  /** Makes the arrays hold `capacity` rows. */
  protected override resize(capacity: number): void {
    for (const child of this.children) child.reserve(capacity);
  }

  /** A new column of the given rows without their validity. */
  protected override takeValues(rows: Int32Array): StructColumn {
    const children = this.children.map((child) => child.take(rows));
    const taken = new StructColumn(this.type, children, rows.length);
    taken.length = rows.length;
    return taken;
  }
}

/** array: the elements of all rows in one child column. A row is an array. */
export class ListColumn extends Column {
  /** The type of the elements. */
  declare readonly type: ArrayType;
  /** Where each row's elements start; one more entry than rows. */
  offsets: Int32Array;
  /** The elements of all rows. */
  readonly elements: Column;

  /** Makes a list column over an empty element column. */
  constructor(type: ArrayType, elements: Column, capacity: number) {
    super(type, capacity);
    this.elements = elements;
    this.offsets = new Int32Array(capacity + 1);
  }

  /** Adds a row of the elements that were added since the row before. */
  appendRow(): void {
    const row = this.nextRow();
    this.offsets[row + 1] = this.elements.length;
  }

  /** Bytes held by the arrays of the children too. */
  override get byteSize(): number {
    return this.offsets.byteLength + this.elements.byteSize;
  }

  /** Forgets the rows from `length` on, in the children too. */
  override truncate(length: number): void {
    super.truncate(length);
    this.elements.truncate(this.offsets[length]!);
  }

  /** Adds a row without elements, to be marked as null. */
  protected override appendEmpty(): void {
    const row = this.nextRow();
    this.offsets[row + 1] = this.offsets[row]!;
  }

  /** Adds an array. */
  protected override appendValue(value: unknown): void {
    if (!Array.isArray(value)) throw this.badValue(value);
    const start = this.elements.length;
    try {
      for (const element of value) {
        if (!this.type.containsNull && (element === null || element === undefined)) {
          throw this.badValue(element);
        }
        this.elements.append(element);
      }
    } catch (error) {
      this.elements.truncate(start);
      throw error;
    }
    this.appendRow();
  }

  /** The row as an array of its own. */
  protected override valueAt(row: number): unknown[] {
    const start = this.offsets[row]!;
    return Array.from(
      { length: this.offsets[row + 1]! - start },
      (_, i) => this.elements.get(start + i),
    );
  }

  /** Makes the arrays hold `capacity` rows. */
  protected override resize(capacity: number): void {
    this.offsets = grown(this.offsets, capacity + 1);
  }

  /** A new column of the given rows without their validity. */
  protected override takeValues(rows: Int32Array): ListColumn {
    const { indices, offsets } = takenRuns(this.offsets, rows);
    const taken = new ListColumn(this.type, this.elements.take(indices), rows.length);
    taken.offsets = offsets;
    taken.length = rows.length;
    return taken;
  }
}

/** map: the keys and the values of all rows in two child columns. A row is a `Map`. */
export class MapColumn extends Column {
  /** The types of keys and values. */
  declare readonly type: MapType;
  /** Where each row's pairs start; one more entry than rows. */
  offsets: Int32Array;
  /** The keys of all rows. */
  readonly keys: Column;
  /** The values of all rows. */
  readonly values: Column;

  /** Makes a map column over empty key and value columns. */
  constructor(type: MapType, keys: Column, values: Column, capacity: number) {
    super(type, capacity);
    this.keys = keys;
    this.values = values;
    this.offsets = new Int32Array(capacity + 1);
  }

  /** Adds a row of the pairs that were added since the row before. */
  appendRow(): void {
    const row = this.nextRow();
    this.offsets[row + 1] = this.keys.length;
  }

  /** Bytes held by the arrays of the children too. */
  override get byteSize(): number {
    return this.offsets.byteLength + this.keys.byteSize + this.values.byteSize;
  }

  /** Forgets the rows from `length` on, in the children too. */
  override truncate(length: number): void {
    super.truncate(length);
    this.keys.truncate(this.offsets[length]!);
    this.values.truncate(this.offsets[length]!);
  }

  /** Adds a row without pairs, to be marked as null. */
  protected override appendEmpty(): void {
    const row = this.nextRow();
    this.offsets[row + 1] = this.offsets[row]!;
  }

  /** Adds a `Map`. */
  protected override appendValue(value: unknown): void {
    if (!(value instanceof Map)) throw this.badValue(value);
    const start = this.keys.length;
    try {
      for (const [key, item] of value) {
        const missing = item === null || item === undefined;
        if (key === null || key === undefined || (missing && !this.type.valueContainsNull)) {
          throw this.badValue(key === null || key === undefined ? key : item);
        }
        this.keys.append(key);
        this.values.append(item);
      }
    } catch (error) {
      this.keys.truncate(start);
      this.values.truncate(start);
      throw error;
    }
    this.appendRow();
  }

  /** The row as a `Map` of its own. */
  protected override valueAt(row: number): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>();
    for (let i = this.offsets[row]!; i < this.offsets[row + 1]!; i++) {
      map.set(this.keys.get(i), this.values.get(i));
    }
    return map;
  }

  /** Makes the arrays hold `capacity` rows. */
  protected override resize(capacity: number): void {
    this.offsets = grown(this.offsets, capacity + 1);
  }

  /** A new column of the given rows without their validity. */
  protected override takeValues(rows: Int32Array): MapColumn {
    const { indices, offsets } = takenRuns(this.offsets, rows);
    const keys = this.keys.take(indices);
    const taken = new MapColumn(this.type, keys, this.values.take(indices), rows.length);
    taken.offsets = offsets;
    taken.length = rows.length;
    return taken;
  }
}

function takenRuns(
  from: Int32Array,
  rows: Int32Array,
): { indices: Int32Array; offsets: Int32Array } {
  const offsets = new Int32Array(rows.length + 1);
  for (let i = 0; i < rows.length; i++) {
    offsets[i + 1] = offsets[i]! + from[rows[i]! + 1]! - from[rows[i]!]!;
  }
  const indices = new Int32Array(offsets[rows.length]!);
  let next = 0;
  for (let i = 0; i < rows.length; i++) {
    for (let j = from[rows[i]!]!; j < from[rows[i]! + 1]!; j++) indices[next++] = j;
  }
  return { indices, offsets };
}
