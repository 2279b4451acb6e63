/**
 * CSV records into typed columns. A pipeline's `decode` step calls `csv`; `files` calls what takes
 * a file apart into records, so that the rules of quotes stand in one place. It calls the core's
 * columns, and the scanners of numbers and times of its neighbour `json`.
 *
 * @module
 */
export {
  CSV_DIALECT_OPTIONS,
  type CsvBytes,
  type CsvDialect,
  csvDialect,
  type CsvDialectOptions,
  dialectBytes,
} from "./csv_dialect.ts";
export { csv, type CsvOptions } from "./csv_decoder.ts";
export { CSV_DIALECT, CSV_HEADER, csvRecordHeaders } from "./record_headers.ts";
export { type CsvRecords, type CsvSplitter, splitCsv } from "./split_csv.ts";
