import { deepEqual, equal, rejects } from "assert";
import { Batch, type Schema, schema as s, type SluiceError } from "../../lib/core/mod.ts";
import { decodeParquet, encodeParquet } from "../../lib/parquet/mod.ts";
import { everyTypeBatch } from "../support/sample_rows.ts";

Deno.test("decodeParquet() finds columns by name and gives null for those the file lacks", async () => {
  const file = await encodeParquet(everyTypeBatch(0, 4) as Batch);
  const wanted = s.struct({
    missing: s.array(s.string()).nullable(),
    address: s.struct({
      zip: s.string().nullable(),
      geo: s.struct({ x: s.double().nullable(), y: s.double().nullable() }).nullable(),
    }).nullable(),
    id: s.long(),
  });

  const batch = await decodeParquet(file, wanted);

  deepEqual([...batch.rows()], [
    { missing: null, address: { zip: null, geo: null }, id: 0n },
    { missing: null, address: { zip: null, geo: { x: null, y: null } }, id: 1n },
    { missing: null, address: { zip: null, geo: { x: 1, y: null } }, id: 2n },
    { missing: null, address: null, id: 3n },
  ]);
});

Deno.test("decodeParquet() knows how many rows there are even if none of the columns is there", async () => {
  const file = await encodeParquet(everyTypeBatch(0, 5) as Batch);

  const batch = await decodeParquet(file, s.struct({ missing: s.long().nullable() }) as Schema);

  deepEqual([...batch.rows()], Array(5).fill({ missing: null }));
});

Deno.test("decodeParquet() widens integers and floats that fit", async () => {
  const narrow = new Batch(s.struct({ a: s.byte(), b: s.integer(), c: s.float() }));
  narrow.append({ a: -128, b: 2147483647, c: 0.5 });
  const file = await encodeParquet(narrow as Batch);

  const batch = await decodeParquet(
    file,
    s.struct({ a: s.short(), b: s.long(), c: s.double() }),
  );

  deepEqual(batch.row(0), { a: -128, b: 2147483647n, c: 0.5 });
});

Deno.test("decodeParquet() refuses a column stored as another type, by name", async () => {
  const file = await encodeParquet(everyTypeBatch(0, 1) as Batch);
  const wanted: Record<string, Schema> = {
    price: s.struct({ price: s.decimal(18, 2) }),
    at: s.struct({ at: s.long() }),
    text: s.struct({ text: s.long() }),
    large: s.struct({ large: s.integer() }),
    tags: s.struct({ tags: s.string() }),
  };
  for (const [name, schema] of Object.entries(wanted)) {
    await rejects(
      decodeParquet(file, schema),
      (error: SluiceError) =>
        error.code === "PARQUET_TYPE" && error.message.includes(`column "${name}"`),
    );
  }
});

Deno.test("decodeParquet() says that bytes are no Parquet file", async () => {
  const file = await encodeParquet(everyTypeBatch(0, 10) as Batch);
  for (const broken of [new Uint8Array(), new TextEncoder().encode("hello"), file.slice(0, -20)]) {
    await rejects(decodeParquet(broken), { code: "PARQUET_DECODE" });
  }
});

Deno.test("decodeParquet() can be called from many places at once", async () => {
  const files = await Promise.all(
    Array.from({ length: 8 }, (_, i) => encodeParquet(everyTypeBatch(i, 1) as Batch)),
  );

  const batches = await Promise.all(files.map((file) => decodeParquet(file)));

  batches.forEach((batch, i) => equal(batch.row(0).id, BigInt(i)));
});
