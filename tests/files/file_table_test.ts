import { deepEqual, equal, match, rejects, throws } from "assert";
import { Decimal, schema as s, type SluiceError, type StaticTable } from "../../lib/core/mod.ts";
import { fileTable, type FileTableOptions } from "../../lib/files/mod.ts";
import { encodeParquet } from "../../lib/parquet/mod.ts";
import { EveryType, everyTypeBatch } from "../support/sample_rows.ts";
import { tempFolder } from "../support/temp_folder.ts";

const never = new AbortController().signal;
const Price = s.struct({
  id: s.long(),
  price: s.decimal(38, 9).nullable(),
  note: s.string().nullable(),
});
const rows = [
  { id: 9007199254740993n, price: Decimal.parse("12345678901234567890.123456789"), note: "a\nb" },
  { id: -1n, price: null, note: null },
];

const texts = {
  "t.ndjson": '{"id":9007199254740993,"price":12345678901234567890.123456789,"note":"a\\nb"}\n' +
    '{"id":-1,"more":[1]}\n',
  "t.jsonl": '{"note":"a\\nb","id":9007199254740993,"price":"12345678901234567890.123456789"}\n' +
    '{"id":-1,"price":null}',
  "t.csv": '9007199254740993,12345678901234567890.123456789,"a\nb"\n-1,,\n',
};
for (const [name, text] of Object.entries(texts)) {
  Deno.test(`fileTable() reads ${name}, and the same compressed`, async () => {
    await using folder = await tempFolder();
    await folder.write(name, text);
    const compressed = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
    await Deno.writeFile(`${folder.path}/${name}.gz`, compressed);
    for (const file of [name, `${name}.gz`]) {
      const path = `${folder.path}/${file}`;
      const table = fileTable({ path, schema: Price });
      equal(table.name, `file(${path})`);
      deepEqual(await readAll(table), rows);
    }
  });
}

Deno.test("fileTable() finds the columns of CSV by their header, in the dialect it is told", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/prices.txt`;
  await folder.write("prices.txt", "note;more;id\n'it''s';x;1\n-;y;2\n");
  const Note = s.struct({ id: s.integer(), note: s.string().nullable() });
  const options = { format: "csv", header: true, sep: ";", quote: "'", nullValue: "-" } as const;
  deepEqual(await readAll(fileTable({ path, schema: Note, ...options })), [
    { id: 1, note: "it's" },
    { id: 2, note: null },
  ]);
});

Deno.test("fileTable() reads Parquet of every type", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/every.parquet`;
  await Deno.writeFile(path, await encodeParquet(everyTypeBatch(0, 100)));
  deepEqual(await readAll(fileTable({ path, schema: EveryType })), [
    ...everyTypeBatch(0, 100).rows(),
  ]);
  await rejects(readAll(fileTable({ path, schema: s.struct({ id: s.string() }) })), {
    code: "PARQUET_TYPE",
  });
});

Deno.test("fileTable() reads all files of a folder or a pattern by name, as they are at each load", async () => {
  await using folder = await tempFolder();
  const N = s.struct({ n: s.integer() });
  await folder.write("t/b.csv", "2\n3\n");
  await folder.write("t/a.csv", "1\n");
  await folder.write("t/_writing.csv", "99\n");
  await folder.write("t/other.txt", "98\n");
  const matching = fileTable({ path: `${folder.path}/t/*.csv`, schema: N });
  deepEqual((await readAll(matching)).map(({ n }) => n), [1, 2, 3]);
  await folder.write("t/c.csv", "4\n");
  await folder.write("t/a.csv", "0\n");
  deepEqual((await readAll(matching)).map(({ n }) => n), [0, 2, 3, 4]);
  const all = fileTable({ path: `${folder.path}/t`, schema: N, format: "csv" });
  deepEqual((await readAll(all)).map(({ n }) => n), [0, 2, 3, 4, 98]);
});

