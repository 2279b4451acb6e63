/** Which table, and how it is made. */
export interface DeltaOptions {
  /** The table's folder; it is made if it is not there. */
  readonly path: string;
  /**
   * The columns whose values files are kept apart by; absent: none, or those of the table that is
   * there already.
   */
  readonly partitionBy?: readonly string[];
}
