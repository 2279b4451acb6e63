import type { Schema, StructField } from "./schema.ts";

/** What is known of a change of a row beside the row: columns that decoders of changes add. */
export interface ChangeColumns {
  /** `c` the row is new, `u` it changed, `d` it is gone, `r` it was there when reading began. */
  readonly __op: string;
  /** When the change was made, in the clock of the database; null where it is not known. */
  readonly __source_ts: bigint | null;
  /**
   * Where the change is in the log of its database, as text: of two changes of one row the later has
   * the greater. Null where it is not known. It says which is newer, not which is the same.
   */
  readonly __position: string | null;
  /** True if the row is gone. */
  readonly __deleted: boolean;
  /**
   * The columns whose values did not come, though there are some: they are null in this row, and stay
   * as they are in a table that has the row.
   */
  readonly __unavailable: string[];
}

/** The names of those columns. */
export const CHANGE_COLUMNS = {
  op: "__op",
  sourceTs: "__source_ts",
  position: "__position",
  deleted: "__deleted",
  unavailable: "__unavailable",
} as const;

/**
 * The column of rows that lists those without a value of their own: `__unavailable`, `array<string>`.
 * In update mode sinks that keep a table by key leave those columns as they are, and do not store
 * the list; an operator that renames a column renames it there too.
 */
export function unavailableColumn({ fields }: Schema): StructField | undefined {
  return fields.find(({ name, type }) =>
    name === CHANGE_COLUMNS.unavailable && typeof type === "object" && type.type === "array" &&
    type.elementType === "string"
  );
}
