import { deepEqual, equal, ok, rejects, throws } from "assert";
import { Batch, type Offsets, recordOffset, type Schema, schema as s } from "../../lib/core/mod.ts";
import { parquetFiles } from "../../lib/files/mod.ts";
import { encodeParquet } from "../../lib/parquet/mod.ts";
import { Random } from "../support/random.ts";
import { readRows } from "../support/read_rows.ts";
import { EveryType, everyTypeBatch } from "../support/sample_rows.ts";
import { type TempFolder, tempFolder } from "../support/temp_folder.ts";

const { signal } = new AbortController();
const Trade = s.struct({ id: s.long(), note: s.string().nullable() });

Deno.test("parquetFiles() reads rows of every type, file after file, and any range of them", async () => {
  await using folder = await tempFolder();
  const random = new Random(71);
  const expected: unknown[] = [];
  for (const [i, count] of [700, 0, 1, 1_300].entries()) {
    const batch = everyTypeBatch(expected.length, count);
    await write(folder, `${i}.parquet`, batch as unknown as Batch, 200);
    expected.push(...batch.rows());
  }
  const source = await opened(folder, EveryType);
  const latest = await source.latestOffsets(signal);
  deepEqual(latest, at(expected.length));
  deepEqual(await readRows(source, at(0), latest), expected);
  for (let round = 0; round < 20; round++) {
    const start = random.integer(0, expected.length);
    const end = random.integer(start, expected.length);
    deepEqual(await readRows(source, at(start), at(end)), expected.slice(start, end));
  }
  // Each row has its offset, and a reader that stops early says where.
  const range = source.read(at(650), latest, { signal, maxBytes: 1 });
  const blocks = await Array.fromAsync(range);
  equal(blocks.length, 1);
  const [block] = blocks;
  equal(recordOffset(block!, 0), 650n);
  deepEqual(range.endOffsets(), at(650 + block!.count));
  deepEqual(block!.rows!.row(0), expected[650]);
  await source.close();
});

Deno.test("parquetFiles() finds columns by name, and takes those that a file lacks for null", async () => {
  await using folder = await tempFolder();
  const Wide = s.struct({ extra: s.double(), note: s.string(), id: s.long() });
  await write(folder, "1", batchOf(Wide, [{ extra: 1, note: "a", id: 1n }]));
  await write(folder, "2", batchOf(s.struct({ id: s.long() }), [{ id: 2n }]));
  const source = await opened(folder, Trade);
  deepEqual(await readRows(source, at(0), await source.latestOffsets(signal)), [
    { id: 1n, note: "a" },
    { id: 2n, note: null },
  ]);
});

Deno.test("parquetFiles() says which file and column do not fit", async () => {
  await using folder = await tempFolder();
  await write(folder, "1", batchOf(s.struct({ note: s.string() }), [{ note: "a" }]));
  await write(folder, "2", batchOf(s.struct({ id: s.string() }), [{ id: "2" }]));
  const source = await opened(folder, Trade);
  deepEqual(await source.latestOffsets(signal), at(2));
  await rejects(readRows(source, at(0), at(1)), {
    code: "SCHEMA_MISMATCH",
    message: /column "id" of .*in\/1: found null, or no such column/,
  });
  await rejects(readRows(source, at(1), at(2)), { code: "PARQUET_TYPE", message: /in\/2/ });
  await folder.write("in/3", "no Parquet at all");
  await rejects(source.latestOffsets(signal), { code: "PARQUET_DECODE", message: /in\/3/ });
  throws(() => parquetFiles({ path: "in", schema: {} as Schema }), { code: "BAD_OPTION" });
  const misspelt = { path: "in", schema: Trade, maxFilePerTrigger: 1 };
  throws(() => parquetFiles(misspelt), { code: "UNKNOWN_OPTION" });
});

Deno.test("parquetFiles() stops at a file with other rows than those it was found with", async () => {
  await using folder = await tempFolder();
  await write(folder, "1", batchOf(Trade, [{ id: 1n, note: "a" }]));
  const source = await opened(folder, Trade);
  await source.latestOffsets(signal);
  const before = await Deno.stat(`${folder.path}/in/1`);
  await write(folder, "1", batchOf(Trade, [{ id: 2n, note: "b" }]));
  const after = await Deno.stat(`${folder.path}/in/1`);
  ok(before.size === after.size, "the test needs two files of the same length");
  await Deno.utime(`${folder.path}/in/1`, new Date(0), new Date(0));
  await rejects(readRows(source, at(0), at(1)), { code: "FILE_CHANGED" });
  await Deno.remove(`${folder.path}/in/1`);
  await rejects(readRows(source, at(0), at(1)), { code: "DATA_LOSS" });
});

async function opened<Row>(folder: TempFolder, schema: Schema<Row>) {
  const source = parquetFiles({ path: `${folder.path}/in`, schema });
  await source.open?.(`${folder.path}/own`);
  return source;
}

let writtenMs = 1_700_000_000_000;

async function write(folder: TempFolder, name: string, batch: Batch, maxRowGroupRows?: number) {
  const bytes = await encodeParquet(
    batch,
    maxRowGroupRows === undefined ? {} : { maxRowGroupRows },
  );
  await Deno.mkdir(`${folder.path}/in`, { recursive: true });
  await Deno.writeFile(`${folder.path}/in/${name}`, bytes);
  const time = new Date(writtenMs += 1000);
  await Deno.utime(`${folder.path}/in/${name}`, time, time);
}

function batchOf<Row>(schema: Schema<Row>, rows: Row[]): Batch {
  const batch = new Batch(schema);
  for (const row of rows) batch.append(row);
  return batch as unknown as Batch;
}

function at(offset: number): Offsets {
  return { in: { 0: BigInt(offset) } };
}
