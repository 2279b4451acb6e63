import type { Batch, StructField } from "../../core/mod.ts";
import { print } from "../print.ts";
import { textTable } from "./table_text.ts";
import { cellText, isNumber, rowJson } from "./table_values.ts";

/** Prints rows as JSON, one object a line, as they come. */
export async function printRowsJson(batches: AsyncIterable<Batch>): Promise<void> {
  for await (const batch of batches) {
    for (const row of batch.rows()) print(rowJson(batch.schema.fields, row));
  }
}

/** Prints rows as a table that fits the terminal; `fields` are its columns if there are no rows. */
export async function printRowsTable(
  batches: AsyncIterable<Batch>,
  fields: readonly StructField[],
): Promise<number> {
  let shown = fields;
  const rows: string[][] = [];
  for await (const { schema, columns, numRows } of batches) {
    shown = schema.fields;
    for (let row = 0; row < numRows; row++) {
      rows.push(columns.map((column) => cellText(column.type, column.get(row))));
    }
  }
  const titles = shown.map(({ name, type }) =>
    ({ title: name, align: isNumber(type) ? "right" : "left" }) as const
  );
  print(textTable(titles, rows));
  return rows.length;
}
