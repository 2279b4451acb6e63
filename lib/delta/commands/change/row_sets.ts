/** All rows of a batch, in ascending order. */
export function allRows(numRows: number): Int32Array {
  const rows = new Int32Array(numRows);
  for (let row = 0; row < numRows; row++) rows[row] = row;
  return rows;
}

/** The rows that have the mark, in ascending order; `count` rows have it. */
export function rowsMarked(marks: Uint8Array, mark: number, count: number): Int32Array {
  const rows = new Int32Array(count);
  for (let row = 0, next = 0; next < count; row++) if (marks[row] === mark) rows[next++] = row;
  return rows;
}
