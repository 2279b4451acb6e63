import { deepEqual, equal, throws } from "assert";
import { readRoaringBitmap64 } from "../../../lib/delta/files/roaring_bitmap.ts";
import { writeRoaringBitmap64 } from "../../../lib/delta/files/write_roaring_bitmap.ts";
import { Random } from "../../support/random.ts";

function roundTrip(values: readonly number[]): number {
  const bytes = writeRoaringBitmap64(values);
  deepEqual(readRoaringBitmap64(bytes, values.length), values);
  return bytes.length;
}

const count = (length: number, of: (i: number) => number) =>
  Array.from({ length }, (_, i) => of(i));

Deno.test("writeRoaringBitmap64() writes the bytes of the format's specification", () => {
  equal(
    writeRoaringBitmap64([3, 131_075]).toHex(),
    "0100000000000000" + // one bitmap
      "00000000" + "3a300000" + "02000000" + // its high bits, no runs, two containers
      "00000000" + "02000000" + // keys 0 and 2, of one value each
      "18000000" + "1a000000" + "0300" + "0300",
  );
  equal(writeRoaringBitmap64([]).toHex(), "0000000000000000");
});

Deno.test("writeRoaringBitmap64() takes the form that needs the fewest bytes", () => {
  const header = 8 + 4;
  equal(roundTrip(count(65_536, (i) => i)), header + 4 + 1 + 4 + 2 + 4);
  equal(roundTrip(count(100, (i) => i * 2)), header + 8 + 4 + 4 + 200);
  equal(roundTrip(count(30_000, (i) => i * 2)), header + 8 + 4 + 4 + 8192);
});

Deno.test("writeRoaringBitmap64() writes what is read back, whatever the containers", () => {
  roundTrip([0]);
  roundTrip([65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5]);
  roundTrip(count(4096, (i) => i * 3));
  roundTrip(count(4097, (i) => i * 3));
  // Runs in two, three, four and nine containers: with and without offsets.
  for (const containers of [2, 3, 4, 9]) {
    roundTrip(count(containers * 100, (i) => Math.floor(i / 100) * 65_536 + i % 100));
  }
  roundTrip([...count(100, (i) => i), ...count(5000, (i) => 65_536 + i * 2), 200_000]);
});

const seed = 20_240_607;

Deno.test(`writeRoaringBitmap64() writes random sets of rows so that they are read back, seed ${seed}`, () => {
  const random = new Random(seed);
  for (let round = 0; round < 50; round++) {
    const share = random.next();
    const length = Math.floor(random.next() * 200_000);
    roundTrip(count(length, (i) => i).filter(() => random.next() < share));
  }
});

Deno.test("writeRoaringBitmap64() refuses values out of order", () => {
  throws(() => writeRoaringBitmap64([2, 1]), RangeError);
  throws(() => writeRoaringBitmap64([1, 1]), RangeError);
});
