import type { Schema } from "../../core/mod.ts";
import { columnDefinitions } from "../table.ts";

/** The temporary table of a connection for the rows of a batch. */
export const STAGED_ROWS = "pg_temp.sluice_rows";

/** The temporary table of a connection for the rows of a batch whose keys are gone. */
export const STAGED_DELETES = "pg_temp.sluice_deletes";

/** Makes a temporary table of the connection, unless it has it; the end of a transaction empties it. */
export function createStagingSql(name: string, schema: Schema): string {
  const columns = columnDefinitions(schema).join(", ");
  return `create temporary table if not exists ${name} (${columns}) on commit delete rows`;
}
