import { type Batch, type Schema, SluiceError } from "../../core/mod.ts";
import { groupRows, KeyCodec, type StateTables } from "../../state/mod.ts";
import { type InputColumn, inputColumn } from "../aggregate/input_column.ts";
import type {
  BatchContext,
  OperatorRun,
  StatefulOperator,
  StatefulResult,
  StreamRows,
} from "../stateful_operator.ts";
import { describeColumns, keyColumns } from "./key_columns.ts";
import { splitLate, timesOf } from "./late_rows.ts";
import { refuseModesBut } from "./refuse_modes.ts";

/**
 * Keeps the first row of each key and drops those that come after it, as Spark does: the columns are
 * the key, all of them if none is named, and nulls are alike. With the event time among them a key is
 * forgotten once the watermark has passed it, for whatever came then would be late; else keys are
 * remembered for ever. Where there is a watermark, rows that come behind it are late.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { dropDuplicates } from "./drop_duplicates.ts";
 *
 * const Trade = s.struct({ id: s.long(), at: s.timestamp(), price: s.double() });
 * const once = dropDuplicates({ schema: Trade, eventTime: "at" }, ["id", "at"]);
 * deepEqual(once.keyColumns, ["id", "at"]);
 * deepEqual(once.stateDescription, "dedupe by id long, at timestamp until at");
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_OPTION` for a column named twice; `BAD_PIPELINE` for
 * one with maps.
 */
export function dropDuplicates<Row>(
  input: StreamRows<Row>,
  columns?: readonly (keyof Row & string)[],
): StatefulOperator<Row> {
  const names = columns ?? input.schema.fields.map(({ name }) => name);
  const { eventTime } = input;
  if (eventTime === undefined || !(names as readonly string[]).includes(eventTime)) {
    return firstOfEachKey(input, names, { name: "dedupe", keyColumns: names });
  }
  return firstOfEachKey(input, names, {
    name: "dedupe",
    keyColumns: names,
    expiry: (batch) => {
      const times = timesOf(batch.column(eventTime));
      return (row) => times.isNull(row) ? undefined : times.values[row];
    },
  });
}

/**
 * Keeps the first row of each key and drops those that come until the watermark has passed its event
 * time and the delay of `withWatermark`: duplicates that are no further apart than that delay are
 * dropped for sure. A row without an event time is remembered as one of 1970 would be, as in Spark.
 *
 * @throws {SluiceError} `BAD_PIPELINE` without a watermark; else as `dropDuplicates`.
 */
export function dropDuplicatesWithinWatermark<Row>(
  input: StreamRows<Row>,
  columns?: readonly (keyof Row & string)[],
): StatefulOperator<Row> {
  const { eventTime, delayMicros } = input;
  if (eventTime === undefined || delayMicros === undefined) {
    throw new SluiceError("BAD_PIPELINE", {
      attempted: "drop duplicates within the watermark",
      found: "rows without a watermark",
      wanted: "withWatermark before it, and its column still there",
    });
  }
  const names = columns ?? input.schema.fields.map(({ name }) => name);
  return firstOfEachKey(input, names, {
    name: "dedupeWithinWatermark",
    // The same key comes again when the first is forgotten.
    keyColumns: [],
    expiry: (batch) => {
      const times = timesOf(batch.column(eventTime));
      return (row) => (times.isNull(row) ? 0n : times.values[row]!) + delayMicros;
    },
  });
}

/** What tells the two kinds apart. */
interface DedupeKind {
  readonly name: string;
  readonly keyColumns: readonly string[];
  /** When the key of a row of the batch is forgotten; absent, or `undefined` for a row: never. */
  readonly expiry?: (batch: Batch) => (row: number) => bigint | undefined;
}

function firstOfEachKey<Row>(
  input: StreamRows<Row>,
  names: readonly string[],
  kind: DedupeKind,
): StatefulOperator<Row> {
  const schema = input.schema as unknown as Schema;
  const attempted = "drop duplicates";
  const keys = keyColumns(schema, names, attempted);
  const { eventTime } = input;
  if (eventTime !== undefined) inputColumn(schema, eventTime, attempted);
  const forgets = kind.expiry === undefined ? "" : ` until ${eventTime}`;
  return {
    name: kind.name,
    schema: input.schema,
    eventTime,
    keyColumns: kind.keyColumns,
    onlyAdds: true,
    stateDescription: `${kind.name} by ${describeColumns(keys)}${forgets}`,
    checkMode: refuseModesBut(
      kind.name === "dedupe" ? "dropDuplicates" : "dropDuplicatesWithinWatermark",
      ["append", "update"],
      "complete writes the whole result anew with every batch, and these rows are not kept: " +
        "put an aggregation behind it",
    ),
    open: (state) =>
      new DedupeRun(state, {
        keys,
        late: eventTime === undefined ? [] : [eventTime],
        expiry: kind.expiry,
      }) as OperatorRun<unknown> as OperatorRun<Row>,
  };
}

interface DedupePlan {
  readonly keys: readonly InputColumn[];
  readonly late: readonly string[];
  readonly expiry: DedupeKind["expiry"];
}

const NOTHING = new Uint8Array();

class DedupeRun implements OperatorRun {
  readonly #table;
  readonly #plan: DedupePlan;
  readonly #codec: KeyCodec;

  constructor(state: StateTables, plan: DedupePlan) {
    this.#table = state.table("keys");
    this.#plan = plan;
    this.#codec = new KeyCodec(plan.keys.map(({ type }) => type));
  }

  apply([batch]: readonly Batch[], context: BatchContext): StatefulResult {
    const { keys, expiry } = this.#plan;
    const { inTime, late } = splitLate(batch!, this.#plan.late, context.lateMicros);
    const columns = keys.map(({ index }) => inTime.columns[index]!);
    const { numGroups, firstRows } = groupRows(columns, inTime.numRows);
    const expiryOf = expiry?.(inTime);
    const kept = new Int32Array(numGroups);
    let numKept = 0;
    for (const row of firstRows) {
      const key = this.#codec.encode(columns, row);
      if (this.#table.putIfAbsent(key, NOTHING, expiryOf?.(row))) kept[numKept++] = row;
    }
    if (expiry !== undefined) this.#table.removeUpTo(context.watermarkMicros);
    return {
      batch: numKept === inTime.numRows ? inTime : inTime.take(kept.subarray(0, numKept)),
      ...(late === undefined ? {} : { late: [late] }),
    };
  }
}
