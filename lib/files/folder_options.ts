import { badOption, type BatchLimits, batchLimits } from "../core/mod.ts";
import { filePattern } from "./file_pattern.ts";
import type { FolderOptions } from "./folder_source.ts";

/** Which files to read, and how many in a batch. */
export interface FolderSourceOptions extends BatchLimits {
  /**
   * A folder, whose files are read but not those of folders in it; or a pattern as in Spark, such
   * as `data/in/2024-*\/part-*.csv`.
   */
  readonly path: string;
  /** What the topic is called; absent: as the folder, or the last one before the pattern begins. */
  readonly topic?: string;
  /** Files in one batch at most; absent: no such bound. */
  readonly maxFilesPerTrigger?: number;
}

/** The names of these options. */
export const FOLDER_OPTIONS: readonly string[] = [
  "path",
  "topic",
  "maxFilesPerTrigger",
  "maxOffsetsPerTrigger",
  "maxBytesPerTrigger",
];

/**
 * What the options come to.
 *
 * @throws {SluiceError} `BAD_OPTION`.
 */
export function folderOptions(
  attempted: string,
  options: FolderSourceOptions,
): Omit<FolderOptions, "format"> {
  const { path, maxFilesPerTrigger } = options;
  if (typeof path !== "string" || path === "") {
    throw badOption(attempted, "path", String(path), "a folder or a pattern");
  }
  if (options.topic === "") throw badOption(attempted, "topic", '""', "a name");
  const isCount = maxFilesPerTrigger === undefined ||
    (Number.isSafeInteger(maxFilesPerTrigger) && maxFilesPerTrigger > 0);
  if (!isCount) {
    const found = String(maxFilesPerTrigger);
    throw badOption(attempted, "maxFilesPerTrigger", found, "a whole number above 0");
  }
  const pattern = filePattern(path, attempted);
  return {
    path,
    pattern,
    topic: options.topic ?? folderName(pattern.root),
    limits: batchLimits(attempted, options),
    maxFilesPerTrigger,
  };
}

function folderName(root: string): string {
  const name = root.slice(root.lastIndexOf("/") + 1);
  return /^\.*$/.test(name) ? "files" : name;
}
