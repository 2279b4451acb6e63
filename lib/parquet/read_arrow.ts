import {
  BooleanColumn,
  BytesColumn,
  type Column,
  createColumn,
  type DataType,
  Decimal128Column,
  Int64Column,
  ListColumn,
  MapColumn,
  NumberColumn,
  SluiceError,
  StructColumn,
  type StructField,
  typeName,
} from "../core/mod.ts";
import type { ArrowField, ArrowMemory, ArrowRun } from "./arrow_memory.ts";
import { readBooleans, readBytes, readDecimals, readInt64s, readNumbers } from "./read_values.ts";
import type { ColumnMatch } from "./select_columns.ts";

/**
 * Copies the columns of a schema out of Arrow arrays, as `match` finds them; a column that is not there
 * is null in every row. `runs` are the pieces of one table, in order.
 *
 * @throws {SluiceError} `PARQUET_TYPE` if a column is stored as another type than wanted.
 */
export function readFields(
  memory: ArrowMemory,
  fields: readonly StructField[],
  stored: ArrowField,
  runs: readonly ArrowRun[],
  match: ColumnMatch,
): Column[] {
  return fields.map((field) => {
    const index = stored.children.findIndex((child) => match(field, child));
    if (index < 0) return nullColumn(field.type, totalLength(runs));
    return readColumn(memory, field.type, stored.children[index]!, childRuns(runs, index), match);
  });
}

function readColumn(
  memory: ArrowMemory,
  type: DataType,
  stored: ArrowField,
  runs: readonly ArrowRun[],
  match: ColumnMatch,
): Column {
  const column = readValues(memory, type, stored, runs, match);
  if (column === undefined) throw storedOtherwise(type, stored);
  column.length = totalLength(runs);
  readValidity(memory, column, runs);
  return column;
}

/** The column without its validity; `undefined` if what is stored is of another type. */
function readValues(
  memory: ArrowMemory,
  type: DataType,
  stored: ArrowField,
  runs: readonly ArrowRun[],
  match: ColumnMatch,
): Column | undefined {
  const { format } = stored;
  if (typeof type === "object" && type.type !== "decimal") {
    return readNested(memory, type, stored, runs, match);
  }
  // Not made with a capacity: strings would get bytes of their own, only to have them replaced.
  const column = createColumn(type);
  column.reserve(totalLength(runs));
  if (column instanceof NumberColumn && readNumbers(memory, column, format, runs)) return column;
  if (column instanceof Decimal128Column && readDecimals(memory, column, format, runs)) {
    return column;
  }
  if (column instanceof Int64Column) {
    const read = typeof type === "object" ? readDecimals : readInt64s;
    if (read(memory, column, format, runs)) return column;
  }
  if (column instanceof BooleanColumn && readBooleans(memory, column, format, runs)) return column;
  if (column instanceof BytesColumn && readBytes(memory, column, format, runs)) return column;
  return undefined;
}

function readNested(
  memory: ArrowMemory,
  type: DataType,
  stored: ArrowField,
  runs: readonly ArrowRun[],
  match: ColumnMatch,
): Column | undefined {
  const { format, children: [child] } = stored;
  const empty = createColumn(type);
  if (empty instanceof StructColumn && format === "+s") {
    const children = readFields(memory, empty.type.fields, stored, runs, match);
    return new StructColumn(empty.type, children, totalLength(runs));
  }
  if (empty instanceof ListColumn && format === "+l" && child !== undefined) {
    const { offsets, inner } = readOffsets(memory, runs);
    const elements = readColumn(memory, empty.type.elementType, child, inner, match);
    const list = new ListColumn(empty.type, elements, totalLength(runs));
    list.offsets = offsets;
    return list;
  }
  if (empty instanceof MapColumn && format === "+m" && child?.children.length === 2) {
    const { offsets, inner } = readOffsets(memory, runs);
    const [key, value] = child.children as [ArrowField, ArrowField];
    const { keyType, valueType } = empty.type;
    const keys = readColumn(memory, keyType, key, childRuns(inner, 0), match);
    const values = readColumn(memory, valueType, value, childRuns(inner, 1), match);
    const map = new MapColumn(empty.type, keys, values, totalLength(runs));
    map.offsets = offsets;
    return map;
  }
  return undefined;
}

/** The offsets of lists, joined over all runs, and the runs of what is in the lists. */
function readOffsets(
  memory: ArrowMemory,
  runs: readonly ArrowRun[],
): { offsets: Int32Array; inner: ArrowRun[] } {
  const offsets = new Int32Array(totalLength(runs) + 1);
  const inner: ArrowRun[] = [];
  let row = 0;
  for (const { array, start, length } of runs) {
    const stored = memory.offsets(array.buffers[1]!, start, length);
    const shift = offsets[row]! - stored[0]!;
    for (let i = 1; i <= length; i++) offsets[row + i] = stored[i]! + shift;
    const child = array.children[0]!;
    inner.push({
      array: child,
      start: child.offset + stored[0]!,
      length: stored[length]! - stored[0]!,
    });
    row += length;
  }
  return { offsets, inner };
}

function readValidity(memory: ArrowMemory, column: Column, runs: readonly ArrowRun[]): void {
  let validity: Uint8Array | undefined;
  let nullCount = 0;
  let row = 0;
  for (const { array, start, length } of runs) {
    const bitmap = array.buffers[0]!;
    if (bitmap !== 0) {
      for (let i = 0; i < length; i++) {
        if (memory.bit(bitmap, start + i) === 1) continue;
        validity ??= new Uint8Array(column.length).fill(1);
        validity[row + i] = 0;
        nullCount++;
      }
    }
    row += length;
  }
  column.validity = validity;
  column.nullCount = nullCount;
}

function childRuns(runs: readonly ArrowRun[], index: number): ArrowRun[] {
  return runs.map(({ array, start, length }) => {
    const child = array.children[index]!;
    return { array: child, start: child.offset + start, length };
  });
}

function nullColumn(type: DataType, length: number): Column {
  const column = createColumn(type, length);
  for (let row = 0; row < length; row++) column.appendNull();
  return column;
}

function totalLength(runs: readonly ArrowRun[]): number {
  return runs.reduce((sum, run) => sum + run.length, 0);
}

function storedOtherwise(type: DataType, stored: ArrowField): SluiceError {
  return new SluiceError("PARQUET_TYPE", {
    attempted: "read a Parquet file",
    where: `column "${stored.name}"`,
    found: `Arrow type ${stored.format}`,
    wanted: typeName(type),
  });
}
