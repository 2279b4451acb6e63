import {
  type Batch,
  BytesColumn,
  type Column,
  ListColumn,
  MapColumn,
  type Rejection,
  StructColumn,
} from "../../core/mod.ts";

/**
 * The rows from `startRow` on that Postgres cannot hold, in ascending order: those with U+0000 in a
 * text, also inside a struct, array or map. It holds everything else that the schema's types allow.
 */
export function unstorableRows(batch: Batch, startRow: number): Rejection[] {
  const columnsByRow = new Map<number, string[]>();
  batch.columns.forEach((column, i) => {
    for (const row of rowsWithNul(column, startRow, column.length)) {
      const names = columnsByRow.get(row) ?? [];
      names.push(`"${batch.schema.fields[i]!.name}"`);
      columnsByRow.set(row, names);
    }
  });
  return [...columnsByRow].sort(([a], [b]) => a - b).map(([index, names]) => ({
    index,
    error: `U+0000 in column ${names.join(", ")}, which Postgres cannot store in text`,
  }));
}

function rowsWithNul(column: Column, from: number, to: number): Set<number> {
  if (column instanceof BytesColumn) return bytesRowsWithNul(column, from, to);
  const rows = new Set<number>();
  if (column instanceof StructColumn) {
    for (const child of column.children) {
      for (const row of rowsWithNul(child, from, to)) rows.add(row);
    }
  } else if (column instanceof ListColumn) {
    addRunsWithNul(rows, column.offsets, [column.elements], from, to);
  } else if (column instanceof MapColumn) {
    addRunsWithNul(rows, column.offsets, [column.keys, column.values], from, to);
  }
  return rows;
}

function bytesRowsWithNul(column: BytesColumn, from: number, to: number): Set<number> {
  const rows = new Set<number>();
  if (column.type !== "string") return rows;
  const { offsets } = column;
  const end = offsets[to]!;
  const data = column.data.subarray(0, end);
  for (let at = data.indexOf(0, offsets[from]!); at >= 0;) {
    const row = runHolding(offsets, at, from, to);
    rows.add(row);
    at = data.indexOf(0, offsets[row + 1]!);
  }
  return rows;
}

function addRunsWithNul(
  rows: Set<number>,
  offsets: Int32Array,
  children: readonly Column[],
  from: number,
  to: number,
): void {
  for (const child of children) {
    for (const index of rowsWithNul(child, offsets[from]!, offsets[to]!)) {
      rows.add(runHolding(offsets, index, from, to));
    }
  }
}

/** The row in `[from, to)` whose run of bytes or elements holds `index`. */
function runHolding(offsets: Int32Array, index: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (offsets[middle]! <= index) low = middle;
    else high = middle;
  }
  return low;
}
