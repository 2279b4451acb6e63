import { crc32 } from "node:zlib";
import { errorText, SluiceError } from "../../core/mod.ts";
import type { DeletionVector } from "../protocol/actions.ts";
import { withStorageErrors } from "../protocol/delta_error.ts";
import { insideTable, locateFile } from "./file_in_table.ts";
import { readRoaringBitmap64 } from "./roaring_bitmap.ts";
import { decodeZ85 } from "./z85.ts";

const FILE_VERSION = 1;
const PORTABLE_MAGIC = 1681511377;
const UUID_CHARACTERS = 20;

/**
 * The rows of a data file that are deleted, in ascending order, counted from 0. The file has
 * `numRows`, if that is known: a few bytes can claim to stand for billions. See Delta's "deletion
 * vector format".
 *
 * @throws {SluiceError} `CORRUPT_DELETION_VECTOR` naming the file if its magic, size, checksum or
 * count is wrong; `DELTA_STORAGE` if there is no such file; `UNSAFE_PATH` if it is not in the table.
 */
export async function readDeletionVector(
  tablePath: string,
  vector: DeletionVector,
  numRows: number = Infinity,
): Promise<number[]> {
  const path = vectorPath(tablePath, vector);
  const bitmap = path === undefined
    ? inlineBitmap(vector)
    : await storedBitmap(await insideTable(tablePath, path), vector);
  const where = path ?? "an inline deletion vector";
  if (vector.cardinality > numRows) {
    throw corrupt(where, `${vector.cardinality} deleted rows`, `at most ${numRows}`);
  }
  const view = new DataView(bitmap.buffer, bitmap.byteOffset, bitmap.byteLength);
  const magic = bitmap.length < 4 ? undefined : view.getInt32(0, true);
  if (magic !== PORTABLE_MAGIC) {
    throw corrupt(where, `magic number ${magic}`, `${PORTABLE_MAGIC}`);
  }
  let rows: number[];
  try {
    rows = readRoaringBitmap64(bitmap.subarray(4), vector.cardinality);
  } catch (cause) {
    throw corrupt(where, errorText(cause), "a roaring bitmap", cause);
  }
  if (rows.length !== vector.cardinality) {
    throw corrupt(where, `${rows.length} deleted rows`, `${vector.cardinality}`);
  }
  return rows;
}

/** The file that a deletion vector is in; `undefined` if it is inline. */
export function vectorPath(tablePath: string, vector: DeletionVector): string | undefined {
  const { storageType, pathOrInlineDv } = vector;
  if (storageType === "i") return undefined;
  if (storageType === "p") return locateFile(tablePath, pathOrInlineDv);
  const uuid = decodeZ85(pathOrInlineDv.slice(-UUID_CHARACTERS));
  const prefix = pathOrInlineDv.slice(0, -UUID_CHARACTERS);
  if (storageType !== "u" || uuid?.length !== 16 || /[./\\]/.test(prefix)) {
    throw corrupt(tablePath, `"${storageType}" and "${pathOrInlineDv}"`, "a deletion vector");
  }
  const name = uuid.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  const folder = prefix === "" ? tablePath : `${tablePath}/${prefix}`;
  return `${folder}/deletion_vector_${name}.bin`;
}

function inlineBitmap({ pathOrInlineDv, sizeInBytes }: DeletionVector): Uint8Array {
  const bytes = decodeZ85(pathOrInlineDv);
  if (bytes === undefined || bytes.length < sizeInBytes) {
    throw corrupt("an inline deletion vector", pathOrInlineDv, `${sizeInBytes} bytes in Z85`);
  }
  return bytes.subarray(0, sizeInBytes);
}

/**
 * Size, bitmap and checksum lie behind each other at the offset; size and checksum big-endian. Only
 * they are read: a file may have the vectors of many data files.
 */
async function storedBitmap(path: string, vector: DeletionVector): Promise<Uint8Array> {
  const { offset = 1, sizeInBytes } = vector;
  const end = offset + 4 + sizeInBytes + 4;
  return await withStorageErrors("read a deletion vector", path, async () => {
    using file = await Deno.open(path);
    const { size: length } = await file.stat();
    if (!(offset >= 0 && sizeInBytes >= 0 && end <= length)) {
      throw corrupt(path, `${length} bytes`, `${end} bytes`);
    }
    const [format] = await readRange(file, 0, 1);
    if (format !== FILE_VERSION) throw corrupt(path, `format ${format}`, `format ${FILE_VERSION}`);
    const part = await readRange(file, offset, end - offset);
    const view = new DataView(part.buffer);
    const size = view.getInt32(0);
    if (size !== sizeInBytes) throw corrupt(path, `size ${size}`, `${sizeInBytes}`);
    const bitmap = part.subarray(4, 4 + sizeInBytes);
    const wanted = view.getUint32(4 + sizeInBytes);
    const checksum = crc32(bitmap);
    if (checksum !== wanted) throw corrupt(path, `checksum ${checksum}`, `${wanted}`);
    return bitmap;
  });
}

/** Some bytes of a file that is long enough; zeros where it has been cut since. */
async function readRange(file: Deno.FsFile, start: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await file.seek(start, Deno.SeekMode.Start);
  for (let read = 0; read < length;) {
    const count = await file.read(bytes.subarray(read));
    if (count === null) break;
    read += count;
  }
  return bytes;
}

function corrupt(where: string, found: string, wanted: string, cause?: unknown): SluiceError {
  return new SluiceError("CORRUPT_DELETION_VECTOR", {
    attempted: "read a deletion vector",
    where,
    found,
    wanted,
    hint: "restore the file from a backup, or read an older version of the table",
    cause,
  });
}
