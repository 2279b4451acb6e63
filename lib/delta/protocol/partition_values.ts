import {
  BytesColumn,
  type Column,
  type DataType,
  Decimal,
  formatDateDays,
  formatTimestampMicros,
  parseDateDays,
  parseTimestampMicros,
  SluiceError,
  typeName,
} from "../../core/mod.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__";
/** Names of folders may have this many bytes on the usual file systems. */
const MAX_FOLDER_BYTES = 255;
/** What names of folders do not have as it is: see `encodePath`. */
const ESCAPED = /[^\w .-]/gu;

/** A row's value as `partitionValues` holds it. See Delta's "partition value serialization". */
export function formatPartitionValue(column: Column, row: number): string | null {
  if (column.isNull(row)) return null;
  // Not one character a byte, as the protocol has it: Spark, delta-rs and DuckDB all take UTF-8.
  if (column instanceof BytesColumn) return utf8.decode(column.bytesAt(row));
  const value = column.get(row);
  switch (column.type) {
    case "date":
      return formatDateDays(value as number);
    case "timestamp":
      return `${formatTimestampMicros(value as bigint)}Z`;
    case "timestamp_ntz":
      return formatTimestampMicros(value as bigint).replace("T", " ");
    default:
      return String(value);
  }
}

/**
 * Why a row's value cannot be a partition's, because it would be read back as another one;
 * `undefined` if it can.
 */
export function partitionValueProblem(column: BytesColumn, row: number): string | undefined {
  if (column.isNull(row)) return undefined;
  if (column.offsets[row] === column.offsets[row + 1]) {
    return "is empty, which a Delta table cannot tell from null";
  }
  if (column.type === "string") return undefined;
  try {
    utf8.decode(column.bytesAt(row));
    return undefined;
  } catch {
    return "is not UTF-8, the only bytes that a Delta table can be partitioned by";
  }
}

/**
 * The value of a partition as a row holds it. Empty text is null, whatever the type.
 *
 * @throws {SluiceError} `BAD_PARTITION_VALUE` if the text is no value of the type.
 */
export function parsePartitionValue(type: DataType, text: string | null | undefined): unknown {
  if (text === null || text === undefined || text === "") return null;
  const value = parsed(type, text);
  if (value === undefined) {
    throw new SluiceError("BAD_PARTITION_VALUE", {
      attempted: "read a partition value",
      found: JSON.stringify(text),
      wanted: typeName(type),
    });
  }
  return value;
}

/**
 * The folder of a partition, `symbol=BTCUSDT`. Only for people to find their way: readers take the
 * values from the log. Values too long for a folder's name have none.
 */
export function partitionFolder(values: Readonly<Record<string, string | null>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${escaped(name)}=${value === null ? NULL_FOLDER : escaped(value)}`)
    .filter((folder) => new TextEncoder().encode(folder).length <= MAX_FOLDER_BYTES)
    .map((folder) => `${folder}/`).join("");
}

/**
 * A path below the table as `add.path` holds it: a URI, so percent signs are encoded once more.
 *
 * Nothing else than blanks is left to encode: Spark quotes neither `@` nor `é` in paths, delta-rs
 * quotes both, and either takes the other's spelling for another file. Spark's VACUUM would remove
 * files of the table; after an OPTIMIZE of delta-rs it would have rows twice.
 */
export function encodePath(path: string): string {
  return encodeURI(path);
}

function escaped(text: string): string {
  return text.replace(ESCAPED, (character) =>
    Array.from(
      new TextEncoder().encode(character),
      (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    ).join(""));
}

function parsed(type: DataType, text: string): unknown {
  if (typeof type === "object") {
    return type.type === "decimal" ? Decimal.tryParse(text)?.rescaled(type.scale) : undefined;
  }
  switch (type) {
    case "string":
      return text;
    case "binary":
      return new TextEncoder().encode(text);
    case "boolean":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "long":
      return /^[+-]?\d+$/.test(text) ? BigInt(text) : undefined;
    case "date":
      return parseDateDays(text);
    case "timestamp":
      return parseTimestampMicros(text, "utc");
    case "timestamp_ntz":
      // A date, where the column was one before its type was widened.
      return parseTimestampMicros(/^[^ T]+$/.test(text) ? `${text} 00:00:00` : text, "forbidden");
    case "float":
      // Other writers give the fewest digits that tell one float from the next: `0.1`.
      return parsedNumber(text, Math.fround);
    case "double":
      return parsedNumber(text, Number);
    default:
      return /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
  }
}

function parsedNumber(text: string, rounded: (value: number) => number): number | undefined {
  return text === "NaN" || !Number.isNaN(Number(text)) ? rounded(Number(text)) : undefined;
}