Deno.test("fileTable() reads files of many records, and none", async () => {
  await using folder = await tempFolder();
  const N = s.struct({ n: s.integer() });
  const path = `${folder.path}/many.csv`;
  await folder.write("many.csv", Array.from({ length: 10_000 }, (_, n) => `${n}\n`).join(""));
  const found = await readAll(fileTable({ path, schema: N }));
  deepEqual(found.map(({ n }) => n), Array.from({ length: 10_000 }, (_, n) => n));
  await folder.write("many.csv", "");
  deepEqual(await readAll(fileTable({ path, schema: N })), []);
});

Deno.test("fileTable() names the file and the record that does not fit", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/t.ndjson`;
  const bad = { '{"id":"x"}': /found "x", wanted long/, "{}": /field "id"/, "": /not JSON/ };
  for (const [line, says] of Object.entries(bad)) {
    await folder.write("t.ndjson", `${'{"id":1}\n'.repeat(5_000)}${line}\n{"id":2}\n`);
    await rejects(readAll(fileTable({ path, schema: Price })), (error: SluiceError) => {
      equal(error.code, "BAD_RECORD");
      match(error.message, /^Cannot read file\(.*\) at record 5000 of .*\/t.ndjson: found/);
      match(error.message, says);
      return true;
    });
  }
});

Deno.test("fileTable() refuses a file that is written or removed while it is read", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/t.csv`;
  const N = s.struct({ n: s.integer() });
  const changes = [
    () => folder.write("t.csv", "7\n".repeat(10_000)),
    () => folder.write("t.csv", "1\n".repeat(9_000)),
    () => Deno.remove(path),
  ];
  for (const change of changes) {
    await folder.write("t.csv", "1\n".repeat(10_000));
    await Deno.utime(path, 1, 1);
    await rejects(async () => {
      let blocks = 0;
      for await (const _ of fileTable({ path, schema: N }).load(never)) {
        if (blocks++ === 0) await change();
      }
    }, { code: "FILE_CHANGED", retryable: true });
  }
  // Another with the same in it does no harm.
  await folder.write("t.csv", "1\n".repeat(10_000));
  let found = 0;
  for await (const { numRows } of fileTable({ path, schema: N }).load(never)) {
    await Deno.utime(path, 1, 1);
    found += numRows;
  }
  equal(found, 10_000);
});

Deno.test("fileTable() says what is missing, which option is wrong, and stops when told to", async () => {
  await using folder = await tempFolder();
  const { path } = folder;
  const missing = [`${path}/t.csv`, `${path}/*.csv`];
  for (const each of missing) {
    await rejects(readAll(fileTable({ path: each, schema: Price })), { code: "FILE_MISSING" });
  }
  await folder.write("t.csv", "1,2,x\n");
  const stopped = AbortSignal.abort(new Error("enough"));
  const table = fileTable({ path: `${path}/t.csv`, schema: Price });
  await rejects(Array.fromAsync(table.load(stopped)), /enough/);
  const refused = (options: object, code = "BAD_OPTION") =>
    throws(() => fileTable(options as FileTableOptions<unknown>), { code });
  refused({ path: "", schema: Price });
  refused({ path: "t.csv" });
  refused({ path: "t.txt", schema: Price });
  refused({ path: "t.txt", schema: Price, format: "xml" });
  refused({ path: "t.csv", schema: Price, header: "yes" });
  refused({ path: "t.csv", schema: Price, sep: "||" });
  refused({ path: "t.ndjson", schema: Price, header: true }, "UNKNOWN_OPTION");
  refused({ path: "t.csv", schema: Price, delimiter: ";" }, "UNKNOWN_OPTION");
  refused({ path: "t.csv", schema: s.struct({ a: s.array(s.long()) }) }, "BAD_SCHEMA");
});

async function readAll<R>(table: StaticTable<R>): Promise<R[]> {
  const batches = await Array.fromAsync(table.load(never));
  return batches.flatMap((batch) => [...batch.rows()]);
}
