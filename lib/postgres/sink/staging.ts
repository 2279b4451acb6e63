import { Schema } from "../../core/mod.ts";
import { columnDefinitions } from "../table.ts";

/** The temporary table of a connection for the rows of a batch. */
export const STAGED_ROWS = "pg_temp.sluice_rows";

/** The temporary table of a connection for the rows of a batch whose keys are gone. */
export const STAGED_DELETES = "pg_temp.sluice_deletes";

/**
 * Makes a temporary table of the connection, unless it has it; the end of a transaction empties it.
 * Any column may be null: of a delete only its key is sure to be there.
 */
export function createStagingSql(name: string, { fields }: Schema): string {
  const nullable = new Schema(fields.map((field) => ({ ...field, nullable: true })));
  const columns = columnDefinitions(nullable).join(", ");
  return `create temporary table if not exists ${name} (${columns}) on commit delete rows`;
}
