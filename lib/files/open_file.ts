import { errorText, SluiceError } from "../core/mod.ts";

const ATTEMPTED = "read a file of records";

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
      attempted: ATTEMPTED,
      where: path,
      found: missing ? "no such file" : errorText(cause),
      wanted: "a file that can be read",
      hint: "paths are looked up from the folder the program was started in",
      cause,
    });
  }
  throw new SluiceError("FILE_UNREADABLE", {
    attempted: ATTEMPTED,
    where: path,
    found: "a folder or a device",
    wanted: "a file",
  });
}

/** The error for a file of a folder that is there, but not as it has to be. */
export function unreadable(
  where: string,
  found: string,
  wanted: string,
  cause?: unknown,
): SluiceError {
  return new SluiceError("FILE_UNREADABLE", {
    attempted: ATTEMPTED,
    where,
    found,
    wanted,
    hint: "take it out of the folder, or give it a name that begins with _, to go on without it",
    ...(cause === undefined ? {} : { cause }),
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
