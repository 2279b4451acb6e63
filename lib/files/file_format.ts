import type { RecordBlock } from "../core/mod.ts";
import type { LoggedFile } from "./file_log.ts";

/** How many records a file has, and a digest that tells its contents from others. */
export interface FileCount {
  readonly records: number;
  /** SHA-256 in hexadecimal. */
  readonly digest: string;
}

/** Which records of a file to read. */
export interface FileRange {
  readonly file: LoggedFile;
  /** Where the file is. */
  readonly path: string;
  /** What the topic of its records is called. */
  readonly topic: string;
  /** The first record, counted from 0 in the file. */
  readonly from: number;
  /** The record behind the last one. */
  readonly to: number;
  /** Bytes of records after which to end early, at a boundary of blocks. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** What is in the files of a folder. */
export interface FileFormat {
  /** What tells records apart, for the log of files: with another the offsets would mean others. */
  readonly kind: Readonly<Record<string, unknown>>;
  /**
   * Counts the records of a file.
   *
   * @throws {SluiceError} `FILE_MISSING`, `FILE_UNREADABLE`, and what the format has to say.
   */
  count(path: string, signal: AbortSignal): Promise<FileCount>;
  /**
   * Reads some records of a file, in blocks that follow each other without a gap.
   *
   * @throws {SluiceError} from the iterator: `FILE_CHANGED` if the file ends before they do.
   */
  read(range: FileRange): AsyncIterable<RecordBlock>;
  /** Lets go of files. */
  close(): Promise<void>;
}
