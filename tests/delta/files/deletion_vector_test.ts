import { deepEqual, equal, rejects, throws } from "assert";
import { crc32 } from "node:zlib";
import { readDeletionVector } from "../../../lib/delta/files/deletion_vector.ts";
import { readRoaringBitmap64 } from "../../../lib/delta/files/roaring_bitmap.ts";
import { decodeZ85 } from "../../../lib/delta/files/z85.ts";
import { tempFolder } from "../../support/temp_folder.ts";

/** One bitmap of high 32 bits `high`, with one container of an array. */
function arrayBitmap(high: number, key: number, values: readonly number[]): number[] {
  return [
    ...le(8, 1),
    ...le(4, high),
    ...le(4, 12346),
    ...le(4, 1),
    ...le(2, key),
    ...le(2, values.length - 1),
    ...le(4, 16),
    ...values.flatMap((value) => le(2, value)),
  ];
}

function le(bytes: number, value: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);
}

Deno.test("readRoaringBitmap64() reads arrays, bitsets and runs", () => {
  deepEqual(readRoaringBitmap64(Uint8Array.from(arrayBitmap(0, 0, [3, 4])), 100_000), [3, 4]);
  deepEqual(readRoaringBitmap64(Uint8Array.from(arrayBitmap(1, 2, [7])), 100_000), [
    2 ** 32 + 131079,
  ]);

  const runs = [...le(8, 1), ...le(4, 0), ...le(2, 12347), ...le(2, 0), 1];
  const run = [...runs, ...le(2, 0), ...le(2, 3), ...le(2, 1), ...le(2, 9), ...le(2, 3)];
  deepEqual(readRoaringBitmap64(Uint8Array.from(run), 100_000), [9, 10, 11, 12]);

  const head = [...le(8, 1), ...le(4, 0), ...le(4, 12346), ...le(4, 1), ...le(2, 0)];
  const bits = [...head, ...le(2, 65535), ...le(4, 16), ...new Array(8192).fill(255)];
  const all = readRoaringBitmap64(Uint8Array.from(bits), 100_000);
  equal(all.length, 65536);
  equal(all.at(-1), 65535);
});

Deno.test("readRoaringBitmap64() refuses every shortened bitmap, and a longer one", () => {
  const whole = arrayBitmap(0, 0, [1, 5, 9]);
  for (let length = 0; length < whole.length; length++) {
    throws(() => readRoaringBitmap64(Uint8Array.from(whole.slice(0, length)), 100_000), RangeError);
  }
  throws(() => readRoaringBitmap64(Uint8Array.from([...whole, 0]), 100_000), RangeError);
});

Deno.test("decodeZ85() reads the example of its specification", () => {
  equal(decodeZ85("HelloWorld")?.toHex(), "864fd26fb559f75b");
  equal(decodeZ85("Hell"), undefined);
  equal(decodeZ85("Hell~"), undefined);
});

Deno.test("decodeZ85() reads a last word of fewer bytes, as Rust's z85 writes it", () => {
  equal(decodeZ85("Hello##093")?.toHex(), "864fd26f0300");
  equal(decodeZ85("##093Hello"), undefined);
  equal(decodeZ85("####0"), undefined);
});

Deno.test("readDeletionVector() checks magic, size, checksum and count", async () => {
  await using folder = await tempFolder();
  const bitmap = Uint8Array.from([...le(4, 1681511377), ...arrayBitmap(0, 0, [1, 5])]);
  const file = new Uint8Array(1 + 4 + bitmap.length + 4);
  const view = new DataView(file.buffer);
  file[0] = 1;
  view.setInt32(1, bitmap.length);
  file.set(bitmap, 5);
  view.setUint32(5 + bitmap.length, crc32(bitmap));
  const path = `${folder.path}/vector.bin`;
  const read = async (contents: Uint8Array, cardinality = 2, sizeInBytes = bitmap.length) => {
    await Deno.writeFile(path, contents);
    return await readDeletionVector(folder.path, {
      storageType: "p",
      pathOrInlineDv: `file://${path}`,
      offset: 1,
      sizeInBytes,
      cardinality,
    });
  };

  deepEqual(await read(file), [1, 5]);
  const corrupt = { code: "CORRUPT_DELETION_VECTOR" };
  for (let i = 0; i < file.length; i++) {
    await rejects(read(file.with(i, file[i]! ^ 1)), corrupt, `byte ${i}`);
  }
  await rejects(read(file, 3), corrupt);
  await rejects(read(file, 2, bitmap.length - 1), corrupt);
  await rejects(read(file.slice(0, -1)), corrupt);
});

Deno.test("readRoaringBitmap64() refuses runs that stand for more values than there should be", () => {
  const bytes = Uint8Array.from(arrayBitmap(0, 0, [3, 4]));
  throws(() => readRoaringBitmap64(bytes, 1), /more values/);
});
