import { deepEqual, equal, ok, throws } from "assert";
import { type Batch, Decimal, SluiceError } from "../../lib/core/mod.ts";
import { encodeParquet, readParquetFooter } from "../../lib/parquet/mod.ts";
import { Random } from "../support/random.ts";
import { everyTypeBatch } from "../support/sample_rows.ts";
import { fileOf, footerRange, withFooter } from "./with_footer.ts";

Deno.test("readParquetFooter() tells the bounds of our own files as rows hold them", async () => {
  const file = await encodeParquet(everyTypeBatch(0, 3) as Batch);

  const { numRows, columns, rowGroups } = readParquetFooter(file);

  equal(numRows, 3);
  const bounds = new Map(rowGroups[0]?.columns.map(({ path, ...rest }) => [path.join("."), rest]));
  deepEqual(bounds.get("id"), { min: 0n, max: 2n, nullCount: 0 });
  deepEqual(bounds.get("flag"), { min: false, max: true, nullCount: 0 });
  deepEqual(bounds.get("tiny"), { min: -128, max: 127, nullCount: 0 });
  deepEqual(bounds.get("large"), { min: -(2n ** 63n), max: 2n ** 63n - 1n, nullCount: 0 });
  deepEqual(bounds.get("price"), {
    min: Decimal.parse("-9999999999.99999999"),
    max: Decimal.parse("9999999999.99999999"),
    nullCount: 0,
  });
  deepEqual(bounds.get("day"), { min: -719162, max: 2932896, nullCount: 0 });
  deepEqual(bounds.get("wall"), { min: -1n, max: 1_704_067_200_000_001n, nullCount: 0 });
  deepEqual(bounds.get("address.geo.x"), { min: 1, max: 1, nullCount: 2 });
  const types = new Map(columns.map(({ path, type }) => [path.join("."), type]));
  equal(types.get("at"), "timestamp");
  equal(types.get("wall"), "timestamp_ntz");
  deepEqual(types.get("exact"), { type: "decimal", precision: 38, scale: 9 });
  equal(types.get("counts.key_value.value"), "long");
});

Deno.test("readParquetFooter() tells where each row group begins", async () => {
  const file = await encodeParquet(everyTypeBatch(0, 25) as Batch, { maxRowGroupRows: 10 });

  const { rowGroups } = readParquetFooter(file);

  const found = rowGroups.map((
    { firstRow, numRows, columns: [id] },
  ) => [firstRow, numRows, id?.min]);
  deepEqual(found, [[0, 10, 0n], [10, 10, 10n], [20, 5, 20n]]);
});

Deno.test("readParquetFooter() says what it found instead of a Parquet file", async () => {
  const file = await encodeParquet(everyTypeBatch(0, 2) as Batch);
  const encrypted = file.slice();
  encrypted.set(new TextEncoder().encode("PARE"), file.length - 4);
  const longer = file.slice();
  new DataView(longer.buffer).setUint32(footerRange(file)[1], 2 ** 32 - 1, true);
  const broken: [bytes: Uint8Array, said: RegExp][] = [
    [new Uint8Array(), /found 0 bytes/],
    [file.slice(0, -1), /wanted PAR1/],
    [encrypted, /found an encrypted file/],
    [longer, /found a footer of 4294967295 bytes/],
    // A footer that is all field headers of a list with a count beyond any memory.
    [footerOf([0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]), /found a list of/],
    // A binary value of the same length, and structs in structs without end.
    [footerOf([0x68, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]), /bytes of footer left/],
    [footerOf(Array(1000).fill(0x1c)), /found structs 33 deep/],
    [
      withFooter(file, (footer) => footer.with(3, { kind: "i64", value: 7 })),
      /found row groups of 2 rows, wanted 7 rows/,
    ],
  ];
  for (const [bytes, said] of broken) throws(() => readParquetFooter(bytes), said);
});

Deno.test("readParquetFooter() reads footers that are damaged, or refuses them as such", async () => {
  const seed = Date.now() % 1_000_000;
  const random = new Random(seed);
  const files = [
    await encodeParquet(everyTypeBatch(0, 50) as Batch),
    await encodeParquet(everyTypeBatch(0, 50) as Batch, { maxRowGroupRows: 7 }),
  ];
  let refused = 0;
  for (let round = 0; round < 500; round++) {
    const file = damaged(random.pick(files), random);
    try {
      readParquetFooter(file);
    } catch (error) {
      ok(
        error instanceof SluiceError && error.code === "PARQUET_DECODE",
        `seed ${seed}, round ${round}: ${error}`,
      );
      refused++;
    }
  }
  ok(refused > 250, `seed ${seed}: only ${refused} footers were refused`);
});

/** A copy with some bytes of its footer changed, taken out or doubled. */
function damaged(file: Uint8Array, random: Random): Uint8Array {
  const [start, end] = footerRange(file);
  let footer = [...file.subarray(start, end)];
  for (let i = random.integer(1, 4); i > 0; i--) {
    const at = random.integer(0, footer.length - 1);
    const length = random.integer(1, 8);
    const kind = random.integer(0, 3);
    if (kind === 0) footer[at] = random.integer(0, 255);
    else if (kind === 1) footer[at] = random.pick([0, 0x7f, 0x80, 0xff, 0xfc, 0x1c, 0x19]);
    else if (kind === 2) footer.splice(at, length);
    else footer = [...footer.slice(0, at + length), ...footer.slice(at)];
  }
  return footerOf(footer);
}

function footerOf(footer: readonly number[]): Uint8Array {
  return fileOf(new TextEncoder().encode("PAR1"), footer);
}
