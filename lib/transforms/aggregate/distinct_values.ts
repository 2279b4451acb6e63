import { type Batch, type Column, NumberColumn } from "../../core/mod.ts";
import {
  type ByteReader,
  type ByteWriter,
  groupRows,
  KeyCodec,
  type StateTable,
} from "../../state/mod.ts";
import type { Accumulator, Aggregate } from "./accumulator.ts";
import { isComparable } from "./compare_rows.ts";
import { type InputColumn, unfitColumn } from "./input_column.ts";
import { isSameKey, keyWith } from "./key_with.ts";

const NOTHING = new Uint8Array();

/**
 * `countDistinct(...columns)`: how many entries a group has in a table of its own, whose keys are the
 * key of the group and behind it the values.
 *
 * @throws {SluiceError} `BAD_PIPELINE` for a column of maps.
 */
export function countDistinctValues(columns: readonly InputColumn[]): Aggregate {
  return distinctValues("countDistinct", columns, {
    type: "long",
    append: (_values, _key, column, count) => column.append(BigInt(count)),
  });
}

/**
 * `collectSet(column)`: the entries themselves.
 *
 * @throws {SluiceError} `BAD_PIPELINE` for a column of maps.
 */
export function collectDistinctValues(column: InputColumn): Aggregate {
  const codec = new KeyCodec([column.type]);
  return distinctValues("collectSet", [column], {
    type: { type: "array", elementType: column.type, containsNull: false },
    append: (values, key, result) => {
      result.append(Array.from(
        values.withPrefix(key),
        (entry) => codec.decodeValues(entry.key.subarray(key.length))[0],
      ));
    },
  });
}

interface DistinctResult {
  readonly type: Aggregate["type"];
  append(values: StateTable, key: Uint8Array, result: Column, count: number): void;
}

function distinctValues(
  name: string,
  columns: readonly InputColumn[],
  result: DistinctResult,
): Aggregate {
  for (const column of columns) {
    if (isComparable(column.type)) continue;
    throw unfitColumn("tell values apart", column, "a column without maps");
  }
  return {
    type: result.type,
    nullable: false,
    nullIfEmpty: false,
    description: `${name}(${columns.map((column) => column.description).join(", ")})`,
    open: (state, table) => {
      const values = state.table(`${table}.values`);
      const codec = new KeyCodec(columns.map((column) => column.type));
      return {
        accumulate: (keys) => new DistinctValues(keys, columns, codec, values, result),
        forget: (key) => {
          for (const entry of values.withPrefix(key)) values.remove(entry.key);
        },
      };
    },
  };
}

class DistinctValues implements Accumulator {
  readonly #keys: readonly Uint8Array[];
  readonly #columns: readonly InputColumn[];
  readonly #codec: KeyCodec;
  readonly #values: StateTable;
  readonly #result: DistinctResult;
  readonly #counts: Float64Array;

  constructor(
    keys: readonly Uint8Array[],
    columns: readonly InputColumn[],
    codec: KeyCodec,
    values: StateTable,
    result: DistinctResult,
  ) {
    this.#keys = keys;
    this.#columns = columns;
    this.#codec = codec;
    this.#values = values;
    this.#result = result;
    this.#counts = new Float64Array(keys.length);
  }

  /** Values that the batch repeats are looked up once. */
  add(batch: Batch, groups: Int32Array, rows: Int32Array): void {
    const all = this.#columns.map((column) => batch.columns[column.index]!);
    const used: number[] = [];
    for (let i = 0; i < rows.length; i++) {
      if (all.every((column) => !column.isNull(rows[i]!))) used.push(i);
    }
    const groupOf = new NumberColumn("integer", used.length);
    for (const i of used) groupOf.appendNumber(groups[i]!);
    const usedRows = Int32Array.from(used, (i) => rows[i]!);
    const columns = all.map((column) => column.take(usedRows));
    for (const first of groupRows([groupOf, ...columns], used.length).firstRows) {
      const group = groupOf.values[first]!;
      this.#insert(group, this.#codec.encode(columns, first));
    }
  }

  /** The values of a session that this one takes in become its own. */
  merge(group: number, state: ByteReader, key: Uint8Array): void {
    const count = state.float64();
    const own = this.#keys[group]!;
    if (isSameKey(key, own)) {
      this.#counts[group] = this.#counts[group]! + count;
      return;
    }
    for (const entry of this.#values.withPrefix(key)) {
      this.#values.remove(entry.key);
      this.#insert(group, entry.key.subarray(key.length));
    }
  }

  save(group: number, state: ByteWriter): void {
    state.float64(this.#counts[group]!);
  }

  appendResult(group: number, column: Column): void {
    this.#result.append(this.#values, this.#keys[group]!, column, this.#counts[group]!);
  }

  #insert(group: number, value: Uint8Array): void {
    const isNew = this.#values.putIfAbsent(keyWith(this.#keys[group]!, value), NOTHING);
    if (isNew) this.#counts[group]!++;
  }
}
