import { deepEqual, equal, throws } from "assert";
import { Batch, Decimal, schema as s, SluiceError } from "../../lib/core/mod.ts";
import { RowCodec } from "../../lib/state/mod.ts";
import { randomRow } from "../core/random_values.ts";
import { Random } from "../support/random.ts";

const Everything = s.struct({
  text: s.string(),
  bytes: s.binary().nullable(),
  flag: s.boolean().nullable(),
  tiny: s.byte(),
  small: s.short().nullable(),
  middle: s.integer().nullable(),
  big: s.long().nullable(),
  rough: s.float().nullable(),
  fine: s.double(),
  price: s.decimal(18, 8).nullable(),
  huge: s.decimal(38, 18).nullable(),
  largest: s.decimal(38, 0),
  day: s.date().nullable(),
  at: s.timestamp().nullable(),
  wall: s.timestampNtz(),
  place: s.struct({ x: s.long().nullable(), tags: s.array(s.string().nullable()) }).nullable(),
  lists: s.array(s.array(s.decimal(20, 2)).nullable()).nullable(),
  scores: s.map(s.string(), s.struct({ n: s.integer() }).nullable()).nullable(),
});

Deno.test("every row comes back from its bytes as it was, from columns and as an object", () => {
  const random = new Random(1);
  const codec = new RowCodec(Everything);
  const rows = Array.from({ length: 2000 }, () => randomRow(random, Everything.fields));
  const batch = new Batch(Everything);
  for (const row of rows) batch.append(row as typeof Everything.rowType);

  const decoded = new Batch(Everything);
  for (const [i, row] of rows.entries()) {
    const bytes = codec.encode(batch.columns, i);
    codec.decode(bytes, decoded.columns);
    if (i % 10 !== 0) continue;
    deepEqual(codec.encodeRow(row as typeof Everything.rowType), bytes);
    deepEqual(codec.decodeRow(bytes), row);
  }
  equal(decoded.numRows, rows.length);
  deepEqual([...decoded.rows()], rows);
});

Deno.test("the bytes of a row are laid out as they ever were", () => {
  const codec = new RowCodec(s.struct({
    id: s.long(),
    name: s.string().nullable(),
    note: s.string().nullable(),
    price: s.decimal(20, 2),
    tags: s.array(s.short().nullable()),
    window: s.struct({ start: s.timestamp(), open: s.boolean() }),
    counts: s.map(s.string(), s.double()),
  }));
  const row = {
    id: -2n,
    name: null,
    note: "é",
    price: Decimal.parse("-0.01"),
    tags: [1, null, -1],
    window: { start: 1n, open: true },
    counts: new Map([["b", 1], ["a", -0]]),
  };
  const hex = [
    "01", // version
    "02", // nulls: the second column
    "7ffffffffffffffe", // -2, sign turned
    "02c3a9", // two bytes of text
    "7fffffffffffffffffffffffffffffff", // -1 in 128 bits, sign turned
    "03" + "02" + "8001" + "7fff", // three elements, the second null
    "00" + "8000000000000001" + "01", // a struct: no nulls, its fields
    "02" + "00" + "0162" + "0161", // two pairs: the keys as they came
    "02" + "00" + "3ff0000000000000" + "8000000000000000", // and their values
  ].join("");
  equal(codec.encodeRow(row).toHex(), hex);
  deepEqual(codec.decodeRow(Uint8Array.fromHex(hex)), row);
});

Deno.test("bytes that are no whole row are refused", () => {
  const random = new Random(2);
  const codec = new RowCodec(Everything);
  const damaged = (bytes: Uint8Array) =>
    throws(() => codec.decodeRow(bytes), { code: "STATE_DAMAGED" }, bytes.toHex());
  for (let i = 0; i < 20; i++) {
    const row = randomRow(random, Everything.fields) as typeof Everything.rowType;
    const bytes = codec.encodeRow(row);
    const step = Math.ceil(bytes.length / 100);
    for (let length = 0; length < bytes.length; length += step) damaged(bytes.subarray(0, length));
    damaged(Uint8Array.of(...bytes, 0));
    deepEqual(codec.decodeRow(bytes), row, "the codec is none the worse for it");
  }
  throws(() => codec.decodeRow(Uint8Array.of(2, 0, 0)), {
    code: "STATE_NEWER",
    message: /found row version 2, wanted struct<.*> in row version 1/,
  });
});

Deno.test("bytes at random are refused or are a row, and are never anything else", () => {
  const random = new Random(3);
  const codec = new RowCodec(Everything);
  for (let i = 0; i < 3000; i++) {
    const bytes = Uint8Array.from(
      { length: random.integer(0, 200) },
      (_, at) => at === 0 ? 1 : random.next() < 0.5 ? random.integer(0, 3) : random.integer(0, 255),
    );
    try {
      codec.decodeRow(bytes);
    } catch (error) {
      equal(error instanceof SluiceError && error.code, "STATE_DAMAGED", `${i}: ${error}`);
    }
  }
});

Deno.test("a row that the schema cannot hold is refused, and the next one is encoded", () => {
  const codec = new RowCodec(s.struct({ a: s.string(), n: s.byte() }));
  throws(() => codec.encodeRow({ a: "x", n: 128 }), { code: "BAD_VALUE", message: /column "n"/ });
  deepEqual(codec.decodeRow(codec.encodeRow({ a: "y", n: 127 })), { a: "y", n: 127 });
});
