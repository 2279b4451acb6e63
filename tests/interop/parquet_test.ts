import { deepEqual, equal } from "assert";
import { Batch, type Schema, schema as s, type StructField } from "../../lib/core/mod.ts";
import {
  type BoundValue,
  decodeParquet,
  encodeParquet,
  readParquetFooter,
} from "../../lib/parquet/mod.ts";
import { runPython } from "../support/python.ts";
import { tempFolder } from "../support/temp_folder.ts";

/** What `read_parquet.py` prints. */
interface Found {
  readonly fields: readonly { path: string; id: number | null; required: boolean }[];
  readonly compression: readonly string[];
  readonly rowGroups: readonly number[];
  readonly rows: readonly Record<string, unknown>[];
}

Deno.test("decodeParquet() reads the layouts of other writers", async () => {
  const path = await Deno.makeTempFile();
  try {
    await runPython("write_parquet.py", path);
    const file = await Deno.readFile(path);
    const schema = s.struct({
      id: s.long(),
      large_text: s.string().nullable(),
      short_view: s.string().nullable(),
      long_view: s.string().nullable(),
      bytes_view: s.binary().nullable(),
      seconds: s.timestamp(),
      millis: s.timestamp(),
      nanos: s.timestampNtz(),
      large_list: s.array(s.string().nullable()).nullable(),
      unsigned: s.integer(),
    });

    const batch = await decodeParquet(file, schema);

    const expected = Array.from({ length: 3000 }, (_, i) => {
      const long = i % 7 === 0 ? null : `${i} is longer than twelve bytes`;
      const micros = 1_704_067_200_000_000n + BigInt(i) * 1_000_000n;
      return {
        id: BigInt(i),
        large_text: long,
        short_view: i % 5 === 0 ? null : `s${i}`,
        long_view: long,
        bytes_view: long === null ? null : new TextEncoder().encode(long),
        seconds: micros,
        millis: micros,
        nanos: micros - 1n,
        large_list: i % 4 === 0 ? null : [String(i), null],
        unsigned: i * 20,
      };
    });
    deepEqual([...batch.rows()], expected);
  } finally {
    await Deno.remove(path);
  }
});

for (const decimals of ["integers", "bytes"]) {
  Deno.test(`readParquetFooter() finds the bounds that pyarrow wrote, decimals as ${decimals}`, async () => {
    await using folder = await tempFolder();
    const path = `${folder.path}/bounds.parquet`;
    const written = await runPython("write_parquet_bounds.py", path, decimals);

    const { numRows, createdBy, rowGroups } = readParquetFooter(await Deno.readFile(path));

    const found = rowGroups.map((group) => ({
      numRows: group.numRows,
      totalByteSize: group.totalByteSize,
      columns: group.columns.map((column) => ({
        path: column.path.join("."),
        min: boundText(column.min),
        max: boundText(column.max),
        nullCount: column.nullCount,
      })),
    }));
    deepEqual({ numRows, createdBy, rowGroups: found } as unknown, written);
    deepEqual(rowGroups.map(({ firstRow }) => firstRow), [0, 4]);
  });
}

Deno.test("decodeParquet() finds columns whatever is in their names, and parts of structs", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/names.parquet`;
  await runPython("write_parquet_names.py", path);
  const file = await Deno.readFile(path);
  const wanted: Record<string, [schema: Schema, seventh: unknown]> = {
    "a.b": [s.struct({ "a.b": s.long() }), 70n],
    a: [s.struct({ a: s.struct({ c: s.struct({ d: s.string() }) }) }), { c: { d: "7" } }],
    "a\\b": [s.struct({ "a\\b": s.long() }), 140n],
    "`q`": [s.struct({ "`q`": s.long() }), 210n],
    "": [s.struct({ "": s.long() }), 280n],
    "über.größe": [
      s.struct({
        "über.größe": s.struct({ größe: s.struct({ x: s.struct({ y: s.long() }) }) }),
      }),
      { größe: { x: { y: 420n } } },
    ],
    category: [s.struct({ category: s.string() }), "c1"],
    variant: [
      s.struct({ variant: s.struct({ value: s.binary(), metadata: s.binary() }) }),
      { value: new Uint8Array([7]), metadata: new TextEncoder().encode("m") },
    ],
  };
  for (const [name, [schema, seventh]] of Object.entries(wanted)) {
    const batch = await decodeParquet(file, schema);
    equal(batch.numRows, 10);
    deepEqual(batch.row(7), { [name]: seventh });
  }
});

Deno.test("decodeParquet() finds columns by their ids beside 96-bit timestamps", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/int96.parquet`;
  await runPython("write_parquet_int96.py", path);
  const ids: Record<string, number> = { at: 1, place: 2, x: 3, tags: 4, key: 5, counts: 6, n: 7 };
  const schema = s.struct({
    at: s.timestamp(),
    place: s.struct({ x: s.long() }),
    tags: s.array(s.struct({ key: s.string() })),
    counts: s.map(s.string(), s.struct({ n: s.long() })),
  });

  const batch = await decodeParquet(await Deno.readFile(path), schema, {
    match: (field, stored) => stored.fieldId === ids[field.name],
  });

  deepEqual(batch.row(0), {
    at: -2_000_000_000_000_000n,
    place: { x: 3n },
    tags: [{ key: "five" }],
    counts: new Map([["k", { n: 7n }]]),
  });
});

