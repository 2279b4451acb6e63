/**
 * Files as sources: the files of a folder as they appear (`files` for JSON lines and CSV,
 * `parquetFiles` for rows), and one file that grows (`ndjson`). A pipeline's `from` step takes
 * them; its `joinStatic` step takes a table in files (`fileTable`). This folder calls core, parquet
 * for what is in Parquet files, formats for what tells the records of CSV apart and for the rows of
 * tables, and the file system.
 *
 *     folder -> list of files -> log of files, with their records counted -> offsets
 *     offsets -> the files they are in -> chunks of bytes -> records, or row groups -> rows
 *
 * @module
 */
export type { FolderSourceOptions } from "./folder_options.ts";
export { fileTable, type FileTableOptions } from "./file_table.ts";
export {
  type CsvFilesOptions,
  files,
  type FilesOptions,
  type NdjsonFilesOptions,
} from "./files.ts";
export { ndjson, type NdjsonOptions } from "./ndjson.ts";
export { parquetFiles, type ParquetFilesOptions } from "./parquet_files.ts";
