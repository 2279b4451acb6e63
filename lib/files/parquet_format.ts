import { createHash } from "node:crypto";
import {
  type Batch,
  type Column,
  type RecordBlock,
  rowBlock,
  type Schema,
  SluiceError,
  StructColumn,
  type StructField,
} from "../core/mod.ts";
import {
  decodeParquet,
  type ParquetFooter,
  readParquetFooter,
  readParquetTail,
} from "../parquet/mod.ts";
import { fileChanged } from "./check_file.ts";
import type { FileCount, FileFormat, FileRange } from "./file_format.ts";
import { openFile, readFully } from "./open_file.ts";

/** How much is decoded at once, in bytes that are not compressed; one row group at least. */
const MAX_DECODED_BYTES = 64 * 2 ** 20;
/** A block is no longer than this, so that a batch can end within a row group. */
const MAX_BLOCK_ROWS = 65_536;

/** A file that is being read. */
interface OpenParquet {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly footer: ParquetFooter;
}

/** Parquet files with the columns of a schema. */
export function parquetFormat(schema: Schema): FileFormat {
  return new ParquetFormat(schema);
}

class ParquetFormat implements FileFormat {
  readonly kind = { format: "parquet" };
  readonly #schema: Schema;
  /** The file read last: the next range mostly begins in it. */
  #open: OpenParquet | undefined;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** Footers tell where every page is and how long, so that a file with other rows has another. */
  async count(path: string): Promise<FileCount> {
    const tail = await tailOf(path);
    const { numRows } = await inFile(path, () => readParquetFooter(tail));
    return { records: numRows, digest: createHash("sha256").update(tail).digest("hex") };
  }

  async *read(range: FileRange): AsyncGenerator<RecordBlock> {
    const { file, path, topic, from, to, signal } = range;
    const { bytes, footer } = await this.#file(path);
    if (footer.numRows !== file.records) {
      throw fileChanged(path, `${footer.numRows} rows`, `${file.records}, as when it was found`);
    }
    let bytesLeft = range.maxBytes;
    for (const part of partsOf(footer, from, to)) {
      signal.throwIfAborted();
      const rows = await inFile(
        path,
        () => decodeParquet(bytes, this.#schema, { rowGroups: part.groups }),
      );
      refuseNulls(rows, path);
      const end = Math.min(to, part.firstRow + rows.numRows);
      for (let row = Math.max(from, part.firstRow); row < end && bytesLeft > 0;) {
        signal.throwIfAborted();
        const count = Math.min(MAX_BLOCK_ROWS, end - row);
        const some = rowsFrom(rows, row - part.firstRow, count);
        bytesLeft -= some.byteSize;
        const baseOffset = BigInt(file.firstOffset + row);
        row += count;
        yield rowBlock({ topic, partition: 0, baseOffset }, some);
      }
      if (bytesLeft <= 0) break;
    }
    if (to === file.records && bytesLeft > 0) this.#open = undefined;
  }

  close(): Promise<void> {
    this.#open = undefined;
    return Promise.resolve();
  }

  async #file(path: string): Promise<OpenParquet> {
    if (this.#open?.path !== path) {
      using file = await openFile(path);
      const bytes = new Uint8Array((await file.stat()).size);
      await readFully(file, bytes);
      this.#open = { path, bytes, footer: await inFile(path, () => readParquetFooter(bytes)) };
    }
    return this.#open;
  }
}

/** Row groups that are decoded together, and the row of the file that they begin with. */
interface Part {
  readonly firstRow: number;
  readonly groups: number[];
}

function* partsOf({ rowGroups }: ParquetFooter, from: number, to: number): Generator<Part> {
  let part: Part | undefined;
  let bytes = 0;
  for (const [i, { firstRow, numRows, totalByteSize }] of rowGroups.entries()) {
    if (firstRow + numRows <= from || firstRow >= to) continue;
    if (part !== undefined && bytes + totalByteSize > MAX_DECODED_BYTES) {
      yield part;
      part = undefined;
    }
    if (part === undefined) [part, bytes] = [{ firstRow, groups: [] }, 0];
    part.groups.push(i);
    bytes += totalByteSize;
  }
  if (part !== undefined) yield part;
}

async function tailOf(path: string): Promise<Uint8Array> {
  // For its error, which says what to do.
  using _file = await openFile(path);
  return await readParquetTail(path);
}

function rowsFrom(rows: Batch, first: number, count: number): Batch {
  if (first === 0 && count === rows.numRows) return rows;
  return rows.take(Int32Array.from({ length: count }, (_, i) => first + i));
}

/** A column that the file lacks is null, which the schema may not allow. */
function refuseNulls({ schema, columns }: Batch, path: string): void {
  const column = unwantedNull(schema.fields, columns);
  if (column === undefined) return;
  throw new SluiceError("SCHEMA_MISMATCH", {
    attempted: "read a Parquet file",
    where: `column "${column}" of ${path}`,
    found: "null, or no such column",
    wanted: "a value in every row",
    hint: "declare the column as nullable(), or leave it out of the schema",
  });
}

/**
 * A field with nulls that is to have none, with those around it; those in lists are not looked at.
 */
function unwantedNull(
  fields: readonly StructField[],
  columns: readonly Column[],
): string | undefined {
  for (const [i, { name, nullable }] of fields.entries()) {
    const column = columns[i]!;
    if (!nullable && column.nullCount > 0) return name;
    if (!(column instanceof StructColumn) || column.nullCount > 0) continue;
    const within = unwantedNull(column.type.fields, column.children);
    if (within !== undefined) return `${name}.${within}`;
  }
  return undefined;
}

/** Names the file in errors about its contents. */
async function inFile<T>(path: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    if (!(cause instanceof SluiceError) || cause.details.where?.includes(path)) throw cause;
    const { where, ...details } = cause.details;
    throw new SluiceError(cause.code, {
      ...details,
      where: where === undefined ? path : `${where} of ${path}`,
      cause,
    });
  }
}