Deno.test("encodeParquet() writes names and ids of its own at every level, as pyarrow reads them", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/renamed.parquet`;
  const schema = s.struct({
    id: s.long(),
    place: s.struct({ x: s.long(), y: s.long().nullable() }).nullable(),
    tags: s.array(s.struct({ key: s.string() })).nullable(),
    counts: s.map(s.string(), s.struct({ value: s.long() })),
  });
  const batch = new Batch(schema);
  batch.append({
    id: 1n,
    place: { x: 2n, y: null },
    tags: [{ key: "k" }],
    counts: new Map([["c", { value: 3n }]]),
  });
  const ids = new Map<StructField, number>();
  const rename = (field: StructField) => {
    if (!ids.has(field)) ids.set(field, ids.size + 1);
    return { name: `col.${field.name}`, fieldId: ids.get(field)! };
  };

  const file = await encodeParquet(batch as Batch, { rename });
  await Deno.writeFile(path, file);

  const found = await runPython("read_parquet.py", path) as Found;
  const idOf = (name: string) => [...ids].find(([field]) => field.name === name)?.[1];
  const field = (path: string, id: number | null | undefined, required: boolean) => ({
    path,
    id: id ?? null,
    required,
  });
  deepEqual(found.fields, [
    field("col.id", idOf("id"), true),
    field("col.place", idOf("place"), false),
    field("col.place.col.x", idOf("x"), true),
    field("col.place.col.y", idOf("y"), false),
    field("col.tags", idOf("tags"), false),
    field("col.tags.element", null, true),
    field("col.tags.element.col.key", idOf("key"), true),
    field("col.counts", idOf("counts"), true),
    field("col.counts.key", null, true),
    field("col.counts.value", null, true),
    field("col.counts.value.col.value", idOf("value"), true),
  ]);
  deepEqual(found.rows, [{
    "col.id": 1,
    "col.place": { "col.x": 2, "col.y": null },
    "col.tags": [{ "col.key": "k" }],
    "col.counts": [["c", { "col.value": 3 }]],
  }]);
  const byId = (field: StructField, stored: { fieldId?: number }) =>
    stored.fieldId === ids.get(field);
  deepEqual((await decodeParquet(file, schema as Schema, { match: byId })).row(0), batch.row(0));
});

for (
  const compression of ["uncompressed", "snappy", "gzip", "brotli", "zstd", "lz4_raw"] as const
) {
  Deno.test(`encodeParquet() compresses by ${compression} in row groups of at most so many rows`, async () => {
    await using folder = await tempFolder();
    const path = `${folder.path}/compressed.parquet`;
    const batch = new Batch(s.struct({ id: s.long(), text: s.string() }));
    for (let id = 0n; id < 250n; id++) batch.append({ id, text: `text ${id % 10n}` });

    const file = await encodeParquet(batch as Batch, { compression, maxRowGroupRows: 100 });
    await Deno.writeFile(path, file);

    const found = await runPython("read_parquet.py", path) as Found;
    // What Parquet calls LZ4_RAW is LZ4 to pyarrow.
    deepEqual(found.compression, [compression === "lz4_raw" ? "LZ4" : compression.toUpperCase()]);
    deepEqual(found.rowGroups, [100, 100, 50]);
    const rows = [...batch.rows()].map(({ id, text }) => ({ id: Number(id), text }));
    deepEqual(found.rows, rows);
  });
}

function boundText(value: BoundValue | undefined): string | undefined {
  return value instanceof Uint8Array ? value.toHex() : value?.toString();
}
