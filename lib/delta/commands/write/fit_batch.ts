import {
  Batch,
  type Column,
  type DataType,
  ListColumn,
  MapColumn,
  Schema,
  SluiceError,
  StructColumn,
  type StructField,
  typeName,
} from "../../../core/mod.ts";
import { bindAssignment } from "../../../sql/mod.ts";
import { isNested, withRowsOf } from "../../files/table_rows.ts";
import { isSameName } from "../../protocol/column_path.ts";
import type { FieldJson } from "../../protocol/schema_json.ts";

/** The columns that rows go into. */
export interface RowTarget {
  /** Where the table is, for errors. */
  readonly path: string;
  /** Its columns as a batch has them. */
  readonly schema: Schema;
  /** Its columns as the log has them. */
  readonly fields: readonly FieldJson[];
}

/**
 * A batch with the names and types of a table's columns, at all levels. Names are matched without
 * regard to case, and values are converted where none can get lost, as Spark does for an `INSERT`.
 * Columns that the batch does not have are left out.
 *
 * @throws {SluiceError} `SCHEMA_MISMATCH` naming a column that the table does not have, or has as a
 * type that its values cannot become; `BAD_VALUE` for a value that does not fit its column.
 */
export function fitBatch(batch: Batch, { path, schema }: RowTarget): Batch {
  const { fields, columns } = fitFields(
    batch.schema.fields,
    batch.columns,
    schema.fields,
    path,
    "",
  );
  return new Batch(new Schema(fields), 0, columns);
}

function fitFields(
  fields: readonly StructField[],
  columns: readonly Column[],
  wanted: readonly StructField[],
  path: string,
  parent: string,
): { fields: StructField[]; columns: Column[] } {
  const unknown = fields.find(({ name }) => fieldNamed(wanted, name) === undefined);
  if (unknown !== undefined) {
    throw new SluiceError("SCHEMA_MISMATCH", {
      attempted: `write to Delta table ${path}`,
      where: `column "${parent}${unknown.name}"`,
      found: "no such column in the table",
      wanted: typeName(unknown.type),
      hint: "set mergeSchema to add the column to the table, or leave it out of the rows",
    });
  }
  const fitted: { fields: StructField[]; columns: Column[] } = { fields: [], columns: [] };
  fields.forEach(({ name }, i) => {
    const field = fieldNamed(wanted, name)!;
    const column = fitColumn(columns[i]!, field.type, path, parent + field.name);
    fitted.columns.push(column);
    fitted.fields.push({ ...field, type: column.type });
  });
  return fitted;
}

function fieldNamed(fields: readonly StructField[], name: string): StructField | undefined {
  return fields.find((field) => isSameName(field.name, name));
}

function fitColumn(column: Column, type: DataType, path: string, name: string): Column {
  if (column.type === type) return column;
  if (column instanceof StructColumn && isNested(type, "struct")) {
    const { fields, columns } = fitFields(
      column.type.fields,
      column.children,
      type.fields,
      path,
      `${name}.`,
    );
    return withRowsOf(column, new StructColumn({ type: "struct", fields }, columns, 0));
  }
  if (column instanceof ListColumn && isNested(type, "array")) {
    const elements = fitColumn(column.elements, type.elementType, path, `${name}.element`);
    const list = new ListColumn({ ...type, elementType: elements.type }, elements, 0);
    list.offsets = column.offsets;
    return withRowsOf(column, list);
  }
  if (column instanceof MapColumn && isNested(type, "map")) {
    const keys = fitColumn(column.keys, type.keyType, path, `${name}.key`);
    const values = fitColumn(column.values, type.valueType, path, `${name}.value`);
    const map = new MapColumn(
      { ...type, keyType: keys.type, valueType: values.type },
      keys,
      values,
      0,
    );
    map.offsets = column.offsets;
    return withRowsOf(column, map);
  }
  if (typeName(column.type) === typeName(type)) return column;
  return converted(column, type, path, name);
}

/** The values as another type; the expression `value` is assigned to a column of that type. */
function converted(column: Column, type: DataType, path: string, name: string): Column {
  const field = { name: "value", type: column.type, nullable: true, sourceName: "value" };
  const schema = new Schema([field]);
  let assignment;
  try {
    assignment = bindAssignment("value", schema, type, name);
  } catch (cause) {
    if (!(cause instanceof SluiceError)) throw cause;
    throw new SluiceError("SCHEMA_MISMATCH", {
      attempted: `write to Delta table ${path}`,
      where: `column "${name}"`,
      found: typeName(column.type),
      wanted: `${typeName(type)}, as in the table`,
      hint: "declare the column as the table does, or write to another table",
      cause,
    });
  }
  try {
    return assignment.evaluate(new Batch(schema, 0, [column]));
  } catch (cause) {
    if (!(cause instanceof SluiceError)) throw cause;
    const { where, found, wanted } = cause.details;
    throw new SluiceError(cause.code, {
      attempted: `write to Delta table ${path}`,
      where: where === undefined ? `column "${name}"` : `column "${name}", ${where}`,
      ...(found === undefined ? {} : { found }),
      ...(wanted === undefined ? {} : { wanted }),
      hint: "widen the type of the table's column, or leave the row out",
      cause,
    });
  }
}
