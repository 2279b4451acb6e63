import {
  badOption,
  Batch,
  type DataType,
  refuseUnknownOptions,
  Schema,
  type StructField,
} from "../core/mod.ts";
import type { ReaderOptions } from "parquet-wasm/esm/parquet_wasm.js";
import { type ArrowField, ArrowMemory, type ArrowRun } from "./arrow_memory.ts";
import { arrowSchemaMessage } from "./arrow_stream.ts";
import { structFields } from "./arrow_types.ts";
import { decodeError, decodeFailure } from "./decode_error.ts";
import { type FileMetadata, readFileMetadata } from "./file_metadata.ts";
import { filePart } from "./file_part.ts";
import type { ParquetColumn } from "./parquet_schema.ts";
import { loadParquetWasm } from "./parquet_wasm.ts";
import { readFields } from "./read_arrow.ts";
import { type ColumnMatch, selectColumns } from "./select_columns.ts";

/** What to read of a file, and how to find it. */
export interface DecodeOptions {
  /** Says what field of the file holds a field of the schema; default: the one of the same name. */
  readonly match?: ColumnMatch;
  /** The row groups to read, by their places in the footer, each once, in this order; default: all. */
  readonly rowGroups?: readonly number[];
}

type Wasm = Awaited<ReturnType<typeof loadParquetWasm>>;

/** Rows in one piece of the table that parquet-wasm makes; each piece costs some calls. */
const ROWS_PER_PIECE = 1 << 20;

/** The entry of a file's metadata that says which Arrow types its columns are to be read as. */
const ARROW_SCHEMA = "ARROW:schema";

/**
 * Reads a Parquet file. With a schema its columns are found by name at every level, or as `match`
 * finds them: no others are decoded, and those the file does not have are null. Without one, the
 * file's own columns are read.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../core/mod.ts";
 * import { decodeParquet } from "./decode_parquet.ts";
 * import { encodeParquet } from "./encode_parquet.ts";
 *
 * const batch = new Batch(s.struct({ id: s.long(), note: s.string() }));
 * batch.append({ id: 1n, note: "first" });
 * const notes = s.struct({ note: s.string() });
 * deepEqual((await decodeParquet(await encodeParquet(batch), notes)).row(0), { note: "first" });
 * ```
 *
 * @throws {SluiceError} `PARQUET_DECODE` if the bytes are not a sound Parquet file; `PARQUET_TYPE` if
 * a column is stored as another type than wanted; `UNSUPPORTED_TYPE` if the schema is the file's and
 * has a type that no column holds; `BAD_OPTION` for a row group that is not there or asked for twice.
 */
export async function decodeParquet(
  file: Uint8Array,
  schema?: Schema,
  options: DecodeOptions = {},
): Promise<Batch> {
  refuseUnknownOptions("read a Parquet file", options, ["match", "rowGroups"]);
  const { match = sameName } = options;
  const metadata = readFileMetadata(file);
  const rowGroups = checkedRowGroups(metadata, options.rowGroups);
  const columns = new Set(
    schema === undefined
      ? metadata.columns
      : selectColumns(schema.fields, metadata.schema.fields, match),
  );
  const wasm = await loadParquetWasm();
  const part = filePart(
    file,
    metadata,
    columns,
    rowGroups,
    arrowHint(wasm, file, metadata, columns),
  );
  return readTable(wasm, part, { batchSize: ROWS_PER_PIECE }, (memory, stored, runs) => {
    checkRows(metadata, rowGroups, runs);
    const wanted = schema ?? new Schema(structFields(stored.children));
    return new Batch(wanted, 0, readFields(memory, wanted.fields, stored, runs, match));
  });
}

/**
 * Unless told otherwise, 96-bit timestamps are read as nanoseconds of 64 bits, which hold the years
 * 1677 to 2262 only. This tells to read them as microseconds.
 */
function arrowHint(
  wasm: Wasm,
  file: Uint8Array,
  metadata: FileMetadata,
  columns: ReadonlySet<ParquetColumn>,
): Record<string, string> {
  if (![...columns].some(({ physicalType }) => physicalType === "INT96")) return {};
  const empty = filePart(file, metadata, columns, []);
  const { fields, ids } = readTable(wasm, empty, {}, (_, { children }) => {
    const fields = structFields(children);
    return { fields, ids: fieldIds(fields, children) };
  });
  // What is told counts alone: ids that are left out are lost to whoever looks for columns by them.
  const rename = (field: StructField) => {
    const fieldId = ids.get(field);
    return { name: field.name, ...(fieldId === undefined ? {} : { fieldId }) };
  };
  return { [ARROW_SCHEMA]: arrowSchemaMessage(fields, rename).toBase64() };
}

/** The ids that the file has for its fields, those of structs at any depth too. */
function fieldIds(
  fields: readonly StructField[],
  stored: readonly ArrowField[],
  ids: Map<StructField, number> = new Map(),
): ReadonlyMap<StructField, number> {
  fields.forEach((field, i) => {
    const { fieldId } = stored[i]!;
    if (fieldId !== undefined) ids.set(field, fieldId);
    fieldIdsWithin(field.type, stored[i]!, ids);
  });
  return ids;
}

function fieldIdsWithin(type: DataType, stored: ArrowField, ids: Map<StructField, number>): void {
  if (typeof type === "string" || type.type === "decimal") return;
  const [first] = stored.children;
  if (type.type === "struct") fieldIds(type.fields, stored.children, ids);
  else if (type.type === "array") fieldIdsWithin(type.elementType, first!, ids);
  else {
    const [key, value] = first!.children;
    fieldIdsWithin(type.keyType, key!, ids);
    fieldIdsWithin(type.valueType, value!, ids);
  }
}

function readTable<T>(
  wasm: Wasm,
  file: Uint8Array,
  options: ReaderOptions,
  use: (memory: ArrowMemory, stored: ArrowField, runs: readonly ArrowRun[]) => T,
): T {
  const table = decoded(() => wasm.readParquet(file, options));
  const stream = table.intoFFI();
  try {
    // The module has one thread, so its memory is not shared.
    const memory = new ArrowMemory(wasm.wasmMemory().buffer as ArrayBuffer);
    const stored = memory.field(stream.schemaAddr());
    const runs: ArrowRun[] = [];
    for (let i = 0; i < stream.numArrays(); i++) {
      const array = memory.array(stream.arrayAddr(i));
      runs.push({ array, start: array.offset, length: array.length });
    }
    return use(memory, stored, runs);
  } finally {
    stream.free();
  }
}

function checkedRowGroups(
  { rowGroups }: FileMetadata,
  wanted: readonly number[] = [...rowGroups.keys()],
): readonly number[] {
  const isSound = wanted.every((index, i) =>
    rowGroups[index] !== undefined && wanted.indexOf(index) === i
  );
  if (!isSound) {
    const known = `places from 0 to ${rowGroups.length - 1}, each once`;
    throw badOption("read a Parquet file", "rowGroups", wanted.join(", "), known);
  }
  return wanted;
}

/** Pages that end early would else be a file of fewer rows. */
function checkRows(
  metadata: FileMetadata,
  rowGroups: readonly number[],
  runs: readonly ArrowRun[],
): void {
  const wanted = rowGroups.reduce((sum, i) => sum + metadata.rowGroups[i]!.numRows, 0);
  const found = runs.reduce((sum, { length }) => sum + length, 0);
  if (found !== wanted) throw decodeError(`${found} rows`, `${wanted}, as the footer says`);
}

const sameName: ColumnMatch = (field, stored) => field.name === stored.name;

function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw decodeFailure(cause);
  }
}
