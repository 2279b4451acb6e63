import {
  type Batch,
  type BytesColumn,
  type Column,
  type Int64Column,
  jsonText,
  type ListColumn,
  type NumberColumn,
  type RecordHeader,
  SluiceError,
  type StructColumn,
} from "../../core/mod.ts";
import type { RawRecord } from "../record_batch_builder.ts";
import { isBytes, jsonColumns, type RecordColumns } from "./record_columns.ts";

/** Something of the record of a row; null where it has none. */
type OfRow<T> = (row: number) => T | null;

const NO_HEADERS: readonly RecordHeader[] = [];
const encoder = new TextEncoder();

/** The records that the rows of a batch are. Their bytes are not copied: use each before the next. */
export class BatchRecords {
  readonly #key: OfRow<Uint8Array>;
  readonly #value: OfRow<Uint8Array>;
  readonly #headers: OfRow<readonly RecordHeader[]>;
  readonly #partition: OfRow<number>;
  readonly #timestampMs: OfRow<number>;
  readonly #nowMs: number;

  /** Of columns that were checked; rows without a timestamp of their own have `nowMs`. */
  constructor(columns: RecordColumns, batch: Batch, nowMs: number) {
    const { key, value, headers, partition, timestamp } = columns;
    const none = () => null;
    this.#key = keyOf(key, batch);
    this.#value = value === undefined
      ? jsonOf(jsonColumns(columns, batch.schema), batch)
      : bytesOf(batch.column(value) as BytesColumn);
    this.#headers = headers === undefined ? none : headersOf(batch.column(headers) as ListColumn);
    this.#partition = partition === undefined
      ? none
      : numberOf(batch.column(partition) as NumberColumn);
    this.#timestampMs = timestamp === undefined
      ? none
      : millisOf(batch.column(timestamp) as Int64Column);
    this.#nowMs = nowMs;
  }

  /** The record of a row; a tombstone has no value. */
  record(row: number, isTombstone: boolean): RawRecord {
    return {
      key: this.#key(row),
      value: isTombstone ? null : this.#value(row),
      headers: this.#headers(row) ?? NO_HEADERS,
      timestampMs: this.#timestampMs(row) ?? this.#nowMs,
    };
  }

  /** The partition that a row names; null: any, by its key. */
  partition(row: number): number | null {
    return this.#partition(row);
  }
}

/** One column of text or bytes is the key as it is; any other is JSON, and several are an object. */
function keyOf(names: readonly string[], batch: Batch): OfRow<Uint8Array> {
  const [first, ...others] = names;
  if (first === undefined) return () => null;
  if (others.length > 0) return jsonOf(names, batch);
  const column = batch.column(first);
  if (isBytes(column.type)) return bytesOf(column as BytesColumn);
  return (row) => column.isNull(row) ? null : encoder.encode(jsonText(column, row));
}

function bytesOf(column: BytesColumn): OfRow<Uint8Array> {
  return (row) => column.isNull(row) ? null : column.bytesAt(row);
}

function jsonOf(names: readonly string[], batch: Batch): OfRow<Uint8Array> {
  const columns = names.map((name) => batch.column(name));
  const heads = names.map((name, i) => `${i === 0 ? "{" : ","}${JSON.stringify(name)}:`);
  return (row) => {
    let text = "";
    for (let i = 0; i < columns.length; i++) text += heads[i]! + jsonText(columns[i]!, row);
    return encoder.encode(`${text}}`);
  };
}

function numberOf(column: NumberColumn): OfRow<number> {
  return (row) => column.isNull(row) ? null : column.values[row]!;
}

function millisOf(column: Int64Column): OfRow<number> {
  return (row) => {
    if (column.isNull(row)) return null;
    const micros = column.values[row]!;
    const rest = ((micros % 1000n) + 1000n) % 1000n;
    return Number((micros - rest) / 1000n);
  };
}

function headersOf(column: ListColumn): OfRow<readonly RecordHeader[]> {
  const elements = column.elements as StructColumn;
  const child = (name: string) =>
    elements.children[elements.type.fields.findIndex((field) => field.name === name)]!;
  const keys = child("key");
  const values = child("value") as BytesColumn;
  return (row) => {
    if (column.isNull(row)) return null;
    const headers: RecordHeader[] = [];
    for (let i = column.offsets[row]!; i < column.offsets[row + 1]!; i++) {
      if (elements.isNull(i) || keys.isNull(i)) throw namelessHeader(row);
      const value = values.isNull(i) ? null : values.bytesAt(i);
      headers.push({ key: textAt(keys, i), value });
    }
    return headers;
  };
}

function textAt(column: Column, row: number): string {
  return column.get(row) as string;
}

function namelessHeader(row: number): SluiceError {
  return new SluiceError("BAD_VALUE", {
    attempted: "make a Kafka record",
    where: `row ${row} of the batch`,
    found: "a header without a key",
    wanted: "text",
  });
}
