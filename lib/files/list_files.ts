import { errorText, SluiceError } from "../core/mod.ts";
import type { FilePattern } from "./file_pattern.ts";
import { unreadable } from "./open_file.ts";

/** A file as the file system has it. */
export interface FileStatus {
  /** Its path from the pattern's root. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** When it was last written, in milliseconds since 1970. */
  readonly modifiedMs: number;
}

/**
 * The names of the files that a pattern means, from its root, in no order that means anything. What
 * begins with `_` or `.` is left out, files and folders: it is being written, or no data.
 *
 * @throws {SluiceError} `FILE_MISSING` if there is no such folder, `FILE_UNREADABLE` if it is none.
 */
export async function listFiles({ root, names }: FilePattern): Promise<string[]> {
  const found: string[] = [];
  await collect(root, "", names, found);
  return found;
}

/** What the file system says of a file; `undefined` if there is none of that name any more. */
export async function fileStatus(root: string, name: string): Promise<FileStatus | undefined> {
  try {
    const info = await Deno.stat(`${root}/${name}`);
    return info.isFile ? statusOf(name, info) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw unreadable(`${root}/${name}`, errorText(error), "a file that can be read", error);
  }
}

/** The same of a file that is open. */
export function statusOf(name: string, { size, mtime }: Deno.FileInfo): FileStatus {
  return { name, size, modifiedMs: mtime?.getTime() ?? 0 };
}

async function collect(
  folder: string,
  prefix: string,
  [expression, ...deeper]: readonly RegExp[],
  found: string[],
): Promise<void> {
  try {
    for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
      if (/^[_.]/.test(name) || !expression!.test(name)) continue;
      // A link may lead to either; whether it leads to a file is seen when it is looked at.
      if (deeper.length === 0 && !isDirectory) found.push(prefix + name);
      else if (deeper.length > 0 && !isFile) {
        await collect(`${folder}/${name}`, `${prefix}${name}/`, deeper, found);
      }
    }
  } catch (cause) {
    // A folder below the root may go at any time, and a link in it may lead to a file.
    if (prefix !== "" && isGone(cause)) return;
    throw folderError(folder, cause);
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

function folderError(folder: string, cause: unknown): unknown {
  if (cause instanceof SluiceError) return cause;
  const isMissing = cause instanceof Deno.errors.NotFound;
  return new SluiceError(isMissing ? "FILE_MISSING" : "FILE_UNREADABLE", {
    attempted: "look for files",
    where: folder,
    found: isMissing ? "no such folder" : errorText(cause),
    wanted: "a folder that can be read",
    hint: cause instanceof Deno.errors.NotADirectory
      ? 'for one file that grows take ndjson({ path }), for files of a kind a pattern: "in/*.csv"'
      : "paths are looked up from the folder the program was started in",
    cause,
  });
}
