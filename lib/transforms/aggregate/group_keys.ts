import { type Schema, SluiceError, type StructField, type StructType } from "../../core/mod.ts";
import type { StreamRows } from "../stateful_operator.ts";
import { timeType } from "../windows/event_times.ts";
import { SessionWindowSpec } from "../windows/session_window_spec.ts";
import { WindowSpec } from "../windows/window_spec.ts";
import { isComparable } from "./compare_rows.ts";
import { type InputColumn, inputColumn, unfitColumn } from "./input_column.ts";

/** The windows among the keys that rows are grouped by. */
export interface WindowKey {
  /** Which windows. */
  readonly spec: WindowSpec | SessionWindowSpec;
  /** The column with the times of rows. */
  readonly column: InputColumn;
  /** Which of the keys it is. */
  readonly at: number;
}

/** What rows are grouped by, with its types settled. */
export interface GroupKeys {
  /** The columns of the result that keys make, in order. */
  readonly fields: readonly StructField[];
  /** The keys that are columns of the input, in order. */
  readonly columns: readonly InputColumn[];
  /** The key that is windows, if there is one. */
  readonly window: WindowKey | undefined;
  /** The key that the watermark closes groups by, if there is one. */
  readonly eventTime: string | undefined;
}

/**
 * Finds the columns of group keys and settles their types.
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_PIPELINE` for maps, for windows of a column without
 * times, and for more windows than one.
 */
export function bindGroupKeys(
  input: StreamRows,
  keys: readonly (string | WindowSpec | SessionWindowSpec)[],
): GroupKeys {
  const attempted = "group rows";
  const fields: StructField[] = [];
  const columns: InputColumn[] = [];
  let window: WindowKey | undefined;
  keys.forEach((key, at) => {
    if (!isWindow(key)) {
      const column = inputColumn(input.schema, key, attempted);
      if (!isComparable(column.type)) {
        throw unfitColumn(attempted, column, "a column without maps, which cannot be told apart");
      }
      columns.push(column);
      fields.push(fieldOf(key, column.type, column.nullable));
    } else {
      if (window !== undefined) throw twoWindows(window.spec, key);
      window = bindWindow(input.schema, key, at);
      fields.push(fieldOf(key.name, windowType(window.column), false));
    }
  });
  return { fields, columns, window, eventTime: eventTimeKey(input, window, columns) };
}

/** As text, for what state is of: `symbol string, window(ts, 600000000, 600000000, 0)`. */
export function describeKeys({ columns, window }: GroupKeys): string {
  const texts = columns.map((column) => column.description);
  if (window !== undefined) texts.splice(window.at, 0, String(window.spec));
  return texts.join(", ");
}

function isWindow(
  key: string | WindowSpec | SessionWindowSpec,
): key is WindowSpec | SessionWindowSpec {
  return key instanceof WindowSpec || key instanceof SessionWindowSpec;
}

function bindWindow(schema: Schema, spec: WindowSpec | SessionWindowSpec, at: number): WindowKey {
  const attempted = `group rows by ${spec.kind === "window" ? "window" : "sessionWindow"}`;
  const column = inputColumn(schema, spec.column, attempted);
  if (timeType(column.type) === undefined) {
    throw unfitColumn(attempted, column, "a timestamp, or a column of windows");
  }
  return { spec, column, at };
}

function windowType({ type }: InputColumn): StructType {
  const time = timeType(type)!;
  return { type: "struct", fields: [fieldOf("start", time, false), fieldOf("end", time, false)] };
}

/** Windows of the event time carry the watermark on, and so does the event time itself. */
function eventTimeKey(
  { eventTime }: StreamRows,
  window: WindowKey | undefined,
  columns: readonly InputColumn[],
): string | undefined {
  if (eventTime === undefined) return undefined;
  if (window?.column.name === eventTime) return window.spec.name;
  return columns.find((column) => column.name === eventTime)?.name;
}

function fieldOf(name: string, type: StructField["type"], nullable: boolean): StructField {
  return { name, type, nullable, sourceName: name };
}

function twoWindows(
  first: WindowSpec | SessionWindowSpec,
  second: WindowSpec | SessionWindowSpec,
): SluiceError {
  return new SluiceError("BAD_PIPELINE", {
    attempted: "group rows",
    found: `${first} and ${second}`,
    wanted: "one window among the keys",
    hint: "group by one, and its result by the other",
  });
}

/** The error for append mode where no watermark says that a group is complete. */
export function cannotClose({ eventTime }: StreamRows, keys: GroupKeys): SluiceError {
  const otherModes = 'take outputMode "update" or "complete"';
  return new SluiceError("BAD_PIPELINE", {
    attempted: "aggregate rows in output mode append",
    where: `groupBy(${describeKeys(keys)})`,
    found: eventTime === undefined
      ? "no watermark: no group is ever complete"
      : `no key that the watermark of column "${eventTime}" could close`,
    wanted: "windows of a column with a watermark among the keys",
    hint: eventTime === undefined
      ? `call withWatermark before groupBy and group by window of that column, or ${otherModes}`
      : `group by window("${eventTime}", …), or ${otherModes}`,
  });
}
