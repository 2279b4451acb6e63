/** Most footers are no longer. */
const TAIL_BYTES = 64 * 1024;
const TRAILER_BYTES = 8;
const MAGIC_BYTES = 4;

/**
 * Reads the end of a Parquet file, as much as has its whole footer in it: what `readParquetFooter`
 * needs, without the pages. What the file system throws, it throws as it is.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { Batch, schema as s } from "../core/mod.ts";
 * import { encodeParquet } from "./encode_parquet.ts";
 * import { readParquetFooter } from "./parquet_footer.ts";
 * import { readParquetTail } from "./read_tail.ts";
 *
 * const batch = new Batch(s.struct({ id: s.long() }));
 * batch.append({ id: 7n });
 * const path = await Deno.makeTempFile();
 * await Deno.writeFile(path, await encodeParquet(batch));
 * equal(readParquetFooter(await readParquetTail(path)).numRows, 1);
 * await Deno.remove(path);
 * ```
 */
export async function readParquetTail(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  const tail = await lastBytes(file, size, TAIL_BYTES);
  if (tail.length < TRAILER_BYTES) return tail;
  const trailer = new DataView(tail.buffer, tail.length - TRAILER_BYTES);
  const needed = trailer.getUint32(0, true) + TRAILER_BYTES + MAGIC_BYTES;
  return needed <= tail.length || needed > size ? tail : await lastBytes(file, size, needed);
}

async function lastBytes(
  file: Deno.FsFile,
  size: number,
  count: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(Math.min(count, size));
  await file.seek(size - bytes.length, Deno.SeekMode.Start);
  let length = 0;
  while (length < bytes.length) {
    const read = await file.read(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  return bytes.subarray(0, length);
}
