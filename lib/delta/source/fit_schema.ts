import {
  Batch,
  type Column,
  type DataType,
  Schema,
  SluiceError,
  type StructField,
  typeName,
} from "../../core/mod.ts";
import { missingValues } from "../files/not_null.ts";
import { tableRows } from "../files/table_rows.ts";
import { ATTEMPTED } from "./source_options.ts";

/**
 * Makes sure that a table has the columns of a schema, by name and with the same types. What may be
 * null in the table need not in the schema, as long as it is not: see `fitted`. Columns that the
 * schema does not name do not matter.
 *
 * @param where The table and its version, for the error.
 * @throws {SluiceError} `SCHEMA_MISMATCH` naming the column.
 */
export function refuseUnfit(schema: Schema, table: Schema, where: string): void {
  for (const field of schema.fields) {
    const found = table.fields.find(({ name }) => name === field.name);
    if (found === undefined) throw mismatch(field, "no such column", typeName(field.type), where);
    if (!isSameType(field.type, found.type)) {
      throw mismatch(field, typeName(found.type), typeName(field.type), where);
    }
  }
}

/**
 * The columns of a schema, in its order and with its very fields; values are not copied.
 *
 * @param where The file that the rows are from, for the error.
 * @throws {SluiceError} `BAD_VALUE` naming a column with a null that the schema does not allow.
 */
export function fitted(batch: Batch, schema: Schema, where: string): Batch {
  const columns: Column[] = [];
  const fields: StructField[] = [];
  for (const { name } of schema.fields) {
    const index = batch.schema.fields.findIndex((field) => field.name === name);
    fields.push(batch.schema.fields[index]!);
    columns.push(batch.columns[index]!);
  }
  const rows = tableRows(new Batch(new Schema(fields), 0, columns), schema, where);
  const [missing] = missingValues(rows);
  if (missing === undefined) return rows;
  throw new SluiceError("BAD_VALUE", {
    attempted: ATTEMPTED,
    where: `column "${missing.column}" of ${where}`,
    found: "null",
    wanted: "a value in each row",
    hint: "declare the column as nullable(), or mend the table",
  });
}

/** True for types that differ at most in what may be null, and in the order of fields. */
function isSameType(wanted: DataType, found: DataType): boolean {
  if (typeof wanted === "string" || typeof found === "string" || wanted.type === "decimal") {
    return typeName(wanted) === typeName(found);
  }
  if (wanted.type === "struct" && found.type === "struct") {
    const { fields } = found;
    return wanted.fields.length === fields.length && wanted.fields.every(({ name, type }) => {
      const field = fields.find((field) => field.name === name);
      return field !== undefined && isSameType(type, field.type);
    });
  }
  if (wanted.type === "array" && found.type === "array") {
    return isSameType(wanted.elementType, found.elementType);
  }
  return wanted.type === "map" && found.type === "map" &&
    isSameType(wanted.keyType, found.keyType) && isSameType(wanted.valueType, found.valueType);
}

function mismatch(
  { name }: StructField,
  found: string,
  wanted: string,
  where: string,
): SluiceError {
  return new SluiceError("SCHEMA_MISMATCH", {
    attempted: ATTEMPTED,
    where: `column "${name}" of ${where}`,
    found,
    wanted,
    hint: "the table's columns are not, or no longer, those of the schema that the source was " +
      "given: start the query with a schema of the columns as they are",
  });
}
