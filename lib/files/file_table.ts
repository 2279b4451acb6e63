import { basename, dirname } from "node:path";
import {
  badOption,
  Batch,
  type Decoder,
  errorText,
  isRejection,
  isRetryable,
  type RecordBlock,
  refuseUnknownOptions,
  Schema,
  SluiceError,
  type StaticTable,
} from "../core/mod.ts";
import {
  csv,
  CSV_DIALECT_OPTIONS,
  csvDialect,
  type CsvDialectOptions,
} from "../formats/csv/mod.ts";
import { json } from "../formats/json/mod.ts";
import { FileChecker } from "./check_file.ts";
import type { FileFormat } from "./file_format.ts";
import type { LoggedFile } from "./file_log.ts";
import { filePattern } from "./file_pattern.ts";
import { fileStatus, listFiles } from "./list_files.ts";
import { unreadable } from "./open_file.ts";
import { parquetFormat } from "./parquet_format.ts";
import { csvFormat, ndjsonFormat } from "./text_format.ts";

/** What `fileTable()` reads. */
export interface FileTableOptions<Row> extends CsvDialectOptions {
  /** A file; or a folder or a pattern, as for `files`: all files that it means. */
  readonly path: string;
  /** Names and types of the columns; JSON and CSV with a header may have others, too. */
  readonly schema: Schema<Row>;
  /** Default: as the file's name ends, be it compressed (`.gz`) or not; `.jsonl` is NDJSON too. */
  readonly format?: "ndjson" | "csv" | "parquet";
  /** For CSV: true if the first line of each file names its columns. Default: false. */
  readonly header?: boolean;
  /** For CSV: text without quotes that means null, as an empty field does. */
  readonly nullValue?: string;
}

/** How the files of a table are read. */
interface TableFormat<Row> {
  readonly files: FileFormat;
  /** Makes rows of records; `undefined` where the files have rows. */
  readonly decoder: Decoder<Row> | undefined;
}

const CSV_OPTIONS = [...CSV_DIALECT_OPTIONS, "header", "nullValue"];
const ENDING = /\.(ndjson|jsonl|csv|parquet)(\.gz)?$/;

/**
 * A table in files, for a stream to be joined with. A record that does not fit the schema is an error,
 * and so is a file that is written while it is read: write it under another name, then rename it.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../core/mod.ts";
 * import { fileTable } from "./file_table.ts";
 *
 * const folder = await Deno.makeTempDir();
 * const path = `${folder}/countries.csv`;
 * await Deno.writeTextFile(path, "code,name\nDE,Germany\nFR,\n");
 *
 * const Country = s.struct({ code: s.string(), name: s.string().nullable() });
 * const countries = fileTable({ path, schema: Country, header: true });
 * const [batch] = await Array.fromAsync(countries.load(new AbortController().signal));
 * deepEqual([...batch!.rows()], [{ code: "DE", name: "Germany" }, { code: "FR", name: null }]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION` or `BAD_SCHEMA` at once; from `load`,
 * `FILE_MISSING`, `FILE_UNREADABLE`, `BAD_RECORD` naming a file and a record, `FILE_CHANGED`
 * (retryable), and what Parquet files throw.
 */
export function fileTable<Row>(options: FileTableOptions<Row>): StaticTable<Row> {
  const { path, schema } = options;
  const name = `file(${path})`;
  const attempted = `read ${name}`;
  if (typeof path !== "string" || path === "") {
    throw badOption(attempted, "path", String(path), "a file, a folder or a pattern");
  }
  if (!(schema instanceof Schema)) {
    throw badOption(attempted, "schema", typeof schema, "a schema, as schema.struct makes it");
  }
  // Made once to refuse options at once, and anew for each load, as they know of open files.
  tableFormat(attempted, options);
  return {
    name,
    schema,
    async *load(signal) {
      signal.throwIfAborted();
      const { root, names } = await filesOf(attempted, path);
      const format = tableFormat(attempted, options);
      try {
        for (const file of names) {
          yield* readFile({ attempted, root, file, format, schema, signal });
        }
      } finally {
        await format.files.close();
      }
    },
  };
}

