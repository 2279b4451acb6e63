import { deepEqual } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import { tableDetail } from "../../../lib/delta/scan/table_detail.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { handmadeTable, inlineVector } from "../../support/handmade_table.ts";

const Row = s.struct({ id: s.long() });

Deno.test("tableDetail() tells what a table is, and counts its rows where statistics do", async () => {
  await using table = await handmadeTable(Row, { configuration: { "delta.appendOnly": "false" } });
  const stats = '{"numRecords":3}';
  const file = await table.dataFile([1n, 2n, 3n].map((id) => ({ id })), { stats });
  const { stats: _, ...untold } = await table.dataFile([]);
  await table.commit([{ add: { ...file, deletionVector: inlineVector([1]) } }], 5000);
  const detail = async () => await tableDetail(await TableState.open(table.path));

  deepEqual(await detail(), {
    format: "delta",
    id: table.metaData.id,
    location: table.path,
    lastModified: 5000,
    version: 0,
    partitionColumns: [],
    numFiles: 1,
    sizeInBytes: file.size,
    numRows: 2,
    numDeletionVectors: 1,
    numDeletedRows: 1,
    properties: { "delta.appendOnly": "false" },
    minReaderVersion: 1,
    minWriterVersion: 4,
    tableFeatures: [
      "appendOnly",
      "changeDataFeed",
      "checkConstraints",
      "generatedColumns",
      "invariants",
    ],
  });
  await table.commit([{ add: untold }]);
  deepEqual((await detail()).numRows, undefined);
});
