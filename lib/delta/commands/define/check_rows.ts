import { type Batch, describeValue, SluiceError } from "../../../core/mod.ts";
import { readDataFile } from "../../files/read_data_file.ts";
import type { TableLayout } from "../../files/table_layout.ts";
import type { AddFile } from "../../protocol/actions.ts";

/** What all rows of a table have to fulfil from now on. */
export interface RowCheck {
  /** What was attempted, for errors. */
  readonly attempted: string;
  /** For people: `id > 0`, `NOT NULL`. */
  readonly wanted: string;
  /** The columns to read, by their names at the top. */
  readonly columns: readonly string[];
  /** The first row that does not fulfil it; `undefined` if all do. */
  readonly firstBad: (batch: Batch) => number | undefined;
}

/**
 * Reads the rows of a table, a file at a time, and refuses the first that does not pass a check.
 *
 * @throws {SluiceError} `CONSTRAINT_VIOLATED` naming the file and the row's values.
 */
export async function checkRows(
  layout: TableLayout,
  files: Iterable<AddFile>,
  { attempted, wanted, columns, firstBad }: RowCheck,
): Promise<void> {
  for (const file of files) {
    const { batch } = await readDataFile(layout, file, { columns });
    const row = firstBad(batch);
    if (row === undefined) continue;
    const values = Object.entries(batch.row(row))
      .map(([name, value]) => `${name} = ${describeValue(value)}`);
    throw new SluiceError("CONSTRAINT_VIOLATED", {
      attempted,
      where: `a row of ${file.path}`,
      found: values.join(", "),
      wanted,
      hint: "correct or delete the rows first",
    });
  }
}