function tableFormat<Row>(attempted: string, options: FileTableOptions<Row>): TableFormat<Row> {
  const { path, schema, header = false, nullValue } = options;
  const format = options.format ?? formatOf(path);
  const known = ["path", "schema", "format", ...(format === "csv" ? CSV_OPTIONS : [])];
  refuseUnknownOptions(attempted, options, known);
  if (typeof header !== "boolean") {
    throw badOption(attempted, "header", String(header), "true or false");
  }
  switch (format) {
    case "ndjson":
      return { files: ndjsonFormat(), decoder: json(schema) };
    case "parquet":
      return { files: parquetFormat(schema as unknown as Schema), decoder: undefined };
    case "csv": {
      const dialect = csvDialect(attempted, options);
      const decoder = csv(schema, {
        ...dialect,
        ...(nullValue === undefined ? {} : { nullValue }),
      });
      return { files: csvFormat(dialect, header), decoder };
    }
    default: {
      const found = format === undefined ? `no format for ${path}` : JSON.stringify(format);
      throw badOption(attempted, "format", found, '"ndjson", "csv" or "parquet"');
    }
  }
}

function formatOf(path: string): FileTableOptions<unknown>["format"] {
  const ending = ENDING.exec(path)?.[1];
  return ending === "jsonl" ? "ndjson" : ending as FileTableOptions<unknown>["format"];
}

/** The files that a path means, in the order of their names. */
async function filesOf(
  attempted: string,
  path: string,
): Promise<{ readonly root: string; readonly names: readonly string[] }> {
  if (await isFile(path)) return { root: dirname(path), names: [basename(path)] };
  const pattern = filePattern(path, attempted);
  const names = (await listFiles(pattern)).sort();
  if (names.length > 0) return { root: pattern.root, names };
  throw new SluiceError("FILE_MISSING", {
    attempted,
    found: "no file of such a name",
    wanted: "one or more",
    hint: "names that begin with _ or . are passed over",
  });
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw unreadable(path, errorText(error), "a file that can be read", error);
  }
}

/** A file of a table, and how to read it. */
interface TableFile<Row> {
  readonly attempted: string;
  readonly root: string;
  /** Its path from there. */
  readonly file: string;
  readonly format: TableFormat<Row>;
  readonly schema: Schema<Row>;
  readonly signal: AbortSignal;
}

async function* readFile<Row>(table: TableFile<Row>): AsyncGenerator<Batch<Row>> {
  const { attempted, root, file: name, format: { files }, signal } = table;
  const path = `${root}/${name}`;
  const status = await fileStatus(root, name);
  if (status === undefined) throw gone(attempted, path);
  const file: LoggedFile = { ...status, ...await files.count(path, signal), firstOffset: 0 };
  const range = { file, path, topic: name, from: 0, to: file.records, maxBytes: Infinity, signal };
  try {
    for await (const block of files.read(range)) yield await rowsOf(table, path, block);
    // What was read while the file changed is neither the old nor the new.
    await new FileChecker(root, files).check(file, signal);
  } catch (error) {
    const isOther = error instanceof SluiceError &&
      ["FILE_CHANGED", "DATA_LOSS"].includes(error.code);
    throw isOther && !isRetryable(error) ? changed(attempted, path, error) : error;
  }
}

async function rowsOf<Row>(
  { attempted, format: { decoder }, schema }: TableFile<Row>,
  path: string,
  block: RecordBlock,
): Promise<Batch<Row>> {
  if (decoder === undefined) return block.rows as Batch<Row>;
  const batch = new Batch(schema, block.count);
  const rejection = (await decoder.decode(block, batch)).find(isRejection);
  if (rejection === undefined) return batch;
  throw new SluiceError("BAD_RECORD", {
    attempted,
    where: `record ${Number(block.baseOffset) + rejection.index} of ${path}`,
    found: rejection.error,
    wanted: "records that fit the schema",
    hint: "mend the file, or declare the column as it is; records are counted from 0",
  });
}

function changed(attempted: string, where: string, cause: SluiceError): SluiceError {
  return new SluiceError("FILE_CHANGED", {
    attempted,
    where,
    found: cause.details.found ?? cause.message,
    wanted: "a file that stays as it is while it is read",
    hint: "write a file under another name and rename it; then read the table again",
    retryable: true,
    cause,
  });
}

function gone(attempted: string, where: string): SluiceError {
  return new SluiceError("FILE_CHANGED", {
    attempted,
    where,
    found: "no such file any more",
    wanted: "the file, as it was there when the folder was read",
    retryable: true,
  });
}
