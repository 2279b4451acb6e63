import {
  Batch,
  BooleanColumn,
  BytesColumn,
  type Column,
  NumberColumn,
  type Rejection,
  Schema,
  type StructField,
} from "../../core/mod.ts";
import type { PartitionValues } from "../protocol/actions.ts";
import { formatPartitionValue, partitionValueProblem } from "../protocol/partition_values.ts";

/** The rows of a batch that share their partition values, without the partition columns. */
export interface PartitionRows {
  readonly partitionValues: PartitionValues;
  /** How many rows there are. */
  readonly numRows: number;
  /** Makes the rows; call it when they are needed, so that one part at a time is in memory. */
  readonly batch: () => Batch;
}

/** Rows with the same number have the same value; `firstRows` has one row for each number. */
interface RowGroups {
  readonly groupOfRow: Int32Array;
  readonly firstRows: readonly number[];
}

/**
 * Splits a batch by its partition columns, in order of first appearance; rows keep their order. A
 * partition column that the batch does not have is null.
 */
export function splitByPartition(
  batch: Batch,
  partitionColumns: readonly string[],
): PartitionRows[] {
  if (batch.numRows === 0) return [];
  const { fields } = batch.schema;
  const isPartition = (field: StructField) => partitionColumns.includes(field.name);
  const stored = new Schema(fields.filter((field) => !isPartition(field)));
  const storedColumns = batch.columns.filter((_, i) => !isPartition(fields[i]!));
  const columns = new Map(
    partitionColumns.map((name) => [name, columnOf(batch, name)]),
  );

  const present = [...columns.values()].filter((column) => column !== undefined);
  const { groupOfRow, firstRows } = groupRows(present, batch.numRows);
  const rows = rowsOfGroups(groupOfRow, firstRows.length);
  return firstRows.map((firstRow, group) => ({
    partitionValues: Object.fromEntries(
      [...columns].map(([name, column]) => [
        name,
        column === undefined ? null : formatPartitionValue(column, firstRow),
      ]),
    ),
    numRows: rows[group]!.length,
    batch: () =>
      new Batch(
        stored,
        0,
        firstRows.length === 1
          ? storedColumns
          : storedColumns.map((column) => column.take(rows[group]!)),
      ),
  }));
}

/** Rows from `startRow` on that a table partitioned like this cannot hold. */
export function rejectPartitionValues(
  batch: Batch,
  startRow: number,
  partitionColumns: readonly string[],
): Rejection[] {
  const rejections: Rejection[] = [];
  for (const name of partitionColumns) {
    const column = columnOf(batch, name);
    if (!(column instanceof BytesColumn)) continue;
    for (let row = startRow; row < column.length; row++) {
      const problem = partitionValueProblem(column, row);
      if (problem === undefined) continue;
      rejections.push({ index: row, error: `partition column "${name}" ${problem}` });
    }
  }
  return rejections.sort((a, b) => a.index - b.index);
}

function columnOf(batch: Batch, name: string): Column | undefined {
  const index = batch.schema.fields.findIndex((field) => field.name === name);
  return batch.columns[index];
}

function groupRows(columns: readonly Column[], numRows: number): RowGroups {
  const whole: RowGroups = { groupOfRow: new Int32Array(numRows), firstRows: [0] };
  return columns.map(groupByValue).reduce(combined, whole);
}

/** Groups of rows that are in one group in both. */
function combined(a: RowGroups, b: RowGroups): RowGroups {
  if (a.firstRows.length === 1) return b;
  return groupByKey(
    a.groupOfRow.length,
    (row) => a.groupOfRow[row]! * b.firstRows.length + b.groupOfRow[row]!,
  );
}

function groupByValue(column: Column): RowGroups {
  if (column instanceof BytesColumn) return groupByBytes(column);
  if (column instanceof NumberColumn || column instanceof BooleanColumn) {
    const { values } = column;
    return groupByKey(column.length, (row) => column.isNull(row) ? null : values[row]!);
  }
  return groupByKey(column.length, (row) => formatPartitionValue(column, row));
}

function groupByKey(numRows: number, keyOf: (row: number) => unknown): RowGroups {
  const groups = new Map<unknown, number>();
  const groupOfRow = new Int32Array(numRows);
  const firstRows: number[] = [];
  for (let row = 0; row < numRows; row++) {
    const key = keyOf(row);
    let group = groups.get(key);
    if (group === undefined) {
      group = firstRows.push(row) - 1;
      groups.set(key, group);
    }
    groupOfRow[row] = group;
  }
  return { groupOfRow, firstRows };
}

/** Finds equal bytes with a hash table over the column's own memory: no text is made for a row. */
function groupByBytes(column: BytesColumn): RowGroups {
  const { data, offsets } = column;
  const groupOfRow = new Int32Array(column.length);
  const firstRows: number[] = [];
  let slots = new Int32Array(64).fill(-1);
  let nullGroup = -1;

  const hashOf = (row: number): number => {
    let hash = 0x811c9dc5;
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
      hash = Math.imul(hash ^ data[i]!, 0x01000193);
    }
    return hash ^ hash >>> 15;
  };
  const isEqual = (a: number, b: number): boolean => {
    const start = offsets[a]!;
    const length = offsets[a + 1]! - start;
    const otherStart = offsets[b]!;
    if (offsets[b + 1]! - otherStart !== length) return false;
    for (let i = 0; i < length; i++) {
      if (data[start + i] !== data[otherStart + i]) return false;
    }
    return true;
  };
  const grow = (): void => {
    slots = new Int32Array(slots.length * 2).fill(-1);
    firstRows.forEach((row, group) => {
      if (group === nullGroup) return;
      let slot = hashOf(row) & slots.length - 1;
      while (slots[slot] !== -1) slot = slot + 1 & slots.length - 1;
      slots[slot] = group;
    });
  };

  for (let row = 0; row < column.length; row++) {
    if (column.isNull(row)) {
      if (nullGroup < 0) nullGroup = firstRows.push(row) - 1;
      groupOfRow[row] = nullGroup;
      continue;
    }
    let slot = hashOf(row) & slots.length - 1;
    while (slots[slot] !== -1 && !isEqual(firstRows[slots[slot]!]!, row)) {
      slot = slot + 1 & slots.length - 1;
    }
    if (slots[slot] === -1) {
      slots[slot] = firstRows.push(row) - 1;
      groupOfRow[row] = slots[slot]!;
      if (firstRows.length * 2 > slots.length) grow();
    } else {
      groupOfRow[row] = slots[slot]!;
    }
  }
  return { groupOfRow, firstRows };
}

/** The rows of each group, in order. */
function rowsOfGroups(groupOfRow: Int32Array, numGroups: number): Int32Array[] {
  const counts = new Int32Array(numGroups);
  for (let row = 0; row < groupOfRow.length; row++) counts[groupOfRow[row]!]!++;
  const rows = Array.from(counts, (count) => new Int32Array(count));
  counts.fill(0);
  for (let row = 0; row < groupOfRow.length; row++) {
    const group = groupOfRow[row]!;
    rows[group]![counts[group]!++] = row;
  }
  return rows;
}
