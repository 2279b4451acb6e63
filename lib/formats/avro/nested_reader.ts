import type { Column, ListColumn, MapColumn, StructColumn } from "../../core/mod.ts";
import { Unreadable } from "../unreadable.ts";
import { AvroInput } from "./avro_input.ts";
import { StringReader, type ValueReader } from "./value_reader.ts";

/** One step of reading a record: a field the writer wrote, or one that only the reader has. */
export interface RecordStep {
  /** The field's name, for messages. */
  readonly name: string;
  /** What reads it. */
  readonly reader: ValueReader;
  /** The index of the column it goes to; any for one that is skipped. */
  readonly column: number;
}

/** The fields of a record, in the order they were written; then those that only the reader has. */
export class RecordReader {
  readonly #names: readonly string[];
  readonly #readers: readonly ValueReader[];
  readonly #columns: readonly number[];

  constructor(steps: readonly RecordStep[]) {
    this.#names = steps.map(({ name }) => name);
    this.#readers = steps.map(({ reader }) => reader);
    this.#columns = steps.map(({ column }) => column);
  }

  /** Adds one row to the columns. If it throws, some of them may be a row longer than others. */
  read(input: AvroInput, columns: readonly Column[]): void {
    const readers = this.#readers;
    const targets = this.#columns;
    let i = 0;
    try {
      for (; i < readers.length; i++) readers[i]!.read(input, columns[targets[i]!]!);
    } catch (error) {
      throw error instanceof Unreadable ? error.within(this.#names[i]!) : error;
    }
  }
}

/** record to struct. */
export class StructReader implements ValueReader {
  readonly #record: RecordReader;

  constructor(record: RecordReader) {
    this.#record = record;
  }

  read(input: AvroInput, column: StructColumn): void {
    this.#record.read(input, column.children);
    endRow(column);
  }
}

/** A value of one member of a union, into the struct that has a field for each. */
export class MemberReader implements ValueReader {
  readonly #member: number;
  readonly #reader: ValueReader;

  constructor(member: number, reader: ValueReader) {
    this.#member = member;
    this.#reader = reader;
  }

  read(input: AvroInput, column: StructColumn): void {
    column.children.forEach((child, i) => {
      if (i === this.#member) this.#reader.read(input, child);
      else child.appendNull();
    });
    endRow(column);
  }
}

/** array. */
export class ArrayReader implements ValueReader {
  readonly #item: ValueReader;

  constructor(item: ValueReader) {
    this.#item = item;
  }

  read(input: AvroInput, column: ListColumn): void {
    for (let count = input.readBlockCount(); count > 0; count = input.readBlockCount()) {
      for (let i = 0; i < count; i++) {
        const start = input.pos;
        this.#item.read(input, column.elements);
        if (input.pos === start) throw new Unreadable("found items that take no bytes");
      }
    }
    const row = endRow(column);
    column.offsets[row + 1] = column.elements.length;
  }
}

/** map. */
export class MapReader implements ValueReader {
  readonly #key: ValueReader = new StringReader();
  readonly #value: ValueReader;

  constructor(value: ValueReader) {
    this.#value = value;
  }

  read(input: AvroInput, column: MapColumn): void {
    const { keys } = column;
    const seen = new Set<unknown>();
    for (let count = input.readBlockCount(); count > 0; count = input.readBlockCount()) {
      for (let i = 0; i < count; i++) {
        this.#key.read(input, keys);
        const key = keys.get(keys.length - 1);
        if (seen.has(key)) throw new Unreadable(`found the key ${JSON.stringify(key)} twice`);
        seen.add(key);
        this.#value.read(input, column.values);
      }
    }
    const row = endRow(column);
    column.offsets[row + 1] = keys.length;
  }
}

/** What stands for a field that the writer does not have: its default, in Avro's binary encoding. */
export class DefaultReader implements ValueReader {
  readonly #reader: ValueReader;
  readonly #bytes: Uint8Array;
  readonly #input = new AvroInput();

  constructor(reader: ValueReader, bytes: Uint8Array) {
    this.#reader = reader;
    this.#bytes = bytes;
  }

  read(_input: AvroInput, column: Column): void {
    this.#input.reset(this.#bytes, 0, this.#bytes.length);
    this.#reader.read(this.#input, column);
  }
}

/** Ends a row whose parts are in the child columns already; returns its index. */
function endRow(column: StructColumn | ListColumn | MapColumn): number {
  const row = column.length;
  column.reserve(row + 1);
  if (column.validity !== undefined) column.validity[row] = 1;
  column.length = row + 1;
  return row;
}
