import { type Column, type DataType, Int64Column, type StructColumn } from "../../core/mod.ts";

/** The times of rows, in microseconds since 1970, and which rows have none. */
export interface EventTimes {
  /** One time a row; there may be more entries than rows. */
  readonly micros: BigInt64Array;
  /** True if the row has no time. */
  isNull(row: number): boolean;
}

/** What holds the times of a column: its own type, or that of the ends of its windows. */
export function timeType(type: DataType): "timestamp" | "timestamp_ntz" | undefined {
  if (type === "timestamp" || type === "timestamp_ntz") return type;
  if (typeof type !== "object" || type.type !== "struct" || type.fields.length !== 2) {
    return undefined;
  }
  const [start, end] = type.fields;
  if (start?.name !== "start" || end?.name !== "end" || start.type !== end.type) return undefined;
  return typeof end.type === "string" ? timeType(end.type) : undefined;
}

/** The times of a column of timestamps, or of windows, whose time is their last microsecond. */
export function eventTimes(column: Column): EventTimes {
  if (column instanceof Int64Column) {
    return { micros: column.values, isNull: (row) => column.isNull(row) };
  }
  const windows = column as StructColumn;
  const ends = windows.children[1] as Int64Column;
  return {
    micros: ends.values.map((end) => end - 1n),
    isNull: (row) => windows.isNull(row) || ends.isNull(row),
  };
}

/**
 * What the watermark is compared with: the times of a column of timestamps, or the ends of windows.
 */
export function watermarkTimes(column: Column): EventTimes {
  if (column instanceof Int64Column) return eventTimes(column);
  const windows = column as StructColumn;
  const ends = windows.children[1] as Int64Column;
  return { micros: ends.values, isNull: (row) => windows.isNull(row) || ends.isNull(row) };
}
