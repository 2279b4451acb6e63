import { type Batch, errorText, SluiceError } from "../core/mod.ts";
import { arrowStream } from "./arrow_stream.ts";
import { columnEncoding } from "./column_encoding.ts";
import { loadParquetWasm } from "./parquet_wasm.ts";

/**
 * A batch as a Parquet file, compressed by zstd, with the least and the greatest value and the
 * number of nulls of each column. Timestamps are microseconds, decimals exact; nulls, structs, lists
 * and maps as they are.
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
 * const file = await encodeParquet(batch);
 * deepEqual([...(await decodeParquet(file)).rows()], [...batch.rows()]);
 * ```
 *
 * @throws {SluiceError} `PARQUET_ENCODE` if parquet-wasm refuses the columns.
 */
export async function encodeParquet(batch: Batch): Promise<Uint8Array> {
  const wasm = await loadParquetWasm();
  try {
    let properties = new wasm.WriterPropertiesBuilder().setCompression(wasm.Compression.ZSTD);
    batch.schema.fields.forEach(({ name }, i) => {
      const encoding = columnEncoding(batch.columns[i]!);
      if (encoding === "dictionary") return;
      properties = properties.setColumnDictionaryEnabled(name, false);
      if (encoding === "delta") {
        properties = properties.setColumnEncoding(name, wasm.Encoding.DELTA_BINARY_PACKED);
      }
    });
    // Takes over both, and frees them.
    return wasm.writeParquet(wasm.Table.fromIPCStream(arrowStream(batch)), properties.build());
  } catch (cause) {
    throw new SluiceError("PARQUET_ENCODE", {
      attempted: `encode ${batch.numRows} rows as Parquet`,
      found: errorText(cause),
      cause,
    });
  }
}
