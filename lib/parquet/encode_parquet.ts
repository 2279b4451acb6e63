import {
  badOption,
  type Batch,
  errorText,
  refuseUnknownOptions,
  SluiceError,
} from "../core/mod.ts";
import type { Compression } from "parquet-wasm/esm/parquet_wasm.js";
import type { FieldRename } from "./arrow_schema.ts";
import { arrowStream, sameName } from "./arrow_stream.ts";
import { columnEncoding } from "./column_encoding.ts";
import { loadParquetWasm } from "./parquet_wasm.ts";

/** How a column's pages are compressed. */
export type ParquetCompression = "uncompressed" | "snappy" | "gzip" | "brotli" | "zstd" | "lz4_raw";

/** How to write a file. */
export interface EncodeOptions {
  /** Default: snappy, which every reader knows and is read twice as fast as zstd here. */
  readonly compression?: ParquetCompression;
  /** The most rows in one row group; default: 1,048,576. */
  readonly maxRowGroupRows?: number;
  /** Says what a field, at any level, is called in the file; default: as in the schema, no ids. */
  readonly rename?: FieldRename;
}

/** What parquet-wasm calls them. */
const COMPRESSIONS: Readonly<Record<ParquetCompression, keyof typeof Compression>> = {
  uncompressed: "UNCOMPRESSED",
  snappy: "SNAPPY",
  gzip: "GZIP",
  brotli: "BROTLI",
  zstd: "ZSTD",
  lz4_raw: "LZ4_RAW",
};

const DEFAULT_ROW_GROUP_ROWS = 1 << 20;
const ATTEMPTED = "write a Parquet file";

/**
 * A batch as a Parquet file, with the least and the greatest value and the number of nulls of each
 * column. Timestamps are microseconds, decimals exact; nulls, structs, lists and maps as they are.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../core/mod.ts";
 * import { decodeParquet } from "./decode_parquet.ts";
 * import { encodeParquet } from "./encode_parquet.ts";
 *
 * const batch = new Batch(s.struct({ id: s.long(), tags: s.array(s.string()) }));
 * batch.append({ id: 9007199254740993n, tags: ["a", "b"] });
 * const file = await encodeParquet(batch, { compression: "zstd" });
 * deepEqual([...(await decodeParquet(file)).rows()], [...batch.rows()]);
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION` or `BAD_OPTION`; `PARQUET_ENCODE` if parquet-wasm refuses
 * the columns.
 */
export async function encodeParquet(
  batch: Batch,
  options: EncodeOptions = {},
): Promise<Uint8Array> {
  const { compression, maxRowGroupRows, rename = sameName } = checked(options);
  const wasm = await loadParquetWasm();
  try {
    let properties = new wasm.WriterPropertiesBuilder()
      .setCompression(wasm.Compression[COMPRESSIONS[compression]])
      .setMaxRowGroupSize(maxRowGroupRows);
    batch.schema.fields.forEach((field, i) => {
      const encoding = columnEncoding(batch.columns[i]!);
      if (encoding === "dictionary") return;
      const { name } = rename(field);
      properties = properties.setColumnDictionaryEnabled(name, false);
      if (encoding === "delta") {
        properties = properties.setColumnEncoding(name, wasm.Encoding.DELTA_BINARY_PACKED);
      }
    });
    // Takes over both, and frees them.
    return wasm.writeParquet(
      wasm.Table.fromIPCStream(arrowStream(batch, rename)),
      properties.build(),
    );
  } catch (cause) {
    throw new SluiceError("PARQUET_ENCODE", {
      attempted: `encode ${batch.numRows} rows as Parquet`,
      found: errorText(cause),
      cause,
    });
  }
}

function checked(options: EncodeOptions) {
  refuseUnknownOptions(ATTEMPTED, options, ["compression", "maxRowGroupRows", "rename"]);
  const { compression = "snappy", maxRowGroupRows = DEFAULT_ROW_GROUP_ROWS } = options;
  if (!Object.hasOwn(COMPRESSIONS, compression)) {
    const known = `one of ${Object.keys(COMPRESSIONS).join(", ")}`;
    throw badOption(ATTEMPTED, "compression", JSON.stringify(compression), known);
  }
  if (!Number.isSafeInteger(maxRowGroupRows) || maxRowGroupRows < 1) {
    const found = String(maxRowGroupRows);
    throw badOption(ATTEMPTED, "maxRowGroupRows", found, "a whole number from 1 on");
  }
  return { ...options, compression, maxRowGroupRows };
}
