import {
  badOption,
  Batch,
  describeValue,
  errorText,
  type OutputMode,
  refuseUnknownOptions,
  type Schema,
  SluiceError,
  typeName,
} from "../../core/mod.ts";
import { groupRows, KeyCodec, RowCodec, type StateTables } from "../../state/mod.ts";
import { type InputColumn, inputColumn } from "../aggregate/input_column.ts";
import type {
  BatchContext,
  OperatorRun,
  StatefulOperator,
  StatefulResult,
  StreamRows,
} from "../stateful_operator.ts";
import { type GroupState, GroupStateOfCall, type GroupStateTimeout } from "./group_state.ts";
import { describeColumns, keyColumns } from "./key_columns.ts";
import { splitLate } from "./late_rows.ts";
import { refuseModesBut } from "./refuse_modes.ts";

/** What a function with state of groups keeps and makes. */
export interface GroupStateOptions<State, Out> {
  /** What is remembered of each group. */
  readonly state: Schema<State>;
  /** The rows that the function returns. */
  readonly output: Schema<Out>;
  /** Whether and how groups time out; absent: they do not. */
  readonly timeout?: GroupStateTimeout;
}

/**
 * Called for a group that has rows in a batch, in the order of their arrival, and for one that has
 * timed out, without rows: makes rows and changes the state. It must depend on what it is given only,
 * for a batch that is replayed must come out as before.
 */
export type GroupFunction<Row, Key extends keyof Row, State, Out> = (
  key: Pick<Row, Key>,
  rows: Iterable<Row>,
  state: GroupState<State>,
) => Iterable<Out>;

/**
 * Hands the rows of each group, with what is remembered of it, to a function of the user's, as Spark
 * does: first the groups that have rows in the batch, in the order of their first rows, then those
 * that time out.
 *
 * A group times out when the watermark, or the processing time of a batch, is past the time that the
 * function set. With `timeout: "eventTime"` rows behind the watermark are late; without, they are
 * handed over too. In update mode the output must have the columns of the key, and a row of the
 * output stands for its key.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { flatMapGroupsWithState } from "./flat_map_groups_with_state.ts";
 *
 * const Click = s.struct({ user: s.string(), page: s.string() });
 * const Total = s.struct({ user: s.string(), clicks: s.long() });
 * const totals = flatMapGroupsWithState(
 *   { schema: Click },
 *   ["user"],
 *   { state: s.struct({ clicks: s.long() }), output: Total },
 *   ({ user }, rows, state) => {
 *     let { clicks } = state.getOption() ?? { clicks: 0n };
 *     for (const _row of rows) clicks++;
 *     state.update({ clicks });
 *     return [{ user, clicks }];
 *   },
 * );
 * deepEqual(totals.keyColumns, ["user"]);
 * totals.checkMode("update");
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`, `UNKNOWN_OPTION`, `BAD_OPTION`; `BAD_PIPELINE` for a key with
 * maps, or a timeout by event time without a watermark. A batch fails with
 * `GROUP_FUNCTION_FAILED`, which names the group, if the function throws, or returns anything but rows
 * of the output, or leaves a state that is no row of its schema.
 */
