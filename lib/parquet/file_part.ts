import { decodeError } from "./decode_error.ts";
import { CHUNK, FILE, type FileMetadata, ROW_GROUP } from "./file_metadata.ts";
import {
  ELEMENT,
  isLeaf,
  type ParquetColumn,
  type ParquetField,
  type ParquetSchema,
} from "./parquet_schema.ts";
import { ThriftStruct, type ThriftValue } from "./thrift_struct.ts";
import { writeThrift } from "./thrift_writer.ts";

/** Ids of `ColumnMetaData`'s fields, parquet.thrift. */
const COLUMN = {
  type: 1,
  encodings: 2,
  path: 3,
  codec: 4,
  numValues: 5,
  uncompressedSize: 6,
  compressedSize: 7,
  dataPageOffset: 9,
  dictionaryPageOffset: 11,
} as const;

const MAGIC = new TextEncoder().encode("PAR1");
const LENGTH_BYTES = 4;

/** A column of a row group on its way into another file. */
interface MovedChunk {
  readonly bytes: Uint8Array;
  /** Its `ColumnChunk`, with the places that it has there. */
  readonly chunk: ThriftStruct;
}

/**
 * A Parquet file of some columns and row groups of another, each once: their bytes as they are,
 * under a footer of their own. Of the key-value metadata only the given entries are in it.
 *
 * parquet-wasm's `readParquet` reads all columns, whatever is asked of it; and it reads them as the
 * Arrow types that the writer had in mind, where what is wanted are those of the Parquet schema.
 *
 * @throws {SluiceError} `PARQUET_DECODE` if a column lies outside of the file.
 */
export function filePart(
  file: Uint8Array,
  metadata: FileMetadata,
  columns: ReadonlySet<ParquetColumn>,
  rowGroups: readonly number[],
  keyValues: Readonly<Record<string, string>> = {},
): Uint8Array {
  let offset = MAGIC.length;
  const parts: Uint8Array[] = [MAGIC];
  const groups = rowGroups.map((index) => {
    const group = metadata.rowGroups[index]!;
    const chunks = group.chunks.flatMap((chunk, i) => {
      if (!columns.has(metadata.columns[i]!)) return [];
      const moved = movedChunk(file, chunk, offset);
      offset += moved.bytes.length;
      // Columns that overlap would make much of little.
      if (offset > file.length) throw decodeError(`columns of over ${file.length} bytes in all`);
      parts.push(moved.bytes);
      return [moved.chunk];
    });
    return new ThriftStruct([
      [ROW_GROUP.columns, structs(chunks)],
      [ROW_GROUP.totalByteSize, i64(group.totalByteSize)],
      [ROW_GROUP.numRows, i64(group.numRows)],
    ]);
  });
  const { schema } = metadata;
  const elements = [
    schema.root.with(...numChildren(schema.fields, columns)),
    ...elementsOf(schema, schema.fields, columns),
  ];
  const numRows = rowGroups.reduce((sum, i) => sum + metadata.rowGroups[i]!.numRows, 0);
  const entries = Object.entries(keyValues)
    .map(([key, value]) => new ThriftStruct([[1, text(key)], [2, text(value)]]));
  const footer = writeThrift(
    metadata.footer.only(FILE.version, FILE.createdBy)
      .with(FILE.schema, structs(elements))
      .with(FILE.numRows, i64(numRows))
      .with(FILE.rowGroups, structs(groups))
      .with(FILE.keyValueMetadata, structs(entries)),
  );
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, footer.length, true);
  return joined([...parts, footer, length, MAGIC]);
}

function movedChunk(file: Uint8Array, chunk: ThriftStruct, to: number): MovedChunk {
  const dataPage = chunk.count(COLUMN.dataPageOffset);
  // Where there is no dictionary, some writers say that it is at 0.
  const stated = chunk.integer(COLUMN.dictionaryPageOffset) ?? 0;
  const hasDictionary = stated > 0 && stated < dataPage;
  const from = hasDictionary ? stated : dataPage;
  const size = chunk.count(COLUMN.compressedSize);
  if (from + size > file.length) {
    const wanted = `within the ${file.length} bytes of the file`;
    throw decodeError(`a column of ${size} bytes at ${from}`, wanted);
  }
  const moved = chunk
    .only(
      COLUMN.type,
      COLUMN.encodings,
      COLUMN.path,
      COLUMN.codec,
      COLUMN.numValues,
      COLUMN.uncompressedSize,
      COLUMN.compressedSize,
    )
    .with(COLUMN.dataPageOffset, i64(dataPage - from + to));
  return {
    bytes: file.subarray(from, from + size),
    chunk: new ThriftStruct([
      [CHUNK.fileOffset, i64(to)],
      [CHUNK.metadata, {
        kind: "struct",
        value: hasDictionary ? moved.with(COLUMN.dictionaryPageOffset, i64(to)) : moved,
      }],
    ]),
  };
}

/** The elements of the schema that lead to the columns, depth first. */
function elementsOf(
  schema: ParquetSchema,
  fields: readonly ParquetField[],
  columns: ReadonlySet<ParquetColumn>,
): ThriftStruct[] {
  return fields.filter((field) => leadsTo(field, columns)).flatMap((field) => {
    const element = schema.elements.get(field)!;
    if (isLeaf(field)) return [element];
    const { children } = field;
    return [
      element.with(...numChildren(children, columns)),
      ...elementsOf(schema, children, columns),
    ];
  });
}

function numChildren(
  fields: readonly ParquetField[],
  columns: ReadonlySet<ParquetColumn>,
): [id: number, value: ThriftValue] {
  const value = fields.filter((field) => leadsTo(field, columns)).length;
  return [ELEMENT.numChildren, { kind: "i32", value }];
}

function leadsTo(field: ParquetField, columns: ReadonlySet<ParquetColumn>): boolean {
  return isLeaf(field)
    ? columns.has(field)
    : field.children.some((child) => leadsTo(child, columns));
}

function structs(items: readonly ThriftStruct[]): ThriftValue {
  return { kind: "list", items: items.map((value) => ({ kind: "struct", value })) };
}

function i64(value: number): ThriftValue {
  return { kind: "i64", value };
}

function text(value: string): ThriftValue {
  return { kind: "binary", value: new TextEncoder().encode(value) };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
