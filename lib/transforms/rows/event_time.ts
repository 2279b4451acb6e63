import {
  badOption,
  type Column,
  type Int64Column,
  parseDuration,
  type Schema,
  SluiceError,
  typeName,
} from "../../core/mod.ts";
import { allRows, type EventTimeStats, type Operator } from "../operator.ts";

/** The operator of `withWatermark`: it looks at rows and lets them pass. */
export interface EventTimeOperator<Row = Record<string, unknown>> extends Operator<Row, Row> {
  /** The column that holds when a row happened. */
  readonly column: string;
  /** How far the watermark stays behind the latest event time, in milliseconds. */
  readonly delayMs: number;
}

/**
 * Notes the event times of rows, from which the watermark is made: their latest less the delay, in
 * whole milliseconds as in Spark. Rows pass as they are; null is no event time.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../../core/mod.ts";
 * import { eventTimeOf } from "./event_time.ts";
 *
 * const Trade = s.struct({ id: s.long(), at: s.timestamp() });
 * const batch = new Batch(Trade);
 * batch.append({ id: 1n, at: 5_000_999n });
 * batch.append({ id: 2n, at: 3_000_000n });
 *
 * const operator = eventTimeOf(Trade, "at", "2 seconds");
 * deepEqual(operator.delayMs, 2_000);
 * deepEqual(operator.apply(batch).eventTimes, { count: 2, minMs: 3_000, maxMs: 5_000, avgMs: 4_000.4995 });
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_SCHEMA` for a column that is no timestamp; `BAD_OPTION`
 * for a delay that is no length of time, or a negative one.
 */
export function eventTimeOf<Row>(
  schema: Schema<Row>,
  column: keyof Row & string,
  delayThreshold: string,
): EventTimeOperator<Row> {
  const index = timestampColumn(schema as unknown as Schema, column);
  return {
    schema,
    column,
    delayMs: delayOf(delayThreshold),
    passes: (name) => name,
    apply(batch) {
      const eventTimes = statsOf(batch.columns[index]!);
      return {
        batch,
        origins: allRows(batch),
        rejections: [],
        ...(eventTimes === undefined ? {} : { eventTimes }),
      };
    },
  };
}

function statsOf(column: Column): EventTimeStats | undefined {
  const { values } = column as Int64Column;
  let count = 0;
  let min = 0n;
  let max = 0n;
  let base = 0;
  let sum = 0;
  for (let row = 0; row < column.length; row++) {
    if (column.isNull(row)) continue;
    const value = values[row]!;
    if (count === 0) {
      min = max = value;
      base = Number(value);
    } else if (value < min) min = value;
    else if (value > max) max = value;
    // Differences are small, so that the sum of many stays exact enough.
    sum += Number(value) - base;
    count++;
  }
  if (count === 0) return undefined;
  return { count, minMs: floorMs(min), maxMs: floorMs(max), avgMs: (base + sum / count) / 1000 };
}

/** Whole milliseconds of microseconds, rounded down before 1970 too. */
function floorMs(micros: bigint): number {
  const ms = micros / 1000n;
  return Number(micros < 0n && ms * 1000n !== micros ? ms - 1n : ms);
}

function timestampColumn(schema: Schema, column: string): number {
  const attempted = `take the event time from column "${column}"`;
  const index = schema.fields.findIndex((field) => field.name === column);
  if (index < 0) {
    throw new SluiceError("UNKNOWN_COLUMN", {
      attempted,
      found: `columns ${schema.fields.map((field) => field.name).join(", ")}`,
    });
  }
  const { type } = schema.fields[index]!;
  if (type === "timestamp") return index;
  throw new SluiceError("BAD_SCHEMA", {
    attempted,
    found: typeName(type),
    wanted: "timestamp",
    hint: 'make one of it before: withColumn("at", s.timestamp(), "CAST(… AS TIMESTAMP)")',
  });
}

function delayOf(delayThreshold: string): number {
  const micros = parseDuration(delayThreshold, "make a watermark");
  if (micros < 0n) {
    const wanted = 'a length of time of 0 or more, such as "10 minutes"';
    throw badOption("make a watermark", "delayThreshold", JSON.stringify(delayThreshold), wanted);
  }
  return floorMs(micros);
}
