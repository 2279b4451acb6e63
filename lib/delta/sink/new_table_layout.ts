import { type TableLayout, tableLayout } from "../files/table_layout.ts";
import type { WantedTable } from "../protocol/check_schema.ts";
import { protocolFor } from "../protocol/new_protocol.ts";
import { formatSchema } from "../protocol/schema_json.ts";

/** The table that the first batch makes. */
export function newTableLayout({ schema, partitionBy = [], path }: WantedTable): TableLayout {
  return tableLayout(path, protocolFor(schema), {
    id: crypto.randomUUID(),
    format: { provider: "parquet", options: {} },
    schemaString: formatSchema(schema),
    partitionColumns: partitionBy,
    configuration: {},
    createdTime: Date.now(),
  });
}
