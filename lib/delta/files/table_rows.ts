import {
  Batch,
  type Column,
  createColumn,
  type DataType,
  ListColumn,
  MapColumn,
  type Schema,
  SluiceError,
  StructColumn,
  type StructField,
  typeName,
} from "../../core/mod.ts";

/**
 * The rows of a batch with the columns of a table, in its order and with its very fields; found by
 * name at every level, and null where the batch has none. Values are not copied.
 *
 * @throws {SluiceError} `SCHEMA_MISMATCH` naming a column that the table does not have, or has as
 * another type.
 */
export function tableRows(batch: Batch, schema: Schema, where: string): Batch {
  return new Batch(
    schema,
    0,
    columnsOf(batch.schema.fields, batch.columns, schema.fields, batch.numRows, {
      where,
      path: "",
    }),
  );
}

/** A column of that many nulls. */
export function nullColumn(type: DataType, numRows: number): Column {
  const column = createColumn(type, numRows);
  fillWithNulls(column, numRows);
  return column;
}

/** Where a column is, for errors. */
interface Place {
  readonly where: string;
  readonly path: string;
}

function fillWithNulls(column: Column, numRows: number): void {
  column.length = numRows;
  column.nullCount = numRows;
  if (numRows > 0) column.validity = new Uint8Array(numRows);
  if (column instanceof StructColumn) {
    for (const child of column.children) fillWithNulls(child, numRows);
  }
}

function columnsOf(
  fields: readonly StructField[],
  columns: readonly Column[],
  wanted: readonly StructField[],
  numRows: number,
  place: Place,
): Column[] {
  const unknown = fields.find(({ name }) => !wanted.some((field) => field.name === name));
  if (unknown !== undefined) {
    throw mismatch({ ...place, path: place.path + unknown.name }, "no such column", unknown.type);
  }
  return wanted.map(({ name, type }) => {
    const column = columns[fields.findIndex((field) => field.name === name)];
    return column === undefined
      ? nullColumn(type, numRows)
      : retyped(column, type, { ...place, path: place.path + name });
  });
}

/** The same values in a column whose nested fields are those of the type. */
function retyped(column: Column, type: DataType, place: Place): Column {
  if (column.type === type) return column;
  if (column instanceof StructColumn && isNested(type, "struct")) {
    const children = columnsOf(column.type.fields, column.children, type.fields, column.length, {
      ...place,
      path: `${place.path}.`,
    });
    return withRowsOf(column, new StructColumn(type, children, 0));
  }
  if (column instanceof ListColumn && isNested(type, "array")) {
    const elements = retyped(column.elements, type.elementType, within(place, "element"));
    const list = new ListColumn(type, elements, 0);
    list.offsets = column.offsets;
    return withRowsOf(column, list);
  }
  if (column instanceof MapColumn && isNested(type, "map")) {
    const keys = retyped(column.keys, type.keyType, within(place, "key"));
    const map = new MapColumn(
      type,
      keys,
      retyped(column.values, type.valueType, within(place, "value")),
      0,
    );
    map.offsets = column.offsets;
    return withRowsOf(column, map);
  }
  if (typeName(column.type) !== typeName(type)) {
    throw mismatch(place, typeName(type), column.type);
  }
  return column;
}

/** True for a nested type of that kind. */
export function isNested<K extends "struct" | "array" | "map">(
  type: DataType,
  kind: K,
): type is Extract<DataType, { type: K }> {
  return typeof type === "object" && type.type === kind;
}

/** A column with the rows of another, as to their number and nulls. */
export function withRowsOf(column: Column, other: Column): Column {
  other.length = column.length;
  other.nullCount = column.nullCount;
  other.validity = column.validity;
  return other;
}

function within({ where, path }: Place, name: string): Place {
  return { where, path: `${path}.${name}` };
}

function mismatch({ where, path }: Place, found: string, wanted: DataType): SluiceError {
  return new SluiceError("SCHEMA_MISMATCH", {
    attempted: `write to Delta table ${where}`,
    where: `column "${path}"`,
    found,
    wanted: `${typeName(wanted)}, as in the rows`,
    hint: "write rows of the table's schema, or change the table first",
  });
}
