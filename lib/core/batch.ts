import { BytesColumn } from "./bytes_column.ts";
import type { Column } from "./column.ts";
import { SluiceError } from "./errors.ts";
import { BooleanColumn, Decimal128Column, Int64Column, NumberColumn } from "./fixed_columns.ts";
import { ListColumn, MapColumn, StructColumn } from "./nested_columns.ts";
import { type DataType, type Schema, typeName } from "./schema.ts";

/** An empty column of any type, with room for `capacity` rows. */
export function createColumn(type: DataType, capacity = 0): Column {
  if (typeof type === "object") {
    switch (type.type) {
      case "decimal":
        return type.precision <= 18
          ? new Int64Column(type, capacity)
          : new Decimal128Column(type, capacity);
      case "struct":
        return new StructColumn(
          type,
          type.fields.map((field) => createColumn(field.type, capacity)),
          capacity,
        );
      case "array":
        return new ListColumn(type, createColumn(type.elementType), capacity);
      case "map":
        return new MapColumn(
          type,
          createColumn(type.keyType),
          createColumn(type.valueType),
          capacity,
        );
    }
  }
  switch (type) {
    case "string":
    case "binary":
      return new BytesColumn(type, capacity);
    case "boolean":
      return new BooleanColumn(type, capacity);
    case "long":
    case "timestamp":
    case "timestamp_ntz":
      return new Int64Column(type, capacity);
    default:
      return new NumberColumn(type, capacity);
  }
}

/**
 * Rows as columns: what decoders fill and sinks write.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch } from "./batch.ts";
 * import { schema as s } from "./schema.ts";
 *
 * const batch = new Batch(s.struct({ id: s.long(), name: s.string().nullable() }));
 * batch.append({ id: 9007199254740993n, name: null });
 * deepEqual(batch.row(0), { id: 9007199254740993n, name: null });
 * ```
 */
export class Batch<Row = Record<string, unknown>> {
  /** Names and types of the columns. */
  readonly schema: Schema<Row>;
  /** One column a field, in the schema's order, all of the same length. */
  readonly columns: readonly Column[];

  /** Makes a batch with room for `capacity` rows, or over columns that are filled already. */
  constructor(schema: Schema<Row>, capacity = 0, columns?: readonly Column[]) {
    this.schema = schema;
    this.columns = columns ?? schema.fields.map((field) => createColumn(field.type, capacity));
  }

  /** How many rows there are. */
  get numRows(): number {
    return this.columns[0]!.length;
  }

  /** Bytes held by the columns' arrays. */
  get byteSize(): number {
    return this.columns.reduce((sum, column) => sum + column.byteSize, 0);
  }

  /** The column of that name. */
  column(name: string): Column {
    const index = this.schema.fields.findIndex((field) => field.name === name);
    if (index < 0) {
      throw new SluiceError("UNKNOWN_COLUMN", {
        attempted: `find column "${name}"`,
        found: `columns ${this.schema.fields.map((field) => field.name).join(", ")}`,
      });
    }
    return this.columns[index]!;
  }

  /**
   * Adds a row.
   *
   * @throws {SluiceError} `BAD_VALUE` naming the column; the batch is then as it was before.
   */
  append(row: Row): void {
    const start = this.numRows;
    const values = row as Record<string, unknown>;
    this.schema.fields.forEach((field, i) => {
      const value = values[field.name];
      try {
        if (!field.nullable && (value === null || value === undefined)) {
          throw new SluiceError("BAD_VALUE", {
            attempted: "store a row",
            found: "no value",
            wanted: typeName(field.type),
          });
        }
        this.columns[i]!.append(value);
      } catch (cause) {
        this.truncate(start);
        if (!(cause instanceof SluiceError)) throw cause;
        throw new SluiceError(cause.code, { ...cause.details, where: `column "${field.name}"` });
      }
    });
  }

  /** The row at an index, as an object of its own. */
  row(index: number): Row {
    const row: Record<string, unknown> = {};
    this.schema.fields.forEach((field, i) => row[field.name] = this.columns[i]!.get(index));
    return row as Row;
  }

  /** All rows, one object after the other. */
  *rows(): Generator<Row> {
    for (let i = 0; i < this.numRows; i++) yield this.row(i);
  }

  /** Makes room for that many rows in all. */
  reserve(rows: number): void {
    for (const column of this.columns) column.reserve(rows);
  }

  /** Forgets the rows from `length` on. */
  truncate(length: number): void {
    for (const column of this.columns) if (column.length > length) column.truncate(length);
  }

  /** A new batch of the given rows, in the given order. */
  take(rows: Int32Array): Batch<Row> {
    return new Batch(this.schema, 0, this.columns.map((column) => column.take(rows)));
  }
}
