import type { Snapshot } from "../log/snapshot.ts";
import type { TableLayout } from "../files/table_layout.ts";
import type { Action } from "../protocol/actions.ts";
import type { ReadSet } from "../transactions/conflict_rules.ts";

/** A table as a batch finds it. */
export interface BatchTarget {
  /** How its files are to be. */
  readonly layout: TableLayout;
  /** What is in it; `undefined` if the batch makes it. */
  readonly snapshot: Snapshot | undefined;
}

/** What a batch does to the files of a table, written and waiting for its commit. */
export interface BatchChanges {
  /** Spark's name for the query's output mode. */
  readonly outputMode: "Append" | "Update" | "Complete";
  /** The files that come and go. */
  readonly actions: readonly Action[];
  /** What was looked at to know which. */
  readonly reads: ReadSet;
  /** Rows in new files. */
  readonly numOutputRows: number;
  /** What else it did, in Spark's names. */
  readonly metrics: Readonly<Record<string, string>>;
  /** Removes the files that were written. */
  readonly discard: () => Promise<void>;
}
