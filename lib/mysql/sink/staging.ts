import { badOption, SluiceError, type StructField } from "../../core/mod.ts";
import type { MysqlConnection } from "../connection.ts";
import type { TableColumn } from "./table_columns.ts";
import { quoteName, type TableName } from "../table.ts";

/** The temporary table of a connection for the rows of a batch. */
export const STAGED_ROWS = "`sluice_rows`";

/** The temporary table of a connection for the rows of a batch whose keys are gone. */
export const STAGED_DELETES = "`sluice_deletes`";

/**
 * Refuses a table with the name of a temporary one, which would stand in front of it.
 *
 * @throws {SluiceError} `BAD_OPTION`.
 */
export function refuseStagingName(attempted: string, option: string, { table }: TableName): void {
  if (![STAGED_ROWS, STAGED_DELETES].includes(quoteName(table.toLowerCase()))) return;
  const wanted = `another name: ${STAGED_ROWS} and ${STAGED_DELETES} are tables of the sink's own`;
  throw badOption(attempted, option, `"${table}"`, wanted);
}

/** Makes a temporary table of the connection anew. Outside of transactions only. */
export async function createStaging(
  connection: MysqlConnection,
  name: string,
  definitions: readonly string[],
): Promise<void> {
  await connection.query(`drop temporary table if exists ${name}`);
  await connection.query(
    `create temporary table ${name} (${definitions.join(", ")}) engine=InnoDB`,
  );
}

/**
 * Columns of staged rows, of the types and collations that the table has, so that both compare alike.
 * Any may be null: of a delete only its key is sure to be there.
 */
export function stagedColumns(
  fields: readonly StructField[],
  columns: readonly TableColumn[],
): string[] {
  const byName = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  return fields.map(({ name }) => {
    const column = byName.get(name.toLowerCase());
    if (column === undefined) {
      throw new SluiceError("SCHEMA_MISMATCH", {
        attempted: "stage rows for a MySQL table",
        where: `column "${name}"`,
        found: "no such column in the table any more",
      });
    }
    const { columnType, characterSet, collation } = column;
    const text = collation === null ? "" : ` character set ${characterSet} collate ${collation}`;
    return `${quoteName(name)} ${columnType}${text} null`;
  });
}
