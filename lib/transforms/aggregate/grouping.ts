import type { Batch } from "../../core/mod.ts";
import type { WindowRow } from "../windows/window_spec.ts";

/** A group that rows of a batch are in. */
export interface Group {
  /** What its state is found by. */
  readonly key: Uint8Array;
  /** Its window, if windows are among the keys. */
  readonly window: WindowRow | undefined;
  /** A watermark at or behind it closes the group; `undefined`: none does. */
  readonly endMicros: bigint | undefined;
  /** What is known of it from before; of a session, of all sessions that it takes in. */
  readonly kept: readonly KeptGroup[];
}

/** A group as it is in the state. */
export interface KeptGroup {
  /** What it is found by. */
  readonly key: Uint8Array;
  /** What was written of it. */
  readonly value: Uint8Array;
  /** Its window, if windows are among the keys. */
  readonly window: WindowRow | undefined;
}

/** Row `rows[i]` is in group `groups[i]`; rows ascend, and one may be in more groups than one. */
export interface Members {
  /** Indexes of groups. */
  readonly groups: Int32Array;
  /** Indexes of rows. */
  readonly rows: Int32Array;
}

/** The rows of a batch in their groups. */
export interface GroupedRows {
  /** The groups. */
  readonly groups: readonly Group[];
  /** Which rows are in which, in parts of a size that fits into memory. */
  members(): Iterable<Members>;
  /** The rows that are in no group since all of theirs are closed; ascending. */
  readonly late: Int32Array;
}

/** A way to sort rows into groups. */
export interface Grouping {
  /**
   * Sorts the rows of a batch.
   *
   * @param lateMicros Groups that end at or before it are closed; `undefined`: none is.
   */
  group(batch: Batch, lateMicros: bigint | undefined): GroupedRows;
}

/** In place of the index of a group: the group is closed. */
export const CLOSED = -1;
/** In place of the index of a group: rows without a time, which are in no window. */
export const NO_GROUP = -2;

/**
 * Rows that are in at most one group each.
 *
 * @param sorted For each row, where it was sorted to.
 * @param groupOf For each of these, the index of the group, or `CLOSED`, or `NO_GROUP`.
 */
export function singleMembers(
  groups: readonly Group[],
  sorted: Int32Array,
  groupOf: Int32Array,
): GroupedRows {
  const members: Members = {
    groups: new Int32Array(sorted.length),
    rows: new Int32Array(sorted.length),
  };
  const late: number[] = [];
  let length = 0;
  for (let row = 0; row < sorted.length; row++) {
    const group = groupOf[sorted[row]!]!;
    if (group === CLOSED) late.push(row);
    if (group < 0) continue;
    members.groups[length] = group;
    members.rows[length++] = row;
  }
  const part = {
    groups: members.groups.subarray(0, length),
    rows: members.rows.subarray(0, length),
  };
  return { groups, members: () => [part], late: Int32Array.from(late) };
}
