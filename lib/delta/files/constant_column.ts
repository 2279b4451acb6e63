import { type Column, createColumn, type DataType } from "../../core/mod.ts";

/** A column of that many rows with the same value, or null. */
export function constantColumn(type: DataType, value: unknown, numRows: number): Column {
  const one = createColumn(type, 1);
  one.append(value);
  return one.take(new Int32Array(numRows));
}
