import { SluiceError } from "../core/mod.ts";
import type { FileFormat } from "./file_format.ts";
import type { LoggedFile } from "./file_log.ts";
import { type FileStatus, fileStatus } from "./list_files.ts";

/** What to do when files that were found, and are to be read, are not there any more. */
export const LOSS_HINT =
  "files were removed before they were read: put them back as they were, or start a new query " +
  "with an empty checkpointLocation";

const CHANGED_HINT =
  "a file must not change once it is in the folder. Put it back as it was; or, if all that was " +
  "in it has been read, take it out of the folder. Write what is new as a file of another name: " +
  "first under one that begins with _ or ., then rename it";

/** Makes sure that files are still what they were when they were found. */
export class FileChecker {
  readonly #root: string;
  readonly #format: FileFormat;
  /** Files that were only touched: their contents are the same, and this is when. */
  readonly #touchedMs = new Map<string, number>();

  /** For files of one folder. */
  constructor(root: string, format: FileFormat) {
    this.#root = root;
    this.#format = format;
  }

  /**
   * Checks a file that is to be read.
   *
   * @throws {SluiceError} `DATA_LOSS` if it is gone, `FILE_CHANGED` if it has other contents.
   */
  async check(file: LoggedFile, signal: AbortSignal): Promise<void> {
    const status = await fileStatus(this.#root, file.name);
    if (status === undefined) throw gone(`${this.#root}/${file.name}`);
    await this.checkStatus(file, status, signal);
  }

  /**
   * Checks a file by what the file system says of it; if it was only written anew, by its contents.
   *
   * @throws {SluiceError} `FILE_CHANGED`.
   */
  async checkStatus(file: LoggedFile, status: FileStatus, signal: AbortSignal): Promise<void> {
    const path = `${this.#root}/${file.name}`;
    if (status.size !== file.size) {
      throw fileChanged(path, `${status.size} bytes`, `${file.size}, as when it was found`);
    }
    const { modifiedMs } = status;
    if (modifiedMs === file.modifiedMs || modifiedMs === this.#touchedMs.get(file.name)) return;
    const { digest } = await this.#format.count(path, signal);
    if (digest !== file.digest) {
      throw fileChanged(path, "other contents of the same length", "those it was found with");
    }
    this.#touchedMs.set(file.name, modifiedMs);
  }
}

/** The error for a file whose contents are not those it was found with. */
export function fileChanged(where: string, found: string, wanted: string): SluiceError {
  return new SluiceError("FILE_CHANGED", {
    attempted: "read a file of records",
    where,
    found,
    wanted,
    hint: CHANGED_HINT,
  });
}

function gone(where: string): SluiceError {
  return new SluiceError("DATA_LOSS", {
    attempted: "read a file of records",
    where,
    found: "no such file any more",
    wanted: "the file, as it was found and not read yet",
    hint: LOSS_HINT,
  });
}
