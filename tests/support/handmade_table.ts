import { Batch, type Schema } from "../../lib/core/mod.ts";
import type {
  Action,
  AddFile,
  DeletionVector,
  Metadata,
  PartitionValues,
  Protocol,
} from "../../lib/delta/mod.ts";
import { writeRoaringBitmap64 } from "../../lib/delta/files/write_roaring_bitmap.ts";
import { encodeZ85 } from "../../lib/delta/files/z85.ts";
import { formatSchema } from "../../lib/delta/protocol/schema_json.ts";
import { type EncodeOptions, encodeParquet } from "../../lib/parquet/mod.ts";
import { tempFolder } from "./temp_folder.ts";

const PORTABLE_MAGIC = 1681511377;

/** What a table is that a test writes action by action, so that it can be as strange as need be. */
export interface HandmadeOptions {
  readonly partitionColumns?: readonly string[];
  readonly configuration?: Readonly<Record<string, string>>;
  readonly protocol?: Protocol;
  readonly schemaString?: string;
}

/** Such a table; gone when the test ends. */
export interface HandmadeTable extends AsyncDisposable {
  readonly path: string;
  readonly metaData: Metadata;
  /** Writes the next commit; the first one also says what the table is. */
  commit(actions: readonly Action[], writtenMs?: number): Promise<number>;
  /** Writes a data file, and returns what adds it. */
  dataFile(
    rows: readonly Record<string, unknown>[],
    options?: DataFileOptions,
  ): Promise<AddFile>;
}

/** How to write a data file. */
export interface DataFileOptions extends EncodeOptions {
  readonly path?: string;
  readonly schema?: Schema;
  readonly partitionValues?: PartitionValues;
  readonly stats?: string;
}

/** Begins a table; there is none before its first commit. */
export async function handmadeTable(
  schema: Schema,
  { partitionColumns = [], configuration = {}, protocol, schemaString }: HandmadeOptions = {},
): Promise<HandmadeTable> {
  const folder = await tempFolder();
  const path = `${folder.path}/table`;
  const metaData: Metadata = {
    id: "6e6f6e65-0000-4000-8000-000000000000",
    format: { provider: "parquet", options: {} },
    schemaString: schemaString ?? formatSchema(schema),
    partitionColumns,
    configuration,
  };
  let version = 0;
  return {
    path,
    metaData,
    async commit(actions, writtenMs) {
      const first: Action[] = version > 0
        ? []
        : [{ protocol: protocol ?? { minReaderVersion: 1, minWriterVersion: 4 } }, { metaData }];
      const name = `_delta_log/${String(version).padStart(20, "0")}.json`;
      const lines = [...first, ...actions].map((action) => `${JSON.stringify(action)}\n`);
      await folder.write(`table/${name}`, lines.join(""));
      if (writtenMs !== undefined) {
        await Deno.utime(`${path}/${name}`, new Date(writtenMs), new Date(writtenMs));
      }
      return version++;
    },
    async dataFile(rows, options = {}) {
      const {
        path: name = `${crypto.randomUUID()}.parquet`,
        schema: stored = schema,
        partitionValues = {},
        stats,
        ...encoding
      } = options;
      const batch = new Batch(stored);
      for (const row of rows) batch.append(row);
      const contents = await encodeParquet(batch, encoding);
      await folder.write(`table/${decodeURIComponent(name)}`, "");
      await Deno.writeFile(`${path}/${decodeURIComponent(name)}`, contents);
      return {
        path: name,
        partitionValues,
        size: contents.length,
        modificationTime: 0,
        dataChange: true,
        ...(stats === undefined ? {} : { stats }),
      };
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** A deletion vector, in place, of these rows; an array container for each 65,536 rows. */
export function inlineVector(rows: readonly number[]): DeletionVector {
  const bitmap = writeRoaringBitmap64(rows);
  const bytes = new Uint8Array(Math.ceil((4 + bitmap.length) / 4) * 4);
  new DataView(bytes.buffer).setInt32(0, PORTABLE_MAGIC, true);
  bytes.set(bitmap, 4);
  return {
    storageType: "i",
    pathOrInlineDv: encodeZ85(bytes),
    sizeInBytes: 4 + bitmap.length,
    cardinality: rows.length,
  };
}