export function flatMapGroupsWithState<Row, const Key extends keyof Row & string, State, Out>(
  input: StreamRows<Row>,
  keys: readonly Key[],
  options: GroupStateOptions<State, Out>,
  change: GroupFunction<Row, Key, State, Out>,
): StatefulOperator<Out> {
  const attempted = "call a function for groups with state";
  refuseUnknownOptions(attempted, options, ["state", "output", "timeout"]);
  const schema = input.schema as unknown as Schema;
  const key = keyColumns(schema, keys, attempted);
  const { state, output, timeout } = options;
  if (timeout !== undefined && timeout !== "eventTime" && timeout !== "processingTime") {
    throw badOption(attempted, "timeout", String(timeout), '"eventTime" or "processingTime"');
  }
  if (input.eventTime !== undefined) inputColumn(schema, input.eventTime, attempted);
  if (timeout === "eventTime" && input.eventTime === undefined) {
    throw new SluiceError("BAD_PIPELINE", {
      attempted,
      found: 'timeout: "eventTime" and rows without a watermark',
      wanted: "withWatermark before it, and its column still there",
    });
  }
  const hasKeys = key.every(({ name }) => output.fields.some((field) => field.name === name));
  const plan = {
    key,
    state: state as unknown as Schema,
    output: output as unknown as Schema,
    timeout,
    eventTime: input.eventTime,
    change: change as unknown as GroupPlan["change"],
  };
  return {
    name: "flatMapGroupsWithState",
    schema: output,
    // What the function makes of a time is not known: no watermark goes on from here, as in Spark.
    keyColumns: hasKeys ? keys : [],
    stateDescription: `flatMapGroupsWithState by ${describeColumns(key)}, timeout ` +
      `${timeout ?? "none"}, state ${typeName(state.type)}`,
    checkMode: refuseModesBut(
      "flatMapGroupsWithState",
      hasKeys ? ["append", "update"] : ["append"],
      "update takes an output with all columns of the key, and complete a result that is kept as a whole",
    ),
    open: (tables, mode) =>
      new GroupsRun(tables, mode, plan) as OperatorRun<unknown> as OperatorRun<Out>,
  };
}

interface GroupPlan {
  readonly key: readonly InputColumn[];
  readonly state: Schema;
  readonly output: Schema;
  readonly timeout: GroupStateTimeout | undefined;
  readonly eventTime: string | undefined;
  readonly change: GroupFunction<Record<string, unknown>, string, unknown, Record<string, unknown>>;
}

/** One call of the function. */
interface GroupCall {
  readonly key: Uint8Array;
  /** The state in bytes; empty or `undefined` if there is none. */
  readonly known: Uint8Array | undefined;
  readonly rows: Iterable<Record<string, unknown>>;
  readonly hasTimedOut: boolean;
}

/** The entry of a group that has a timeout but no state. */
const NO_STATE = new Uint8Array();

class GroupsRun implements OperatorRun {
  readonly #table;
  readonly #mode: OutputMode;
  readonly #plan: GroupPlan;
  readonly #keys: KeyCodec;
  readonly #states: RowCodec;

  constructor(tables: StateTables, mode: OutputMode, plan: GroupPlan) {
    this.#table = tables.table("groups");
    this.#mode = mode;
    this.#plan = plan;
    this.#keys = new KeyCodec(plan.key.map(({ type }) => type));
    this.#states = new RowCodec(plan.state);
  }

  apply([batch]: readonly Batch[], context: BatchContext): StatefulResult {
    const { timeout, eventTime } = this.#plan;
    const { inTime, late } = timeout === "eventTime"
      ? splitLate(batch!, [eventTime!], context.lateMicros)
      : { inTime: batch! };
    const output = new Batch(this.#plan.output);
    this.#callForRows(inTime, context, output);
    if (timeout !== undefined) this.#callForTimeouts(context, output);
    if (this.#mode === "update") this.#refuseKeysTwice(output);
    return { batch: output, ...(late === undefined ? {} : { late: [late] }) };
  }

  isDue(nowMs: number): boolean {
    if (this.#plan.timeout !== "processingTime") return false;
    const earliest = this.#table.earliestMicros();
    return earliest !== undefined && earliest < BigInt(nowMs) * 1000n;
  }

  #callForRows(batch: Batch, context: BatchContext, output: Batch): void {
    const columns = this.#plan.key.map(({ index }) => batch.columns[index]!);
    const groups = groupRows(columns, batch.numRows);
    const { rows, starts } = groups.byGroup();
    for (let group = 0; group < groups.numGroups; group++) {
      const key = this.#keys.encode(columns, groups.firstRows[group]!);
      const rowsOfGroup = rows.subarray(starts[group]!, starts[group + 1]!);
      this.#call(
        {
          key,
          known: this.#table.get(key),
          rows: { [Symbol.iterator]: () => rowsAt(batch, rowsOfGroup) },
          hasTimedOut: false,
        },
        context,
        output,
      );
    }
  }

  /** Behind the rows, so that a group that has some can put its timeout off. */
  #callForTimeouts(context: BatchContext, output: Batch): void {
    const now = this.#plan.timeout === "eventTime"
      ? context.watermarkMicros
      : BigInt(context.timestampMs) * 1000n;
    // Past the time, not at it.
    for (const { key, value } of this.#table.upTo(now - 1n)) {
      this.#call({ key, known: value, rows: [], hasTimedOut: true }, context, output);
    }
  }

