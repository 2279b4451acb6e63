import { Batch, errorText, Schema, SluiceError } from "../core/mod.ts";
import type { ReaderOptions } from "parquet-wasm/esm/parquet_wasm.js";
import { hasArrowHint, withArrowHint } from "./arrow_hint.ts";
import { type ArrowField, ArrowMemory, type ArrowRun } from "./arrow_memory.ts";
import { structFields } from "./arrow_types.ts";
import { loadParquetWasm } from "./parquet_wasm.ts";
import { type ColumnMatch, readFields } from "./read_arrow.ts";

type Wasm = Awaited<ReturnType<typeof loadParquetWasm>>;

/** Rows in one piece of the table that parquet-wasm makes; each piece costs some calls. */
const ROWS_PER_PIECE = 1 << 20;

/**
 * Reads a Parquet file. With a schema its columns are found by name at every level, or as `match`
 * finds them: others are left out, and those the file does not have are null. Without one, the file's own columns are read.
 *
 * @throws {SluiceError} `PARQUET_DECODE` if the bytes are not a sound Parquet file; `PARQUET_TYPE` if
 * a column is stored as another type than wanted; `UNSUPPORTED_TYPE` if the schema is the file's and
 * has a type that no column holds.
 */
export async function decodeParquet(
  file: Uint8Array,
  schema?: Schema,
  match?: ColumnMatch,
): Promise<Batch> {
  const wasm = await loadParquetWasm();
  const columns = match === undefined ? schema?.fields.map((field) => field.name) : undefined;
  const options = { batchSize: ROWS_PER_PIECE, ...(columns === undefined ? {} : { columns }) };
  return readTable(wasm, file, options, (memory, stored, runs) => {
    if (!hasNanoseconds(stored) || hasArrowHint(file)) {
      return batchOf(memory, stored, runs, schema, match);
    }
    // Values may not have fitted: once more, in microseconds.
    const all = readTable(wasm, file, { limit: 0 }, (_, { children }) => structFields(children));
    return readTable(
      wasm,
      withArrowHint(file, all),
      options,
      (memory, stored, runs) => batchOf(memory, stored, runs, schema, match),
    );
  });
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

function batchOf(
  memory: ArrowMemory,
  stored: ArrowField,
  runs: readonly ArrowRun[],
  schema: Schema | undefined,
  match: ColumnMatch = sameName,
): Batch {
  const wanted = schema ?? new Schema(structFields(stored.children));
  return new Batch(wanted, 0, readFields(memory, wanted.fields, stored, runs, match));
}

/** True for what 96-bit timestamps are read as, unless the file says otherwise. */
function hasNanoseconds({ format, children }: ArrowField): boolean {
  return format === "tsn:" || children.some(hasNanoseconds);
}

const sameName: ColumnMatch = (field, stored) => field.name === stored.name;

function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw new SluiceError("PARQUET_DECODE", {
      attempted: "read a Parquet file",
      found: errorText(cause),
      cause,
    });
  }
}
