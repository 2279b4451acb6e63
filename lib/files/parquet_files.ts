import { badOption, refuseUnknownOptions, type RowSource, Schema } from "../core/mod.ts";
import { FOLDER_OPTIONS, folderOptions, type FolderSourceOptions } from "./folder_options.ts";
import { FolderSource } from "./folder_source.ts";
import { parquetFormat } from "./parquet_format.ts";

/** What `parquetFiles` reads. */
export interface ParquetFilesOptions<Row> extends FolderSourceOptions {
  /** The columns to read, found by their names; those that a file lacks are null. */
  readonly schema: Schema<Row>;
}

const ATTEMPTED = "read Parquet files";

/**
 * Reads the Parquet files of a folder as a stream of rows, those that are there and new ones as
 * they appear. All that is said of `files` is true of it: the order, the names that are passed
 * over, and that files must neither change nor go before they are read. One file is in memory at a
 * time, and of it some row groups decoded.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION`; later, besides what `files` throws,
 * `PARQUET_DECODE` for a file that is none, `PARQUET_TYPE` for a column of another type, and
 * `SCHEMA_MISMATCH` for nulls where the schema has none.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../core/mod.ts";
 * import { encodeParquet } from "../parquet/mod.ts";
 * import { parquetFiles } from "./mod.ts";
 *
 * const schema = s.struct({ id: s.long() });
 * const batch = new Batch(schema);
 * batch.append({ id: 7n });
 * const folder = await Deno.makeTempDir();
 * await Deno.mkdir(`${folder}/in`);
 * await Deno.writeFile(`${folder}/in/1.parquet`, await encodeParquet(batch));
 *
 * const source = parquetFiles({ path: `${folder}/in`, schema });
 * await source.open?.(`${folder}/own`); // a query does this, in its checkpoint
 * const { signal } = new AbortController();
 * const latest = await source.latestOffsets(signal);
 * for await (const { rows } of source.read({}, latest, { signal })) {
 *   deepEqual(rows!.row(0), { id: 7n });
 * }
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export function parquetFiles<Row>(options: ParquetFilesOptions<Row>): RowSource<Row> {
  refuseUnknownOptions(ATTEMPTED, options, [...FOLDER_OPTIONS, "schema"]);
  const { schema } = options;
  if (!(schema instanceof Schema)) {
    throw badOption(ATTEMPTED, "schema", String(schema), "the columns to read");
  }
  const format = parquetFormat(schema as unknown as Schema);
  return new ParquetSource(schema, { ...folderOptions(ATTEMPTED, options), format });
}

class ParquetSource<Row> extends FolderSource implements RowSource<Row> {
  readonly schema: Schema<Row>;

  constructor(schema: Schema<Row>, options: ConstructorParameters<typeof FolderSource>[0]) {
    super(options);
    this.schema = schema;
  }
}
