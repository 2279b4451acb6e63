import type { Batch } from "../../core/mod.ts";
import { ByteReader, groupRows, KeyCodec, type StateTable } from "../../state/mod.ts";
import type { GroupKeys } from "../aggregate/group_keys.ts";
import {
  CLOSED,
  type Group,
  type GroupedRows,
  type Grouping,
  type KeptGroup,
  NO_GROUP,
  singleMembers,
} from "../aggregate/grouping.ts";
import { keyWithTime } from "../aggregate/key_with.ts";
import { allRows } from "../operator.ts";
import { type EventTimes, eventTimes } from "./event_times.ts";
import type { SessionWindowSpec } from "./session_window_spec.ts";
import { refuseOutside } from "./window_panes.ts";
import type { WindowRow } from "./window_spec.ts";

/**
 * Groups by columns and sessions. The key of a group is that of the columns, and behind it the start
 * that the session had when it was first written: it stays when a session grows, and one that takes
 * in others keeps the key of the first of them. Its state begins with its window. A row is late if
 * the window that it would open alone is closed.
 */
export function groupBySession(
  keys: GroupKeys,
  spec: SessionWindowSpec,
  table: StateTable,
): Grouping {
  return new SessionGrouping(keys, spec, table);
}

/** A session that is being put together, of what is kept and of rows `[from, to)` in their order. */
interface OpenSession {
  readonly start: bigint;
  end: bigint;
  readonly from: number;
  to: number;
  readonly kept: KeptGroup[];
}

class SessionGrouping implements Grouping {
  readonly #keys: GroupKeys;
  readonly #spec: SessionWindowSpec;
  readonly #table: StateTable;
  readonly #codec: KeyCodec;
  readonly #hasWatermark: boolean;

  constructor(keys: GroupKeys, spec: SessionWindowSpec, table: StateTable) {
    this.#keys = keys;
    this.#spec = spec;
    this.#table = table;
    this.#codec = new KeyCodec(keys.columns.map((column) => column.type));
    this.#hasWatermark = keys.eventTime === spec.name;
  }

  group(batch: Batch, lateMicros: bigint | undefined): GroupedRows {
    const columns = this.#keys.columns.map((column) => batch.columns[column.index]!);
    const times = eventTimes(batch.columns[this.#keys.window!.column.index]!);
    const groupOf = this.#withoutSession(times, batch.numRows, lateMicros);
    const groups: Group[] = [];
    const sorted = groupRows(columns, batch.numRows);
    const { rows, starts } = sorted.byGroup();
    for (let i = 0; i < sorted.numGroups; i++) {
      const ofKey = rows.subarray(starts[i], starts[i + 1]).filter((row) => groupOf[row] === 0);
      if (ofKey.length === 0) continue;
      sortByTime(ofKey, times.micros);
      const key = this.#codec.encode(columns, ofKey[0]!);
      for (const session of this.#sessions(key, ofKey, times.micros)) {
        for (let at = session.from; at < session.to; at++) groupOf[ofKey[at]!] = groups.length;
        groups.push(this.#groupOf(key, session));
      }
    }
    return singleMembers(groups, allRows(batch), groupOf);
  }

  /** For each row `CLOSED` or `NO_GROUP` if it is in no session, else 0. */
  #withoutSession(times: EventTimes, numRows: number, lateMicros: bigint | undefined): Int32Array {
    const groupOf = new Int32Array(numRows);
    for (let row = 0; row < numRows; row++) {
      if (times.isNull(row)) groupOf[row] = NO_GROUP;
      else if (lateMicros === undefined) continue;
      else if (times.micros[row]! + this.#spec.gapMicros <= lateMicros) groupOf[row] = CLOSED;
    }
    return groupOf;
  }

  /** The sessions that rows of one key, in the order of their times, open or come into. */
  #sessions(key: Uint8Array, rows: Int32Array, micros: BigInt64Array): OpenSession[] {
    const pieces = this.#piecesOf(rows, micros);
    for (const { key: keptKey, value } of this.#table.withPrefix(key)) {
      const window = keptSession(value);
      pieces.push({ ...window, from: 0, to: 0, kept: [{ key: keptKey, value, window }] });
    }
    pieces.sort((a, b) => a.start < b.start ? -1 : a.start > b.start ? 1 : 0);
    const sessions: OpenSession[] = [];
    for (const piece of pieces) {
      const session = sessions.at(-1);
      if (session === undefined || piece.start > session.end) sessions.push(piece);
      else sessions[sessions.length - 1] = joined(session, piece);
    }
    return sessions.filter(({ from, to }) => from < to);
  }

  /** The sessions of rows alone. */
  #piecesOf(rows: Int32Array, micros: BigInt64Array): OpenSession[] {
    const { gapMicros, column } = this.#spec;
    const pieces: OpenSession[] = [];
    let last: OpenSession | undefined;
    for (let at = 0; at < rows.length; at++) {
      const start = micros[rows[at]!]!;
      const end = start + gapMicros;
      if (last !== undefined && start <= last.end) {
        last.end = end;
        last.to = at + 1;
      } else {
        last = { start, end, from: at, to: at + 1, kept: [] };
        pieces.push(last);
      }
    }
    for (const { start, end } of pieces) refuseOutside(start, end, column);
    return pieces;
  }

  #groupOf(baseKey: Uint8Array, { start, end, kept }: OpenSession): Group {
    const key = kept[0]?.key ?? keyWithTime(baseKey, start);
    return { key, window: { start, end }, endMicros: this.#hasWatermark ? end : undefined, kept };
  }
}

/** The window of a session, as its state begins with it. */
export function keptSession(value: Uint8Array): WindowRow {
  const state = new ByteReader(value);
  return { start: state.int64(), end: state.int64() };
}

/** Two sessions that overlap or touch as one; the first begins first. */
function joined(first: OpenSession, second: OpenSession): OpenSession {
  const rows = [first, second].filter(({ from, to }) => from < to);
  return {
    start: first.start,
    end: first.end > second.end ? first.end : second.end,
    from: rows[0]?.from ?? 0,
    to: rows.at(-1)?.to ?? 0,
    kept: [...first.kept, ...second.kept],
  };
}

function sortByTime(rows: Int32Array, micros: BigInt64Array): void {
  let isSorted = true;
  for (let i = 1; i < rows.length && isSorted; i++) {
    isSorted = micros[rows[i - 1]!]! <= micros[rows[i]!]!;
  }
  if (isSorted) return;
  rows.sort((a, b) => {
    const left = micros[a]!;
    const right = micros[b]!;
    return left < right ? -1 : left > right ? 1 : 0;
  });
}
