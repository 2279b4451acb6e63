import {
  type Batch,
  BooleanColumn,
  BytesColumn,
  type Column,
  Decimal128Column,
  Int64Column,
  ListColumn,
  MapColumn,
  NumberColumn,
  StructColumn,
  type StructField,
} from "../core/mod.ts";
import { arrowSchema, type FieldRename, reference, table } from "./arrow_schema.ts";
import { flatBuffer, type FlatNode } from "./flatbuffer.ts";

const METADATA_V5 = 4;
const SCHEMA_MESSAGE = 1;
const RECORD_BATCH_MESSAGE = 3;
/** As Arrow recommends; 16 is the least that 128-bit decimals need. */
const BUFFER_ALIGNMENT = 64;
const END_OF_STREAM_BYTES = 8;

/** Part of a record batch's body: how long it is, and how it gets there. */
interface BodyBuffer {
  readonly byteLength: number;
  write(target: Uint8Array): void;
}

/** What a record batch holds: one node and some buffers for each column, depth first. */
interface Body {
  readonly nodes: (readonly [length: number, nullCount: number])[];
  readonly buffers: BodyBuffer[];
}

/** A schema as a message of an Arrow IPC stream. */
export function arrowSchemaMessage(
  fields: readonly StructField[],
  rename: FieldRename = sameName,
): Uint8Array {
  return message(SCHEMA_MESSAGE, arrowSchema(fields, rename), 0);
}

/**
 * A batch as an Arrow IPC stream: its schema and one record batch. Values go from the columns'
 * arrays straight into the stream.
 *
 * See Arrow's columnar format, "IPC Streaming Format".
 */
export function arrowStream(batch: Batch, rename: FieldRename = sameName): Uint8Array {
  const body: Body = { nodes: [], buffers: [] };
  for (const column of batch.columns) addColumn(body, column);

  let bodyLength = 0;
  const places = body.buffers.map(({ byteLength }): [offset: number, length: number] => {
    const offset = bodyLength;
    bodyLength += aligned(byteLength);
    return [offset, byteLength];
  });
  const schema = arrowSchemaMessage(batch.schema.fields, rename);
  const recordBatch = message(
    RECORD_BATCH_MESSAGE,
    table(
      { kind: "int64", value: batch.numRows },
      reference({ kind: "int64Pairs", pairs: body.nodes }),
      reference({ kind: "int64Pairs", pairs: places }),
    ),
    bodyLength,
  );

  const bodyStart = schema.length + recordBatch.length;
  const stream = new Uint8Array(bodyStart + bodyLength + END_OF_STREAM_BYTES);
  stream.set(schema, 0);
  stream.set(recordBatch, schema.length);
  body.buffers.forEach((buffer, i) => {
    const [offset, length] = places[i]!;
    buffer.write(stream.subarray(bodyStart + offset, bodyStart + offset + length));
  });
  new DataView(stream.buffer).setInt32(bodyStart + bodyLength, -1, true);
  return stream;
}

/** A message without its body: marker, length, metadata. */
function message(type: number, header: FlatNode, bodyLength: number): Uint8Array {
  const metadata = flatBuffer(table(
    { kind: "int16", value: METADATA_V5 },
    { kind: "int8", value: type },
    reference(header),
    { kind: "int64", value: bodyLength },
  ));
  const bytes = new Uint8Array(8 + metadata.length);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, -1, true);
  view.setInt32(4, metadata.length, true);
  bytes.set(metadata, 8);
  return bytes;
}

function addColumn(body: Body, column: Column): void {
  const rows = column.length;
  body.nodes.push([rows, column.nullCount]);
  body.buffers.push(validityBuffer(column));
  if (column instanceof NumberColumn) {
    body.buffers.push(copied(column.values.subarray(0, rows)));
  } else if (column instanceof Int64Column) {
    const isDecimal = typeof column.type === "object";
    body.buffers.push(isDecimal ? widened(column) : copied(column.values.subarray(0, rows)));
  } else if (column instanceof Decimal128Column) {
    body.buffers.push(copied(column.values.subarray(0, rows * 2)));
  } else if (column instanceof BooleanColumn) {
    body.buffers.push(bits(column.values, rows));
  } else if (column instanceof BytesColumn) {
    body.buffers.push(copied(column.offsets.subarray(0, rows + 1)));
    body.buffers.push(copied(column.data.subarray(0, column.dataLength)));
  } else if (column instanceof StructColumn) {
    for (const child of column.children) addColumn(body, child);
  } else if (column instanceof ListColumn) {
    body.buffers.push(copied(column.offsets.subarray(0, rows + 1)));
    addColumn(body, column.elements);
  } else if (column instanceof MapColumn) {
    body.buffers.push(copied(column.offsets.subarray(0, rows + 1)));
    body.nodes.push([column.keys.length, 0]);
    body.buffers.push(NO_BYTES);
    addColumn(body, column.keys);
    addColumn(body, column.values);
  }
}

/** The names of the schema, and no ids. */
export const sameName: FieldRename = ({ name }) => ({ name });

const NO_BYTES: BodyBuffer = { byteLength: 0, write() {} };

function validityBuffer(column: Column): BodyBuffer {
  return column.validity === undefined ? NO_BYTES : bits(column.validity, column.length);
}

function copied(values: ArrayBufferView): BodyBuffer {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { byteLength: bytes.length, write: (target) => target.set(bytes) };
}

/** One bit for each byte that is 1, lowest bit first. */
function bits(bytes: Uint8Array, rows: number): BodyBuffer {
  return {
    byteLength: (rows + 7) >> 3,
    write(target) {
      const whole = rows & ~7;
      for (let row = 0; row < whole; row += 8) {
        target[row >> 3] = bytes[row]! | bytes[row + 1]! << 1 | bytes[row + 2]! << 2 |
          bytes[row + 3]! << 3 | bytes[row + 4]! << 4 | bytes[row + 5]! << 5 |
          bytes[row + 6]! << 6 | bytes[row + 7]! << 7;
      }
      for (let row = whole; row < rows; row++) target[row >> 3]! |= bytes[row]! << (row & 7);
    },
  };
}

/** 64-bit unscaled decimals as the 128-bit ones that every reader knows. */
function widened(column: Int64Column): BodyBuffer {
  return {
    byteLength: column.length * 16,
    write(target) {
      const from = column.words;
      const to = new Int32Array(target.buffer, target.byteOffset, target.byteLength >> 2);
      for (let i = 0, j = 0; j < to.length; i += 2, j += 4) {
        const high = from[i + 1]!;
        to[j] = from[i]!;
        to[j + 1] = high;
        to[j + 2] = high >> 31;
        to[j + 3] = high >> 31;
      }
    },
  };
}

function aligned(byteLength: number): number {
  return Math.ceil(byteLength / BUFFER_ALIGNMENT) * BUFFER_ALIGNMENT;
}
