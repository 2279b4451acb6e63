import { badOption, refuseUnknownOptions, type Source } from "../core/mod.ts";
import { CSV_DIALECT_OPTIONS, csvDialect, type CsvDialectOptions } from "../formats/csv/mod.ts";
import type { FileFormat } from "./file_format.ts";
import { FOLDER_OPTIONS, folderOptions, type FolderSourceOptions } from "./folder_options.ts";
import { FolderSource } from "./folder_source.ts";
import { csvFormat, ndjsonFormat } from "./text_format.ts";

/** Files of one JSON object a line. */
export interface NdjsonFilesOptions extends FolderSourceOptions {
  /** One JSON object a line; the decoder is `json`. */
  readonly format: "ndjson";
}

/** Files of CSV. */
export interface CsvFilesOptions extends FolderSourceOptions, CsvDialectOptions {
  /** Comma-separated values; the decoder is `csv`. */
  readonly format: "csv";
  /** True if the first line of each file names its columns; absent: false. */
  readonly header?: boolean;
}

/** What `files` reads. */
export type FilesOptions = NdjsonFilesOptions | CsvFilesOptions;

const ATTEMPTED = "read files";

/**
 * Reads the files of a folder as a stream, as Spark's file source does: those that are there, and
 * new ones as they appear, in the order in which they were last written and by name where that is
 * the same. Each line, or each record of CSV, is the value of a record in partition 0 of one topic;
 * its offset is its number among all records of all files, and it carries its file's name in the
 * header `file`. Which files were found is noted in the query's checkpoint: that is the order for
 * ever.
 *
 * Files must appear whole: write one under a name that begins with `_` or `.`, which is passed
 * over, and rename it. A file that has changed since it was found, or is gone before it was read,
 * stops the query. Those that have been read may go. Files whose names end in `.gz` are
 * decompressed; to go on in the middle of one, it is read from its beginning.
 *
 * Text is UTF-8. CSV has quoted fields with separators, line breaks and quotes in them, ends its
 * lines with CRLF or LF, and empty ones are passed over; its records carry what `csv` has to know. An empty line of NDJSON is a record. For one file that grows there is `ndjson`.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION`; later `FILE_MISSING` if there is no such
 * folder, `FILE_UNREADABLE`, `FILE_CHANGED`, and `DATA_LOSS` for a file that is gone.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { recordValue } from "../core/mod.ts";
 * import { files } from "./mod.ts";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.mkdir(`${folder}/in`);
 * await Deno.writeTextFile(`${folder}/in/1.csv`, 'id,note\n1,"two\nlines"\n2,one line\n');
 * const source = files({ path: `${folder}/in`, format: "csv", header: true });
 * await source.open?.(`${folder}/own`); // a query does this, in its checkpoint
 * const { signal } = new AbortController();
 * const latest = await source.latestOffsets(signal);
 * deepEqual(latest, { in: { 0: 2n } });
 *
 * for await (const block of source.read({}, latest, { signal })) {
 *   deepEqual(new TextDecoder().decode(recordValue(block, 0)!), '1,"two\nlines"');
 * }
 * await source.close();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export function files(options: FilesOptions): Source {
  const format = formatOf(options);
  return new FolderSource({ ...folderOptions(ATTEMPTED, options), format });
}

function formatOf(options: FilesOptions): FileFormat {
  if (options.format === "ndjson") {
    refuseUnknownOptions(ATTEMPTED, options, [...FOLDER_OPTIONS, "format"]);
    return ndjsonFormat();
  }
  if (options.format !== "csv") {
    const { format } = options as { format?: unknown };
    throw badOption(ATTEMPTED, "format", String(format), '"ndjson" or "csv"');
  }
  const known = [...FOLDER_OPTIONS, "format", "header", ...CSV_DIALECT_OPTIONS];
  refuseUnknownOptions(ATTEMPTED, options, known);
  const { header = false } = options;
  if (typeof header !== "boolean") {
    throw badOption(ATTEMPTED, "header", String(header), "true or false");
  }
  return csvFormat(csvDialect(ATTEMPTED, options), header);
}
