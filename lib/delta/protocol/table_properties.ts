import type { ParquetCompression } from "../../parquet/mod.ts";
import { parseIntervalMs } from "./interval.ts";

/** A table's properties, `metaData.configuration`. */
export type TableProperties = Readonly<Record<string, string>>;

/** How the names of properties begin that hold a constraint. */
export const CONSTRAINTS = "delta.constraints.";

const DEFAULT_CHECKPOINT_INTERVAL = 10;
const DEFAULT_INDEXED_COLUMNS = 32;
const DEFAULT_PREFIX_LENGTH = 2;
const DEFAULT_FILE_BYTES = 128 * 2 ** 20;
const DAY_MS = 86_400_000;

const BYTE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

/** Parquet's codecs as `delta.parquet.compression.codec` names them, in any case. */
export const COMPRESSION_CODECS: Readonly<Record<string, ParquetCompression>> = {
  uncompressed: "uncompressed",
  none: "uncompressed",
  snappy: "snappy",
  gzip: "gzip",
  zstd: "zstd",
  brotli: "brotli",
  lz4_raw: "lz4_raw",
};

/** True if the property is `true`, in any case. */
export function isTrue(properties: TableProperties, name: string): boolean {
  return properties[name]?.toLowerCase() === "true";
}

/** The names of a table's constraints and their expressions, by the property that holds each. */
export function constraintsOf(properties: TableProperties): [string, string][] {
  return Object.entries(properties)
    .filter(([key]) => key.startsWith(CONSTRAINTS))
    .map(([key, expression]) => [key.slice(CONSTRAINTS.length), expression]);
}

/** The property that holds a constraint; names are the same in any case, as in Spark. */
export function constraintProperty(name: string): string {
  return CONSTRAINTS + name.toLowerCase();
}

/** After how many commits a checkpoint is due: `delta.checkpointInterval`, 10 by default. */
export function checkpointInterval(properties: TableProperties): number {
  const value = Number(properties["delta.checkpointInterval"]);
  return Number.isInteger(value) && value > 0 ? value : DEFAULT_CHECKPOINT_INTERVAL;
}

/**
 * How many leaf columns have statistics, from the first: `delta.dataSkippingNumIndexedCols`, 32 by
 * default, -1 for all.
 */
export function numIndexedColumns(properties: TableProperties): number {
  const value = Number(properties["delta.dataSkippingNumIndexedCols"] ?? DEFAULT_INDEXED_COLUMNS);
  if (!Number.isInteger(value) || value < -1) return DEFAULT_INDEXED_COLUMNS;
  return value === -1 ? Infinity : value;
}

/** The paths in `delta.dataSkippingStatsColumns`; `undefined` if it is not set. */
export function statsColumns(properties: TableProperties): string[] | undefined {
  const text = properties["delta.dataSkippingStatsColumns"];
  if (text === undefined) return undefined;
  return (text.match(/(?:`(?:[^`]|``)*`|[^,`])+/g) ?? []).map((path) => path.trim());
}

/** How long removed files stay known: `delta.deletedFileRetentionDuration`, 7 days by default. */
export function tombstoneRetentionMs(properties: TableProperties): number {
  return intervalOf(properties, "delta.deletedFileRetentionDuration") ?? 7 * DAY_MS;
}

/** How long old versions stay in the log: `delta.logRetentionDuration`, 30 days by default. */
export function logRetentionMs(properties: TableProperties): number {
  return intervalOf(properties, "delta.logRetentionDuration") ?? 30 * DAY_MS;
}

/** True unless `delta.enableExpiredLogCleanup` forbids that old versions leave the log. */
export function cleansUpLog(properties: TableProperties): boolean {
  return properties["delta.enableExpiredLogCleanup"]?.toLowerCase() !== "false";
}

/**
 * How long a `txn` of an application stays known: `delta.setTransactionRetentionDuration`;
 * `undefined`, and by default: for ever.
 */
export function txnRetentionMs(properties: TableProperties): number | undefined {
  return intervalOf(properties, "delta.setTransactionRetentionDuration");
}

/** What checkpoints have of statistics: text unless turned off, a struct if turned on. */
export function checkpointStats(
  properties: TableProperties,
): { readonly asJson: boolean; readonly asStruct: boolean } {
  return {
    asJson: properties["delta.checkpoint.writeStatsAsJson"]?.toLowerCase() !== "false",
    asStruct: isTrue(properties, "delta.checkpoint.writeStatsAsStruct"),
  };
}

/** How new files are compressed: `delta.parquet.compression.codec`, snappy by default. */
export function compressionOf(properties: TableProperties): ParquetCompression {
  const codec = properties["delta.parquet.compression.codec"]?.toLowerCase();
  return (codec === undefined ? undefined : COMPRESSION_CODECS[codec]) ?? "snappy";
}

/** About how many bytes a file is to have: `delta.targetFileSize`, 128 MiB by default. */
export function targetFileBytes(properties: TableProperties): number {
  const text = properties["delta.targetFileSize"];
  return (text === undefined ? undefined : parseByteSize(text)) ?? DEFAULT_FILE_BYTES;
}

/** Bytes of `134217728`, `128mb`, `128m`, `128 MiB` or `1g`; `undefined` if it is none of these. */
export function parseByteSize(text: string): number | undefined {
  const match = /^\s*(\d+)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * BYTE_UNITS[match[2]!.toLowerCase()]!;
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/**
 * How many random characters name the folders of new files: 2, or `delta.randomPrefixLength`, if
 * `delta.randomizeFilePrefixes` is set; `undefined`: partitions name them.
 */
export function randomPrefixLength(properties: TableProperties): number | undefined {
  if (!isTrue(properties, "delta.randomizeFilePrefixes")) return undefined;
  const length = Number(properties["delta.randomPrefixLength"] ?? DEFAULT_PREFIX_LENGTH);
  return Number.isInteger(length) && length > 0 ? length : DEFAULT_PREFIX_LENGTH;
}

function intervalOf(properties: TableProperties, name: string): number | undefined {
  const text = properties[name];
  return text === undefined ? undefined : parseIntervalMs(text);
}
