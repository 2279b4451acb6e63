import {
  Batch,
  type Column,
  createColumn,
  type ListColumn,
  Schema,
  SluiceError,
  unavailableColumn,
} from "../../core/mod.ts";
import { allRows, type Operator } from "../operator.ts";
import { plainField } from "./select_columns.ts";

/** A row with a column under another name. */
export type Renamed<Row, From extends keyof Row & string, To extends string> = {
  [Key in Exclude<keyof Row, From> | To]: Key extends To ? Row[From]
    : Key extends keyof Row ? Row[Key]
    : never;
};

/**
 * Gives a column another name; it stays where it is. No value is copied. Rows that list it in
 * `__unavailable` list it by its new name.
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_SCHEMA` if another column has the new name.
 */
export function renameColumn<Row, From extends keyof Row & string, To extends string>(
  schema: Schema<Row>,
  from: From,
  to: To,
): Operator<Row, Renamed<Row, From, To>> {
  const fields = schema.fields.map(plainField);
  const index = fields.findIndex((field) => field.name === from);
  if (index < 0) {
    throw new SluiceError("UNKNOWN_COLUMN", {
      attempted: `rename column "${from}"`,
      found: `columns ${fields.map((field) => field.name).join(", ")}`,
    });
  }
  const renamed = { ...fields[index]!, name: to, sourceName: to };
  const out = new Schema<Renamed<Row, From, To>>(fields.toSpliced(index, 1, renamed));
  const list = unavailableColumn(schema as unknown as Schema);
  const listed = list === undefined ? -1 : schema.fields.indexOf(list);
  return {
    schema: out,
    passes: (column) => column === from ? to : column,
    apply: (batch) => ({
      batch: new Batch(
        out,
        0,
        batch.columns.map((column, i) => i === listed ? renamedIn(column, from, to) : column),
      ),
      origins: allRows(batch),
      rejections: [],
    }),
  };
}

/** Lists of columns in which one has another name. */
function renamedIn(lists: Column, from: string, to: string): Column {
  if ((lists as ListColumn).elements.length === 0) return lists;
  const renamed = createColumn(lists.type, lists.length);
  for (let row = 0; row < lists.length; row++) {
    const names = lists.get(row) as string[] | null;
    renamed.append(names?.map((name) => name === from ? to : name));
  }
  return renamed;
}
