import { decodeError } from "./decode_error.ts";
import { leavesOf, type ParquetColumn, type ParquetSchema, readSchema } from "./parquet_schema.ts";
import { readThrift } from "./thrift_reader.ts";
import type { ThriftStruct } from "./thrift_struct.ts";

/** What the footer of a file says, as far as it takes to find the bytes of a column. */
export interface FileMetadata {
  /** The footer itself, `FileMetaData` of parquet.thrift. */
  readonly footer: ThriftStruct;
  readonly numRows: number;
  readonly schema: ParquetSchema;
  /** The leaves of the schema, in the order in which row groups have them. */
  readonly columns: readonly ParquetColumn[];
  readonly rowGroups: readonly RowGroupMetadata[];
}

/** A row group as the footer has it. */
export interface RowGroupMetadata {
  readonly numRows: number;
  readonly totalByteSize: number;
  /** `ColumnMetaData` of parquet.thrift, one for each leaf column. */
  readonly chunks: readonly ThriftStruct[];
}

/** Ids of `FileMetaData`'s fields, parquet.thrift. */
export const FILE = {
  version: 1,
  schema: 2,
  numRows: 3,
  rowGroups: 4,
  keyValueMetadata: 5,
  createdBy: 6,
  columnOrders: 7,
} as const;

/** Ids of `RowGroup`'s fields. */
export const ROW_GROUP = { columns: 1, totalByteSize: 2, numRows: 3 } as const;

/** Ids of `ColumnChunk`'s fields. */
export const CHUNK = { filePath: 1, fileOffset: 2, metadata: 3 } as const;

const MAGIC = "PAR1";
const ENCRYPTED_MAGIC = "PARE";
const MAGIC_BYTES = 4;
const TRAILER_BYTES = 8;

/**
 * Reads the footer of a Parquet file. See Parquet's "File Format".
 *
 * @throws {SluiceError} `PARQUET_DECODE` naming what is not as the format says.
 */
export function readFileMetadata(file: Uint8Array): FileMetadata {
  const footer = readThrift(footerBytes(file));
  const schema = readSchema(footer.structs(FILE.schema));
  const columns = leavesOf(schema.fields);
  const rowGroups = footer.structs(FILE.rowGroups).map((group) => rowGroupOf(group, columns));
  const numRows = footer.count(FILE.numRows);
  const inGroups = rowGroups.reduce((sum, group) => sum + group.numRows, 0);
  if (inGroups !== numRows) throw decodeError(`row groups of ${inGroups} rows`, `${numRows} rows`);
  return { footer, numRows, schema, columns, rowGroups };
}

function footerBytes(file: Uint8Array): Uint8Array {
  const magic = latin1(file.subarray(-MAGIC_BYTES));
  if (magic === ENCRYPTED_MAGIC) throw decodeError("an encrypted file", "one without encryption");
  if (file.length < MAGIC_BYTES + TRAILER_BYTES || magic !== MAGIC) {
    throw decodeError(`${file.length} bytes that end with ${JSON.stringify(magic)}`, MAGIC);
  }
  const end = file.length - TRAILER_BYTES;
  const length = new DataView(file.buffer, file.byteOffset + end).getUint32(0, true);
  if (length > end - MAGIC_BYTES) {
    throw decodeError(`a footer of ${length} bytes in a file of ${file.length}`);
  }
  return file.subarray(end - length, end);
}

function rowGroupOf(group: ThriftStruct, columns: readonly ParquetColumn[]): RowGroupMetadata {
  const chunks = group.structs(ROW_GROUP.columns).map((chunk) => {
    const metadata = chunk.struct(CHUNK.metadata);
    if (metadata === undefined || chunk.fields.has(CHUNK.filePath)) {
      throw decodeError("a column that lies in another file or is encrypted");
    }
    return metadata;
  });
  if (chunks.length !== columns.length) {
    throw decodeError(`a row group of ${chunks.length} columns`, String(columns.length));
  }
  return {
    numRows: group.count(ROW_GROUP.numRows),
    totalByteSize: group.count(ROW_GROUP.totalByteSize),
    chunks,
  };
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
