import { errorText, SluiceError } from "../core/mod.ts";

/**
 * Opens a file to read it.
 *
 * @throws {SluiceError} `FILE_MISSING`, or `FILE_UNREADABLE` if there is one that cannot be read.
 */
export async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    const file = await Deno.open(path);
    if ((await file.stat()).isFile) return file;
    file.close();
  } catch (cause) {
    const missing = cause instanceof Deno.errors.NotFound;
    throw new SluiceError(missing ? "FILE_MISSING" : "FILE_UNREADABLE", {
      attempted: "read a file of records",
      where: path,
      found: missing ? "no such file" : errorText(cause),
      wanted: "a file with one JSON object a line",
      hint: "paths are looked up from the folder the program was started in",
      cause,
    });
  }
  throw new SluiceError("FILE_UNREADABLE", {
    attempted: "read a file of records",
    where: path,
    found: "a folder or a device",
    wanted: "a file with one JSON object a line",
  });
}

/** Fills `into` from the file; returns how many bytes there were, fewer only at the file's end. */
export async function readFully(file: Deno.FsFile, into: Uint8Array): Promise<number> {
  let length = 0;
  while (length < into.length) {
    const read = await file.read(into.subarray(length));
    if (read === null) break;
    length += read;
  }
  return length;
}
