import type { UpsertOptions } from "../../core/mod.ts";

/** Which table, how it is made, and how it is kept by key in update mode. */
export interface DeltaOptions extends UpsertOptions {
  /** The table's folder; it is made if it is not there. */
  readonly path: string;
  /**
   * The columns whose values files are kept apart by; absent: none, or those of the table that is
   * there already.
   */
  readonly partitionBy?: readonly string[];
}
