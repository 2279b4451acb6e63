import { Batch, createColumn } from "./batch.ts";
import { BytesColumn, refuseTooManyBytes } from "./bytes_column.ts";
import type { Column } from "./column.ts";
import { BooleanColumn, Decimal128Column, Int64Column, NumberColumn } from "./fixed_columns.ts";
import { ListColumn, MapColumn, StructColumn } from "./nested_columns.ts";

/**
 * All rows of some batches of one schema, one behind the other; there is at least one batch.
 *
 * @throws {SluiceError} `COLUMN_TOO_LARGE` past 2 GiB of text or bytes in one column.
 */
export function concatBatches(batches: readonly Batch[]): Batch {
  const [first] = batches;
  if (first === undefined) throw new RangeError("no batches");
  if (batches.length === 1) return first;
  return new Batch(
    first.schema,
    0,
    first.columns.map((_, i) => concatColumns(batches.map((batch) => batch.columns[i]!))),
  );
}

function concatColumns(parts: readonly Column[]): Column {
  const first = parts[0]!;
  const length = sum(parts, (part) => part.length);
  const joined = emptyLike(first, parts, length);
  joined.length = length;
  joined.nullCount = sum(parts, (part) => part.nullCount);
  if (joined.nullCount > 0) {
    const validity = new Uint8Array(length).fill(1);
    eachPart(parts, (part, start) => {
      if (part.validity !== undefined) {
        validity.set(part.validity.subarray(0, part.length), start);
      }
    });
    joined.validity = validity;
  }
  return joined;
}

/** A column with the values of all parts, but not yet their number and nulls. */
function emptyLike(first: Column, parts: readonly Column[], length: number): Column {
  if (first instanceof StructColumn) {
    const children = first.children.map((_, i) =>
      concatColumns(parts.map((part) => (part as StructColumn).children[i]!))
    );
    return new StructColumn(first.type, children, 0);
  }
  if (first instanceof ListColumn) {
    const lists = parts as readonly ListColumn[];
    const list = new ListColumn(first.type, concatColumns(lists.map((part) => part.elements)), 0);
    list.offsets = joinedOffsets(lists, length, (part) => part.elements.length);
    return list;
  }
  if (first instanceof MapColumn) {
    const maps = parts as readonly MapColumn[];
    const keys = concatColumns(maps.map((part) => part.keys));
    const map = new MapColumn(first.type, keys, concatColumns(maps.map((part) => part.values)), 0);
    map.offsets = joinedOffsets(maps, length, (part) => part.keys.length);
    return map;
  }
  if (first instanceof BytesColumn) {
    const texts = parts as readonly BytesColumn[];
    const bytes = sum(texts, (part) => part.dataLength);
    refuseTooManyBytes(bytes);
    const column = new BytesColumn(first.type, 0);
    column.offsets = joinedOffsets(texts, length, (part) => part.dataLength);
    column.data = new Uint8Array(bytes);
    let end = 0;
    for (const part of texts) {
      column.data.set(part.data.subarray(0, part.dataLength), end);
      end += part.dataLength;
    }
    return column;
  }
  const column = createColumn(first.type, length);
  eachPart(parts, (part, start) => copyValues(part, column, start));
  return column;
}

function copyValues(part: Column, column: Column, start: number): void {
  if (part instanceof Int64Column && column instanceof Int64Column) {
    column.values.set(part.values.subarray(0, part.length), start);
  } else if (part instanceof Decimal128Column && column instanceof Decimal128Column) {
    column.values.set(part.values.subarray(0, part.length * 2), start * 2);
  } else if (part instanceof NumberColumn && column instanceof NumberColumn) {
    column.values.set(part.values.subarray(0, part.length), start);
  } else if (part instanceof BooleanColumn && column instanceof BooleanColumn) {
    column.values.set(part.values.subarray(0, part.length), start);
  }
}

function joinedOffsets<C extends Column & { readonly offsets: Int32Array }>(
  parts: readonly C[],
  length: number,
  itemsOf: (part: C) => number,
): Int32Array {
  const joined = new Int32Array(length + 1);
  let items = 0;
  eachPart(parts, (part, start) => {
    for (let row = 0; row <= part.length; row++) joined[start + row] = items + part.offsets[row]!;
    items += itemsOf(part);
  });
  return joined;
}

function eachPart<C extends Column>(
  parts: readonly C[],
  use: (part: C, start: number) => void,
): void {
  let start = 0;
  for (const part of parts) {
    use(part, start);
    start += part.length;
  }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
