import { deepEqual, equal, ok } from "assert";
import { Batch, schema as s } from "../../../lib/core/mod.ts";
import { ChangeFileWriter } from "../../../lib/delta/files/change_file_writer.ts";
import { locateFile } from "../../../lib/delta/files/file_in_table.ts";
import { runPython } from "../../support/python.ts";
import { layoutOf } from "../../support/table_layouts.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Trade = s.struct({ id: s.long(), symbol: s.string() });

function trades(...rows: [number, string][]): Batch {
  const batch = new Batch(Trade);
  for (const [id, symbol] of rows) batch.append({ id: BigInt(id), symbol });
  return batch as Batch;
}

Deno.test("ChangeFileWriter writes what happened beside the rows, a file for each partition", async () => {
  await using folder = await tempFolder();
  const writer = new ChangeFileWriter(layoutOf(folder.path, Trade, ["symbol"]));

  await writer.write(trades([1, "A"], [2, "B"]), "update_preimage");
  await writer.write(trades([1, "A"], [2, "A"]), "update_postimage");
  await writer.write(trades([3, "B"]), "delete");
  const files = await writer.finish();

  const found: Record<string, unknown> = {};
  for (const file of files) {
    equal(file.dataChange, false);
    ok(file.path.startsWith(`_change_data/symbol=${file.partitionValues.symbol}/cdc-`), file.path);
    const read = await runPython("read_parquet.py", locateFile(folder.path, file.path));
    found[file.partitionValues.symbol!] = (read as { rows: unknown }).rows;
  }
  deepEqual(found, {
    A: [
      { id: 1, _change_type: "update_preimage" },
      { id: 1, _change_type: "update_postimage" },
      { id: 2, _change_type: "update_postimage" },
    ],
    B: [{ id: 2, _change_type: "update_preimage" }, { id: 3, _change_type: "delete" }],
  });

  await writer.abort();
  for (const name of await folder.list("_change_data")) {
    deepEqual(await folder.list(`_change_data/${name}`), []);
  }
});
