import { fileURLToPath } from "node:url";
import { SluiceError } from "../../core/mod.ts";
import { withStorageErrors } from "../protocol/delta_error.ts";

/**
 * The file that a path of the log names, once it is known to lie in the table's folder: a log that
 * came from elsewhere must not make us read other files of this machine. Links are followed first.
 *
 * @throws {SluiceError} `UNSAFE_PATH` if it lies elsewhere; `CORRUPT_LOG` if it is no URI;
 * `FILE_NOT_FOUND`.
 */
export async function fileInTable(tablePath: string, path: string): Promise<string> {
  return await insideTable(tablePath, locateFile(tablePath, path));
}

/** The same file, once it is known to lie in the table's folder; throws as `fileInTable` does. */
export async function insideTable(tablePath: string, file: string): Promise<string> {
  const attempted = "find a file of a Delta table";
  const [folder, real] = await withStorageErrors(attempted, file, async () => {
    const folder = await Deno.realPath(tablePath);
    const isNamedInside = isBelow(tablePath, file) || isBelow(folder, file);
    // What is outside by its name need not be there to be refused; a link may lead back inside.
    const real = Deno.realPath(file).catch((cause) => {
      throw cause instanceof Deno.errors.NotFound ? fileNotFound(attempted, file, cause) : cause;
    });
    return [folder, await (isNamedInside ? real : real.catch(() => file))] as const;
  });
  if (!isBelow(folder, real)) throw unsafePath(tablePath, file, real);
  return file;
}

/**
 * Where the file would be that a path of the log names; it need not be there, and if the path is
 * absolute it may be anywhere.
 *
 * @throws {SluiceError} `UNSAFE_PATH` if folders lead out of the table, or to another store;
 * `CORRUPT_LOG` if it is no URI.
 */
export function locateFile(tablePath: string, path: string): string {
  const decoded = decodedPath(tablePath, path);
  if (decoded.startsWith("/")) return decoded;
  let depth = 0;
  for (const part of decoded.split("/")) {
    depth += part === ".." ? -1 : part === "." || part === "" ? 0 : 1;
    if (depth < 0) throw unsafePath(tablePath, path, "a folder above the table's");
  }
  return `${tablePath}/${decoded}`;
}

function decodedPath(tablePath: string, path: string): string {
  if (/^[a-z][a-z0-9+.-]*:\//i.test(path) && !path.startsWith("file:")) {
    throw unsafePath(tablePath, path, "a file of another store");
  }
  try {
    const decoded = path.startsWith("file:") ? fileURLToPath(path) : decodeURIComponent(path);
    if (!decoded.includes("\0")) return decoded;
  } catch (cause) {
    throw notUri(tablePath, path, cause);
  }
  throw notUri(tablePath, path);
}

function fileNotFound(attempted: string, file: string, cause: unknown): SluiceError {
  return new SluiceError("FILE_NOT_FOUND", {
    attempted,
    where: file,
    found: "no such file",
    hint: "a vacuum may have removed it, if the version is an old one: read a newer version. If " +
      "the newest names it, restore the file from a backup",
    cause,
  });
}

function isBelow(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

function unsafePath(tablePath: string, path: string, found: string): SluiceError {
  return new SluiceError("UNSAFE_PATH", {
    attempted: `find file ${JSON.stringify(path)} of a Delta table`,
    where: tablePath,
    found,
    wanted: "a file in the table's folder",
    hint: "tables whose files lie elsewhere, as shallow clones, are not read",
  });
}

function notUri(tablePath: string, path: string, cause?: unknown): SluiceError {
  return new SluiceError("CORRUPT_LOG", {
    attempted: "find a file of a Delta table",
    where: tablePath,
    found: `path ${JSON.stringify(path)}`,
    wanted: "a URI",
    cause,
  });
}
