import type { Schema } from "../../lib/core/mod.ts";
import { type TableLayout, tableLayout } from "../../lib/delta/files/table_layout.ts";
import { protocolFor } from "../../lib/delta/protocol/new_protocol.ts";
import { type FieldJson, fieldsOf, formatFields } from "../../lib/delta/protocol/schema_json.ts";

/** What the files of a table are to be like, without a log. */
export function layoutOf(
  path: string,
  columns: Schema | readonly FieldJson[],
  partitionColumns: readonly string[] = [],
  configuration: Readonly<Record<string, string>> = {},
): TableLayout {
  const fields = "fields" in columns ? fieldsOf(columns.fields) : columns;
  return tableLayout(path, protocolFor(fields, configuration), {
    id: crypto.randomUUID(),
    format: { provider: "parquet", options: {} },
    schemaString: formatFields(fields),
    partitionColumns,
    configuration,
  });
}

/** A nullable field as a table's schema has it. */
export function field(
  name: string,
  type: FieldJson["type"],
  metadata: FieldJson["metadata"] = {},
): FieldJson {
  return { name, type, nullable: true, metadata };
}
