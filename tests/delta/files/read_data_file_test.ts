import { deepEqual, equal, rejects } from "assert";
import { type Batch, Schema, schema as s } from "../../../lib/core/mod.ts";
import { readDataFile } from "../../../lib/delta/files/read_data_file.ts";
import { handmadeTable, inlineVector } from "../../support/handmade_table.ts";
import { layoutOf } from "../../support/table_layouts.ts";

const Row = s.struct({ day: s.date().nullable(), id: s.long(), text: s.string().nullable() });
const Stored = new Schema(Row.fields.filter(({ name }) => name !== "day"));
const rows = Array.from({ length: 6 }, (_, i) => ({ id: BigInt(i), text: `row ${i}` }));
const idsOf = (batch: Batch) => [...batch.rows()].map(({ id }) => Number(id));

Deno.test("readDataFile() reads columns and the values of the partition", async () => {
  await using table = await handmadeTable(Row);
  const file = await table.dataFile(rows.slice(0, 1), {
    schema: Stored,
    partitionValues: { day: "1970-01-03" },
  });
  const layout = layoutOf(table.path, Row, ["day"]);

  const { batch, numRows, rowNumbers, deleted } = await readDataFile(layout, file);
  deepEqual([...batch.rows()], [{ day: 2, id: 0n, text: "row 0" }]);
  deepEqual([numRows, rowNumbers, deleted], [1, undefined, []]);
  const { batch: days } = await readDataFile(layout, file, { columns: ["day"] });
  deepEqual([...days.rows()], [{ day: 2 }]);
  equal((await readDataFile(layout, file, { columns: [] })).numRows, 1);
});

Deno.test("readDataFile() says where in the file the rows are that are not deleted", async () => {
  await using table = await handmadeTable(Row);
  const add = await table.dataFile(rows, { schema: Stored, maxRowGroupRows: 2 });
  const file = { ...add, deletionVector: inlineVector([0, 3, 4]) };
  const layout = layoutOf(table.path, Stored);

  const visible = await readDataFile(layout, file);
  deepEqual(idsOf(visible.batch), [1, 2, 5]);
  deepEqual([...visible.rowNumbers!], [1, 2, 5]);
  deepEqual(visible.deleted, [0, 3, 4]);
  const all = await readDataFile(layout, file, { includeDeleted: true });
  deepEqual(idsOf(all.batch), [0, 1, 2, 3, 4, 5]);
  deepEqual(all.deleted, [0, 3, 4]);
  const some = await readDataFile(layout, file, { rowGroups: [0, 2] });
  deepEqual(idsOf(some.batch), [1, 5]);
  deepEqual([...some.rowNumbers!], [1, 5]);
});

Deno.test("readDataFile() refuses a deletion vector with rows that the file does not have", async () => {
  await using table = await handmadeTable(Row);
  const file = await table.dataFile(rows, { schema: Stored });
  const layout = layoutOf(table.path, Stored);

  const deletionVector = inlineVector([1, 6]);
  await rejects(readDataFile(layout, { ...file, deletionVector }), {
    code: "CORRUPT_DELETION_VECTOR",
  });
});

Deno.test("readDataFile() names the file that is broken", async () => {
  await using table = await handmadeTable(Row);
  const file = await table.dataFile(rows, { schema: Stored, path: "broken.parquet" });
  const layout = layoutOf(table.path, Stored);
  await Deno.truncate(`${table.path}/broken.parquet`, 20);

  await rejects(readDataFile(layout, file), /broken\.parquet/);
  await rejects(readDataFile(layout, { ...file, path: "../secret" }), { code: "UNSAFE_PATH" });
});

Deno.test("readDataFile() refuses a shredded variant by name, and reads the other columns", async () => {
  const variant = (...more: string[]) =>
    Object.fromEntries(["metadata", "value", ...more].map((name) => [name, s.binary().nullable()]));
  const bytes = { metadata: Uint8Array.of(1, 0, 0), value: Uint8Array.of(0) };
  const schema = (...more: string[]) =>
    s.struct({ id: s.long(), v: s.struct(variant(...more)).nullable() });
  await using table = await handmadeTable(Row);
  const layout = layoutOf(table.path, [
    { name: "id", type: "long", nullable: true, metadata: {} },
    { name: "v", type: "variant", nullable: true, metadata: {} },
  ]);

  const whole = await table.dataFile([{ id: 1n, v: bytes }], { schema: schema() });
  deepEqual([...(await readDataFile(layout, whole)).batch.rows()], [{ id: 1n, v: bytes }]);
  const shredded = await table.dataFile([{ id: 1n, v: bytes }], { schema: schema("typed_value") });
  await rejects(readDataFile(layout, shredded), /column "v".*shredded variants/);
  const { batch } = await readDataFile(layout, shredded, { columns: ["id"] });
  deepEqual([...batch.rows()], [{ id: 1n }]);
});
