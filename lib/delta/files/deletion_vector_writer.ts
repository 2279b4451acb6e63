import { crc32 } from "node:zlib";
import { makeFolder, syncFolder, writeFlushed } from "../../core/mod.ts";
import type { AddFile, DeletionVector } from "../protocol/actions.ts";
import { withStorageErrors } from "../protocol/delta_error.ts";
import { writeRoaringBitmap64 } from "./write_roaring_bitmap.ts";
import { encodeZ85 } from "./z85.ts";

const FILE_VERSION = 1;
const PORTABLE_MAGIC = 1681511377;

/** Deletion vectors that wait for their commit. */
export interface WrittenVectors {
  /** The new vector of each data file. */
  readonly vectors: Map<AddFile, DeletionVector>;
  /** Removes the file with the vectors, if the commit fails. */
  discard(): Promise<void>;
}

/**
 * Writes the deletion vectors of some data files, all into one file, and flushes it. Rows are
 * counted from 0 as they lie in the file, in ascending order, and all of the deleted ones are
 * there: those deleted before, too. See Delta's "deletion vector format".
 *
 * @throws {SluiceError} `DELTA_STORAGE` if the file cannot be written; nothing is left of it then.
 */
export async function writeDeletionVectors(
  tablePath: string,
  deleted: ReadonlyMap<AddFile, readonly number[] | Int32Array>,
): Promise<WrittenVectors> {
  const vectors = new Map<AddFile, DeletionVector>();
  if (deleted.size === 0) return { vectors, discard: () => Promise.resolve() };
  const uuid = crypto.randomUUID();
  const pathOrInlineDv = encodeZ85(Uint8Array.fromHex(uuid.replaceAll("-", "")));
  const parts = [Uint8Array.of(FILE_VERSION)];
  let offset = 1;
  for (const [file, rows] of deleted) {
    const bitmap = storedBitmap(rows);
    const sizeInBytes = bitmap.length - 8;
    const cardinality = rows.length;
    vectors.set(file, { storageType: "u", pathOrInlineDv, offset, sizeInBytes, cardinality });
    parts.push(bitmap);
    offset += bitmap.length;
  }
  const path = `${tablePath}/deletion_vector_${uuid}.bin`;
  const discard = () => Deno.remove(path).catch(() => {});
  try {
    await withStorageErrors("write deletion vectors", path, async () => {
      await makeFolder(tablePath);
      await writeFlushed(path, new Uint8Array(await new Blob(parts).arrayBuffer()));
      await syncFolder(tablePath);
    });
  } catch (error) {
    await discard();
    throw error;
  }
  return { vectors, discard };
}

/** Size, bitmap and checksum behind each other; size and checksum big-endian, the bitmap little. */
function storedBitmap(rows: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const roaring = writeRoaringBitmap64(rows);
  const stored = new Uint8Array(4 + 4 + roaring.length + 4);
  const view = new DataView(stored.buffer);
  view.setInt32(0, 4 + roaring.length);
  view.setInt32(4, PORTABLE_MAGIC, true);
  stored.set(roaring, 8);
  view.setUint32(stored.length - 4, crc32(stored.subarray(4, -4)));
  return stored;
}
