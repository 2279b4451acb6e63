import {
  type ArrayType,
  type Batch,
  type Column,
  createColumn,
  ListColumn,
  type NumberColumn,
  Schema,
} from "../../core/mod.ts";
import { type ByteReader, type ByteWriter, RowCodec, type StateTable } from "../../state/mod.ts";
import type { Accumulator, Aggregate } from "./accumulator.ts";
import type { InputColumn } from "./input_column.ts";
import { isSameKey, keyWith } from "./key_with.ts";

const ROWS: ArrayType = { type: "array", elementType: "integer", containsNull: false };

/**
 * `collectList(column)`: a table of its own has for each group and batch one entry with the group's
 * values of that batch, and the rows that they were in. Its key is that of the group, and behind it
 * the batch and the first of the rows.
 */
export function collectValues(column: InputColumn): Aggregate {
  const type: ArrayType = { type: "array", elementType: column.type, containsNull: false };
  return {
    type,
    nullable: false,
    nullIfEmpty: false,
    description: `collectList(${column.description})`,
    open: (state, name) => {
      const lists = state.table(`${name}.values`);
      const codec = new RowCodec(
        new Schema([
          { name: "rows", type: ROWS, nullable: false, sourceName: "rows" },
          { name: "values", type, nullable: false, sourceName: "values" },
        ]),
      );
      return {
        accumulate: (keys, batchId) => new CollectedValues(keys, batchId, column, codec, lists),
        forget: (key) => {
          for (const entry of lists.withPrefix(key)) lists.remove(entry.key);
        },
      };
    },
  };
}

class CollectedValues implements Accumulator {
  readonly #keys: readonly Uint8Array[];
  readonly #batchId: number;
  readonly #column: InputColumn;
  readonly #codec: RowCodec;
  readonly #lists: StateTable;

  constructor(
    keys: readonly Uint8Array[],
    batchId: number,
    column: InputColumn,
    codec: RowCodec,
    lists: StateTable,
  ) {
    this.#keys = keys;
    this.#batchId = batchId;
    this.#column = column;
    this.#codec = codec;
    this.#lists = lists;
  }

  add(batch: Batch, groups: Int32Array, rows: Int32Array): void {
    const column = batch.columns[this.#column.index]!;
    const { starts, rows: sorted } = sortByGroup(column, groups, rows, this.#keys.length);
    const rowLists = new ListColumn(ROWS, numbersColumn(sorted), 0);
    const valueLists = new ListColumn(
      { type: "array", elementType: this.#column.type, containsNull: false },
      column.take(sorted),
      0,
    );
    for (const list of [rowLists, valueLists]) {
      list.offsets = starts;
      list.length = this.#keys.length;
    }
    for (let group = 0; group < this.#keys.length; group++) {
      const first = sorted[starts[group]!];
      if (starts[group] === starts[group + 1] || first === undefined) continue;
      const key = keyWith(this.#keys[group]!, place(this.#batchId, first));
      this.#lists.put(key, this.#codec.encode([rowLists, valueLists], group));
    }
  }

  /** The lists of a session that this one takes in become its own. */
  merge(group: number, _state: ByteReader, key: Uint8Array): void {
    const own = this.#keys[group]!;
    if (isSameKey(key, own)) return;
    for (const entry of this.#lists.withPrefix(key)) {
      this.#lists.remove(entry.key);
      this.#lists.put(keyWith(own, entry.key.subarray(key.length)), entry.value);
    }
  }

  save(_group: number, _state: ByteWriter): void {
    // All there is to know is in the table.
  }

  /** Lists of one batch interlace where they are of sessions that were two then and are one now. */
  appendResult(group: number, result: Column): void {
    const key = this.#keys[group]!;
    const arrivals: { batchId: number; row: number; value: unknown }[] = [];
    for (const entry of this.#lists.withPrefix(key)) {
      const { rows, values } = this.#codec.decodeRow(entry.value) as {
        rows: number[];
        values: unknown[];
      };
      const batchId = batchOf(entry.key.subarray(key.length));
      rows.forEach((row, i) => arrivals.push({ batchId, row, value: values[i] }));
    }
    arrivals.sort((a, b) => a.batchId - b.batchId || a.row - b.row);
    result.append(arrivals.map(({ value }) => value));
  }
}

/** The rows whose value is not null group by group, in their order within each. */
function sortByGroup(
  column: Column,
  groups: Int32Array,
  rows: Int32Array,
  numGroups: number,
): { readonly rows: Int32Array; readonly starts: Int32Array } {
  const starts = new Int32Array(numGroups + 1);
  for (let i = 0; i < rows.length; i++) {
    if (!column.isNull(rows[i]!)) starts[groups[i]! + 1]!++;
  }
  for (let group = 0; group < numGroups; group++) starts[group + 1]! += starts[group]!;
  const next = starts.slice();
  const sorted = new Int32Array(starts[numGroups]!);
  for (let i = 0; i < rows.length; i++) {
    if (!column.isNull(rows[i]!)) sorted[next[groups[i]!]!++] = rows[i]!;
  }
  return { rows: sorted, starts };
}

function numbersColumn(values: Int32Array): Column {
  const column = createColumn("integer") as NumberColumn;
  column.values = values;
  column.length = values.length;
  return column;
}

/** Where in the stream a row is: the batch in 8 bytes and the row in 4, ordered as they are. */
function place(batchId: number, row: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(batchId));
  view.setUint32(8, row);
  return bytes;
}

function batchOf(place: Uint8Array): number {
  return Number(new DataView(place.buffer, place.byteOffset).getBigUint64(0));
}
