import { deepEqual, equal, ok, rejects } from "assert";
import { Batch, type Schema, schema as s, type SluiceError } from "../../lib/core/mod.ts";
import { decodeParquet, encodeParquet } from "../../lib/parquet/mod.ts";
import { ThriftStruct, type ThriftValue } from "../../lib/parquet/thrift_struct.ts";
import { everyTypeBatch } from "../support/sample_rows.ts";
import { withFooter } from "./with_footer.ts";

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

Deno.test("decodeParquet() does not touch columns that are not asked for", async () => {
  const batch = new Batch(s.struct({ id: s.long(), text: s.string(), after: s.long() }));
  for (let id = 0n; id < 100n; id++) batch.append({ id, text: `secret ${id}`, after: -id });
  const file = await encodeParquet(batch as Batch, { compression: "uncompressed" });
  const secret = new TextEncoder().encode("secret");
  const at = file.findIndex((_, start) => secret.every((byte, i) => file[start + i] === byte));
  ok(at > 0);
  file.fill(0xff, at - 8, at + 100);

  const wanted = s.struct({ after: s.long(), missing: s.long().nullable(), id: s.long() });
  const read = await decodeParquet(file, wanted as Schema);

  equal(read.numRows, 100);
  deepEqual(read.row(99), { after: -99n, missing: null, id: 99n });
  await rejects(decodeParquet(file, s.struct({ text: s.string() })), { code: "PARQUET_DECODE" });
});

Deno.test("decodeParquet() reads the row groups it is told to, in that order", async () => {
  const file = await encodeParquet(everyTypeBatch(0, 25) as Batch, { maxRowGroupRows: 10 });
  const ids = async (rowGroups: readonly number[]) => {
    const batch = await decodeParquet(file, s.struct({ id: s.long() }) as Schema, { rowGroups });
    return [...batch.rows()].map(({ id }) => Number(id));
  };

  deepEqual(await ids([2]), [20, 21, 22, 23, 24]);
  deepEqual((await ids([1, 0])).slice(8, 12), [18, 19, 0, 1]);
  deepEqual(await ids([]), []);
  for (const bad of [[3], [-1], [0.5], [0, 0]]) await rejects(ids(bad), { code: "BAD_OPTION" });
});

Deno.test("decodeParquet() finds fields of structs as it is told to, in lists and maps too", async () => {
  const stored = s.struct({
    c1: s.struct({ c2: s.long(), c3: s.string() }).nullable(),
    c4: s.array(s.struct({ c5: s.long(), c6: s.string() })),
  });
  const batch = new Batch(stored);
  batch.append({ c1: { c2: 1n, c3: "x" }, c4: [{ c5: 2n, c6: "y" }] });
  batch.append({ c1: null, c4: [] });
  const file = await encodeParquet(batch as Batch);
  const wanted = s.struct({
    place: s.struct({ name: s.string() }).nullable(),
    list: s.array(s.struct({ id: s.long() })),
  });
  const physical: Record<string, string> = {
    place: "c1",
    name: "c3",
    list: "c4",
    id: "c5",
  };

  const read = await decodeParquet(file, wanted as Schema, {
    match: (field, { name }) => physical[field.name] === name,
  });

  deepEqual([...read.rows()], [
    { place: { name: "x" }, list: [{ id: 2n }] },
    { place: null, list: [] },
  ]);
});

Deno.test("decodeParquet() knows which structs are null though none of their fields is there", async () => {
  const batch = new Batch(s.struct({
    known: s.struct({ list: s.map(s.string(), s.long()), x: s.struct({ y: s.long() }) }).nullable(),
  }));
  batch.append({ known: { list: new Map([["a", 1n]]), x: { y: 1n } } });
  batch.append({ known: null });
  const wanted = s.struct({ known: s.struct({ added: s.long().nullable() }).nullable() });

  const read = await decodeParquet(await encodeParquet(batch as Batch), wanted as Schema);

  deepEqual([...read.rows()], [{ known: { added: null } }, { known: null }]);
});

Deno.test("decodeParquet() refuses options nobody knows", async () => {
  const file = await encodeParquet(everyTypeBatch(0, 1) as Batch);
  const options = { columns: ["id"] } as object;
  await rejects(decodeParquet(file, undefined, options), { code: "UNKNOWN_OPTION" });
});

Deno.test("decodeParquet() refuses a file of fewer rows than its footer says", async () => {
  const file = await encodeParquet(everyTypeBatch(0, 5) as Batch);
  const longer = withFooter(file, (footer) => {
    const [group] = footer.structs(4);
    const rows: ThriftValue = { kind: "i64", value: 6 };
    const groups: ThriftValue = {
      kind: "list",
      items: [{ kind: "struct", value: group!.with(3, rows) }],
    };
    return footer.with(3, rows).with(4, groups);
  });
  await rejects(decodeParquet(longer, s.struct({ id: s.long() }) as Schema), {
    code: "PARQUET_DECODE",
    message: /found 5 rows, wanted 6/,
  });
});

Deno.test("decodeParquet() reads a variant as the struct of bytes that it is", async () => {
  const variant = s.struct({ metadata: s.binary(), value: s.binary() });
  const batch = new Batch(s.struct({ v: variant.nullable() }));
  batch.append({ v: { metadata: new Uint8Array([1, 0, 0]), value: new Uint8Array([12, 42]) } });
  batch.append({ v: null });
  const file = withFooter(await encodeParquet(batch as Batch), (footer) => {
    const empty: ThriftValue = { kind: "struct", value: new ThriftStruct([]) };
    const isVariant: ThriftValue = { kind: "struct", value: new ThriftStruct([[16, empty]]) };
    const [root, group, ...leaves] = footer.structs(2);
    const elements = [root!, group!.with(10, isVariant), ...leaves];
    return footer.with(2, {
      kind: "list",
      items: elements.map((value) => ({ kind: "struct", value })),
    });
  });

  const read = await decodeParquet(file, batch.schema as Schema);

  deepEqual([...read.rows()], [...batch.rows()]);
});

Deno.test("decodeParquet() can be called from many places at once", async () => {
  const files = await Promise.all(
    Array.from({ length: 8 }, (_, i) => encodeParquet(everyTypeBatch(i, 1) as Batch)),
  );

  const batches = await Promise.all(files.map((file) => decodeParquet(file)));

  batches.forEach((batch, i) => equal(batch.row(0).id, BigInt(i)));
});
