import { SluiceError } from "../../core/mod.ts";
import type { Snapshot } from "../log/snapshot.ts";
import type { Metadata } from "../protocol/actions.ts";
import { columnMappingMode } from "../protocol/table_features.ts";
import { constraintsOf } from "../protocol/table_properties.ts";

/**
 * Files of a table that was another when they were written cannot be added: they are written anew.
 *
 * @throws {SluiceError} `TABLE_CHANGED`, retryable.
 */
export function refuseOtherFiles(staged: Metadata, { metadata, location }: Snapshot): void {
  if (demandsOnFiles(staged) === demandsOnFiles(metadata)) return;
  throw new SluiceError("TABLE_CHANGED", {
    attempted: "commit to a Delta table",
    where: location,
    found: demandsOnFiles(metadata),
    wanted: `${demandsOnFiles(staged)}, as when the batch was staged`,
    retryable: true,
  });
}

/** What decides how files are written, and which rows may be in them. */
function demandsOnFiles(metadata: Metadata): string {
  const { partitionColumns, configuration, schemaString } = metadata;
  const constraints = constraintsOf(configuration)
    .map(([name, sql]) => `constraint "${name}" ${sql}`).sort();
  const mode = columnMappingMode(metadata);
  return [
    `partition columns ${partitionColumns.join(", ") || "none"}`,
    `column mapping ${mode === "none" ? mode : `${mode} of ${schemaString}`}`,
    ...constraints,
  ].join("; ");
}
