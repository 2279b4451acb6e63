import { badOption, describeValue, type Schema } from "../../core/mod.ts";
import { isComparable } from "../aggregate/compare_rows.ts";
import { type InputColumn, inputColumn, unfitColumn } from "../aggregate/input_column.ts";

/**
 * The columns that rows are told apart by.
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_OPTION` for no name, or one twice; `BAD_PIPELINE` for a
 * column with maps, which are not compared.
 */
export function keyColumns(
  schema: Schema,
  names: readonly string[],
  attempted: string,
): InputColumn[] {
  if (!Array.isArray(names)) {
    throw badOption(attempted, "key", describeValue(names), "a list of columns");
  }
  if (names.length === 0) throw badOption(attempted, "key", "no column", "one or more");
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw badOption(attempted, "key", `"${twice}" twice`, "each name once");
  return names.map((name) => {
    const column = inputColumn(schema, name, attempted);
    if (isComparable(column.type)) return column;
    throw unfitColumn(attempted, column, "values that can be told apart: no map");
  });
}

/** Names and types of columns, as they stand in a description of state. */
export function describeColumns(columns: readonly InputColumn[]): string {
  return columns.map(({ description }) => description).join(", ");
}
