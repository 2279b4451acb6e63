import { type Batch, type Column, Int64Column } from "../../core/mod.ts";
import { groupRows, KeyCodec, type RowGroups, type StateTable } from "../../state/mod.ts";
import type { GroupKeys } from "../aggregate/group_keys.ts";
import {
  CLOSED,
  type Group,
  type GroupedRows,
  type Grouping,
  type Members,
  NO_GROUP,
  singleMembers,
} from "../aggregate/grouping.ts";
import { keyWithTime } from "../aggregate/key_with.ts";
import { type EventTimes, eventTimes } from "./event_times.ts";
import { paneStarts, windowStarts } from "./window_panes.ts";
import type { WindowSpec } from "./window_spec.ts";

/** Rows and groups in one part of the members: so many fit into memory. */
const MEMBERS_PER_PART = 1 << 20;

/** The windows of rows that are in the same ones: indexes of groups, or why there are none. */
type Windows = readonly number[] | typeof CLOSED | typeof NO_GROUP;

/**
 * Groups by columns and windows of a fixed length. The key of a group is that of the columns, and
 * behind it the start of the window. A row is late if the last of its windows is closed; if only
 * the first ones are, it is in the others.
 */
export function groupByWindow(keys: GroupKeys, spec: WindowSpec, table: StateTable): Grouping {
  return new WindowGrouping(keys, spec, table);
}

class WindowGrouping implements Grouping {
  readonly #keys: GroupKeys;
  readonly #spec: WindowSpec;
  readonly #table: StateTable;
  readonly #codec: KeyCodec;
  readonly #hasWatermark: boolean;

  constructor(keys: GroupKeys, spec: WindowSpec, table: StateTable) {
    this.#keys = keys;
    this.#spec = spec;
    this.#table = table;
    this.#codec = new KeyCodec(keys.columns.map((column) => column.type));
    this.#hasWatermark = keys.eventTime === spec.name;
  }

  group(batch: Batch, lateMicros: bigint | undefined): GroupedRows {
    const columns = this.#keys.columns.map((column) => batch.columns[column.index]!);
    const times = eventTimes(batch.columns[this.#keys.window!.column.index]!);
    const panes = paneColumn(times, batch.numRows, this.#spec);
    const sorted = groupRows([...columns, panes], batch.numRows);
    const windows = new WindowGroups((row) => this.#codec.encode(columns, row), this.#newGroup);
    const isTumbling = this.#spec.slideMicros === this.#spec.durationMicros;
    const bases = isTumbling ? undefined : baseGroups(columns, sorted);
    const windowsOf = Array.from(sorted.firstRows, (row, pane): Windows => {
      if (panes.isNull(row)) return NO_GROUP;
      const starts = windowStarts(panes.values[row]!, this.#spec);
      const open = starts.filter((start) => !this.#isClosed(start, lateMicros));
      if (open.length === 0) return CLOSED;
      const base = bases?.groupOf[pane];
      return open.map((start) => windows.indexOf(row, start, base));
    });
    const { groups } = windows;
    if (!isTumbling) return manyMembers(groups, sorted.groupOf, windowsOf);
    const groupOf = Int32Array.from(windowsOf, (of) => typeof of === "number" ? of : of[0]!);
    return singleMembers(groups, sorted.groupOf, groupOf);
  }

  #isClosed(start: bigint, lateMicros: bigint | undefined): boolean {
    return lateMicros !== undefined && start + this.#spec.durationMicros <= lateMicros;
  }

  readonly #newGroup = (baseKey: Uint8Array, start: bigint): Group => {
    const end = start + this.#spec.durationMicros;
    const key = keyWithTime(baseKey, start);
    const value = this.#table.get(key);
    const window = { start, end };
    return {
      key,
      window,
      endMicros: this.#hasWatermark ? end : undefined,
      kept: value === undefined ? [] : [{ key, value, window }],
    };
  };
}

/** The groups of a batch, each made when it is first asked for. */
class WindowGroups {
  readonly groups: Group[] = [];
  readonly #encode: (row: number) => Uint8Array;
  readonly #newGroup: (baseKey: Uint8Array, start: bigint) => Group;
  /** For the columns' groups of keys: their key, and the index of the group by its start. */
  readonly #bases: { readonly key: Uint8Array; readonly byStart: Map<bigint, number> }[] = [];

  constructor(
    encode: (row: number) => Uint8Array,
    newGroup: (baseKey: Uint8Array, start: bigint) => Group,
  ) {
    this.#encode = encode;
    this.#newGroup = newGroup;
  }

  /** @param base The number of the row's key; `undefined` if no other pane has this window. */
  indexOf(row: number, start: bigint, base: number | undefined): number {
    if (base === undefined) return this.groups.push(this.#newGroup(this.#encode(row), start)) - 1;
    const { key, byStart } = this.#bases[base] ??= { key: this.#encode(row), byStart: new Map() };
    let index = byStart.get(start);
    if (index === undefined) {
      index = this.groups.push(this.#newGroup(key, start)) - 1;
      byStart.set(start, index);
    }
    return index;
  }
}

/** Which of the panes of a batch have equal keys. */
function baseGroups(columns: readonly Column[], { firstRows, numGroups }: RowGroups): RowGroups {
  return groupRows(columns.map((column) => column.take(firstRows)), numGroups);
}

function paneColumn(times: EventTimes, numRows: number, spec: WindowSpec): Int64Column {
  const column = new Int64Column("long", 0);
  column.values = paneStarts(times, numRows, spec);
  column.words = new Int32Array(column.values.buffer);
  column.length = numRows;
  for (let row = 0; row < numRows; row++) {
    if (!times.isNull(row)) continue;
    column.validity ??= new Uint8Array(numRows).fill(1);
    column.validity[row] = 0;
    column.nullCount++;
  }
  return column;
}

/** Rows that may be in more groups than one. */
function manyMembers(
  groups: readonly Group[],
  sorted: Int32Array,
  windowsOf: readonly Windows[],
): GroupedRows {
  const late: number[] = [];
  for (let row = 0; row < sorted.length; row++) {
    if (windowsOf[sorted[row]!] === CLOSED) late.push(row);
  }
  return { groups, members: () => parts(sorted, windowsOf), late: Int32Array.from(late) };
}

function* parts(sorted: Int32Array, windowsOf: readonly Windows[]): Generator<Members> {
  const most = windowsOf.reduce<number>((most, of) => Math.max(most, numWindows(of)), 0);
  const capacity = Math.min(MEMBERS_PER_PART, sorted.length * most) + most;
  let groups = new Int32Array(capacity);
  let rows = new Int32Array(capacity);
  let length = 0;
  for (let row = 0; row < sorted.length; row++) {
    const windows = windowsOf[sorted[row]!]!;
    if (typeof windows === "number") continue;
    for (const group of windows) {
      groups[length] = group;
      rows[length++] = row;
    }
    if (length < MEMBERS_PER_PART) continue;
    yield { groups: groups.subarray(0, length), rows: rows.subarray(0, length) };
    groups = new Int32Array(capacity);
    rows = new Int32Array(capacity);
    length = 0;
  }
  if (length > 0) yield { groups: groups.subarray(0, length), rows: rows.subarray(0, length) };
}

function numWindows(windows: Windows): number {
  return typeof windows === "number" ? 0 : windows.length;
}
