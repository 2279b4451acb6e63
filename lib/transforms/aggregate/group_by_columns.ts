import type { Batch } from "../../core/mod.ts";
import { groupRows, KeyCodec, type StateTable } from "../../state/mod.ts";
import { watermarkTimes } from "../windows/event_times.ts";
import type { GroupKeys } from "./group_keys.ts";
import { CLOSED, type Group, type GroupedRows, type Grouping, singleMembers } from "./grouping.ts";

/** Groups by columns alone; where the event time is one of them, the watermark closes groups by it. */
export function groupByColumns(keys: GroupKeys, table: StateTable): Grouping {
  const codec = new KeyCodec(keys.columns.map((column) => column.type));
  const eventTime = keys.columns.findIndex((column) => column.name === keys.eventTime);
  return {
    group(batch, lateMicros) {
      const columns = keys.columns.map((column) => batch.columns[column.index]!);
      const sorted = groupRows(columns, batch.numRows);
      const times = eventTime < 0 ? undefined : watermarkTimes(columns[eventTime]!);
      const groupOf = new Int32Array(sorted.numGroups);
      const groups: Group[] = [];
      sorted.firstRows.forEach((row, i) => {
        const end = times === undefined || times.isNull(row) ? undefined : times.micros[row];
        if (lateMicros !== undefined && end !== undefined && end <= lateMicros) {
          groupOf[i] = CLOSED;
          return;
        }
        groupOf[i] = groups.length;
        groups.push(groupOfKey(codec.encode(columns, row), end, table));
      });
      if (columns.length === 0) addOnlyGroup(groups, batch, codec, table);
      return singleMembers(groups, sorted.groupOf, groupOf) satisfies GroupedRows;
    },
  };
}

/** Without keys there is one group, in its first batch even if it has no row. */
function addOnlyGroup(groups: Group[], batch: Batch, codec: KeyCodec, table: StateTable): void {
  if (groups.length > 0 || batch.numRows > 0 || table.numRows > 0) return;
  groups.push(groupOfKey(codec.encodeValues([]), undefined, table));
}

function groupOfKey(key: Uint8Array, endMicros: bigint | undefined, table: StateTable): Group {
  const value = table.get(key);
  const kept = value === undefined ? [] : [{ key, value, window: undefined }];
  return { key, window: undefined, endMicros, kept };
}
