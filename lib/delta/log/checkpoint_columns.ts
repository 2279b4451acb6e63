import {
  BytesColumn,
  type Column,
  createColumn,
  type DataType,
  Int64Column,
  ListColumn,
  MapColumn,
  StructColumn,
  type StructType,
} from "../../core/mod.ts";

/** Adds a field of an action to the column that it is for. */
export type FieldAppender<T> = (action: T) => void;

/** How the fields of that name get into a column. */
export type AppenderFor<T> = (column: Column, name: string) => FieldAppender<T>;

/**
 * The column of one kind of action in a checkpoint of `numRows` rows: these actions from row `start`
 * on, null everywhere else. No object is made for a row.
 */
export function actionColumn<T extends object>(
  type: StructType,
  actions: readonly T[],
  start: number,
  numRows: number,
  appenderFor: AppenderFor<T> = plainAppender,
): Column {
  const column = createColumn(type, numRows) as StructColumn;
  type.fields.forEach(({ name }, i) => {
    const child = column.children[i]!;
    pad(child, start);
    actions.forEach(appenderFor(child, name));
    pad(child, numRows - start - actions.length);
  });
  column.length = numRows;
  column.nullCount = numRows - actions.length;
  if (column.nullCount > 0) {
    column.validity = new Uint8Array(numRows).fill(1, start, start + actions.length);
  }
  return column;
}

/** Adds a field as it is. */
export function plainAppender(column: Column, name: string): FieldAppender<object> {
  return (action) => {
    const value = (action as Readonly<Record<string, unknown>>)[name];
    if (value === undefined || value === null) column.appendNull();
    else if (column instanceof Int64Column && typeof value === "number") {
      column.appendSafeInteger(value);
    } else column.append(rowValue(column.type, value));
  };
}

/** Adds rows whose values do not matter, since the struct around them is null. */
function pad(column: Column, rows: number): void {
  const start = column.length;
  const end = start + rows;
  column.reserve(end);
  column.length = end;
  column.validity?.fill(1, start, end);
  if (column instanceof StructColumn) {
    for (const child of column.children) pad(child, rows);
  } else if (
    column instanceof BytesColumn || column instanceof ListColumn || column instanceof MapColumn
  ) {
    column.offsets.fill(column.offsets[start]!, start + 1, end + 1);
  }
}

/** A value of an action as a row of a batch holds it. */
function rowValue(type: DataType, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (type === "long") return BigInt(value as number);
  if (typeof type === "string" || type.type === "decimal" || type.type === "array") return value;
  const object = value as Record<string, unknown>;
  if (type.type === "map") return new Map(Object.entries(object));
  return Object.fromEntries(
    type.fields.map((field) => [field.name, rowValue(field.type, object[field.name])]),
  );
}