  #call({ key, known, rows, hasTimedOut }: GroupCall, context: BatchContext, output: Batch): void {
    const { change, eventTime, timeout } = this.#plan;
    const values = this.#keys.decodeValues(key);
    const hadState = known !== undefined && known.length > 0;
    try {
      const state = new GroupStateOfCall<unknown>({
        state: hadState ? this.#states.decodeRow(known) : undefined,
        hasTimedOut,
        timeout,
        watermarkMicros: eventTime === undefined ? undefined : context.watermarkMicros,
        processingTimeMs: context.timestampMs,
      });
      const keyRow = Object.fromEntries(this.#plan.key.map(({ name }, i) => [name, values[i]]));
      for (const row of iterable(change(keyRow, rows, state))) output.append(row);
      this.#keep(key, known, state);
    } catch (cause) {
      // A state that cannot be read or written is none of the function's doing.
      if (cause instanceof SluiceError && cause.code.startsWith("STATE_")) throw cause;
      throw new SluiceError("GROUP_FUNCTION_FAILED", {
        attempted: "call the function of flatMapGroupsWithState",
        where: `the group ${this.#describeKey(values)}`,
        found: errorText(cause),
        hint: "mend the function; the query goes on from here when it is restarted",
        cause,
      });
    }
  }

  /** A call without a timeout takes an earlier one away, as in Spark. */
  #keep(key: Uint8Array, known: Uint8Array | undefined, state: GroupStateOfCall<unknown>): void {
    const { timeoutMicros } = state;
    if (!state.isChanged && this.#plan.timeout === undefined) return;
    if (!state.exists && timeoutMicros === undefined) {
      if (known !== undefined) this.#table.remove(key);
      return;
    }
    const bytes = !state.isChanged
      ? known ?? NO_STATE
      : state.exists
      ? this.#states.encodeRow(state.get() as Record<string, unknown>)
      : NO_STATE;
    this.#table.put(key, bytes, timeoutMicros);
  }

  #refuseKeysTwice(output: Batch): void {
    const columns = this.#plan.key.map(({ name }) => output.column(name));
    const groups = groupRows(columns, output.numRows);
    if (groups.numGroups === output.numRows) return;
    const row = groups.groupOf.findIndex((group, i) => groups.firstRows[group] !== i);
    throw new SluiceError("GROUP_FUNCTION_FAILED", {
      attempted: "call the function of flatMapGroupsWithState in update mode",
      where: this.#describeKey(columns.map((column) => column.get(row))),
      found: "two rows of this key in one batch",
      wanted: "one row at most, which stands for its key",
      hint: 'return one row for each group, or use outputMode "append"',
    });
  }

  #describeKey(values: readonly unknown[]): string {
    return this.#plan.key.map(({ name }, i) => `${name} = ${describeValue(values[i])}`).join(", ");
  }
}

function* rowsAt(batch: Batch, rows: Int32Array): Generator<Record<string, unknown>> {
  for (const row of rows) yield batch.row(row);
}

/** What the function returned, if rows can be taken from it. */
function iterable(result: unknown): Iterable<Record<string, unknown>> {
  if (typeof result === "object" && result !== null && Symbol.iterator in result) {
    return result as Iterable<Record<string, unknown>>;
  }
  throw new SluiceError("BAD_VALUE", {
    attempted: "take rows from the function",
    found: result instanceof Promise ? "a promise" : describeValue(result),
    wanted: "an array of rows, or anything else to iterate over; [] for none",
    ...(result instanceof Promise ? { hint: "the function must not be async" } : {}),
  });
}
