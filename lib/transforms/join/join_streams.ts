import { refuseUnknownOptions, type Schema, SluiceError, typeName } from "../../core/mod.ts";
import type { OperatorRun, StatefulOperator, StreamRows } from "../stateful_operator.ts";
import { refuseModesBut } from "../keyed/refuse_modes.ts";
import { JoinShape, joinType } from "./join_shape.ts";
import type { JoinSidePlan } from "./join_side.ts";
import { type JoinTimes, joinTimes } from "./join_times.ts";
import type { JoinedRow, JoinKey, JoinType } from "./joined_row.ts";
import { StreamJoinRun } from "./stream_join_run.ts";

/** How far apart the times of two rows may be that match. */
export interface JoinWithin<Left, Right> {
  /** A timestamp of the left rows. */
  readonly left: keyof Left & string;
  /** A timestamp of the right rows. */
  readonly right: keyof Right & string;
  /** The right time is at least the left time and this: `"-5 minutes"`. */
  readonly from: string;
  /** The right time is at most the left time and this: `"1 hour"`. */
  readonly to: string;
}

/** How two streams are joined. */
export interface JoinOptions<
  Left,
  Right,
  On extends readonly JoinKey<Left, Right>[],
  Type extends JoinType = "inner",
> {
  /** Which rows come out without a partner; default `inner`: none. */
  readonly type?: Type;
  /** The columns that are equal where rows match. Null equals nothing. */
  readonly on: On;
  /** How far apart in time rows that match may be; with watermarks it says when rows are forgotten. */
  readonly within?: JoinWithin<Left, Right>;
  /** SQL condition over the joined row that must be true too. */
  readonly where?: string;
}

/**
 * Joins two streams: each pair of rows that match comes out once, whichever came first, as in Spark's
 * stream-stream join. Of an outer join a row without a partner comes out once, as soon as none can come.
 *
 * A row is remembered until the watermark says that what could match it would come late: with an
 * event time among the keys when the watermark has reached it, with `within` when it has passed the
 * end of the bounds, and else for ever. Rows of a side with an event time that come behind the
 * watermark are late.
 *
 * The joined rows have the left columns, then the right ones without the keys of the same name. Their
 * watermark is about the event time of the left rows, or of the right ones where the left may be
 * missing, and is held back as long as rows are remembered; there is none where that has no end.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { joinStreams } from "./join_streams.ts";
 *
 * const Order = s.struct({ order_id: s.long(), ordered: s.timestamp() });
 * const Payment = s.struct({ order_id: s.long(), paid: s.timestamp() });
 * const orders = joinStreams(
 *   { schema: Order, eventTime: "ordered" },
 *   { schema: Payment, eventTime: "paid" },
 *   {
 *     type: "leftOuter",
 *     on: ["order_id"],
 *     within: { left: "ordered", right: "paid", from: "0 seconds", to: "1 hour" },
 *   },
 * );
 * deepEqual(orders.schema.fields.map(({ name }) => name), ["order_id", "ordered", "paid"]);
 * // An order without a payment comes out an hour late: so long its watermark is held back.
 * equal(orders.outputWatermark?.(7_200_000_000n), 3_599_999_000n);
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`, `UNKNOWN_OPTION`, `BAD_OPTION`, `BAD_EXPRESSION`;
 * `BAD_SCHEMA` for two columns of one name; `BAD_PIPELINE` for keys that cannot be compared and for an
 * outer join without a watermark that ends the wait.
 */
export function joinStreams<
  Left,
  Right,
  const On extends readonly JoinKey<Left, Right>[],
  Type extends JoinType = "inner",
>(
  left: StreamRows<Left>,
  right: StreamRows<Right>,
  options: JoinOptions<Left, Right, On, Type>,
): StatefulOperator<JoinedRow<Left, Right, On, Type>> {
  return planJoin(
    left as unknown as StreamRows,
    right as unknown as StreamRows,
    options as unknown as AnyOptions,
  ) as StatefulOperator<unknown> as StatefulOperator<JoinedRow<Left, Right, On, Type>>;
}

type AnyRow = Record<string, unknown>;
type AnyOptions = JoinOptions<AnyRow, AnyRow, readonly JoinKey<AnyRow, AnyRow>[], JoinType>;

const JOIN_TYPES: readonly JoinType[] = ["inner", "leftOuter", "rightOuter", "fullOuter"];

function planJoin(left: StreamRows, right: StreamRows, options: AnyOptions): StatefulOperator {
  const attempted = "join two streams";
  refuseUnknownOptions(attempted, options, ["type", "on", "within", "where"]);
  const { on, within, where } = options;
  const type = joinType(attempted, options.type, JOIN_TYPES);
  const shape = new JoinShape(attempted, left.schema, right.schema, { type, on, where });
  const times = joinTimes(attempted, left, right, shape, type, within);
  const plans = {
    left: sidePlan(left.schema, times.left, type === "leftOuter" || type === "fullOuter"),
    right: sidePlan(right.schema, times.right, type === "rightOuter" || type === "fullOuter"),
  };
  refuseEndlessWait(attempted, type, "left", plans.left);
  refuseEndlessWait(attempted, type, "right", plans.right);
  const held = times.heldBackMicros;
  return {
    name: "symmetricHashJoin",
    schema: shape.schema,
    eventTime: times.eventTime,
    keyColumns: [],
    stateDescription: describeJoin(type, shape, times, left.schema, right.schema, where),
    checkMode: refuseModesBut(
      type === "inner" ? "join" : `join of type "${type}"`,
      type === "inner" ? ["append", "update"] : ["append"],
      type === "inner"
        ? "complete takes a result that is kept as a whole: put an aggregation behind the join"
        : "a row without a partner comes out when that is certain, and never changes",
    ),
    outputWatermark: (micros) => micros > held ? micros - held : 0n,
    open: (state): OperatorRun => new StreamJoinRun(state, shape, times, plans),
  };
}

function sidePlan(schema: Schema, times: JoinSidePlan["times"], isOuter: boolean): JoinSidePlan {
  return { schema, times, isOuter };
}

function refuseEndlessWait(
  attempted: string,
  type: JoinType,
  side: "left" | "right",
  { isOuter, times }: JoinSidePlan,
): void {
  if (!isOuter || times.expiry !== undefined) return;
  const other = side === "left" ? "right" : "left";
  throw new SluiceError("BAD_PIPELINE", {
    attempted: `${attempted} with type "${type}"`,
    found: `nothing that says when a ${side} row has no partner to come`,
    wanted: `a watermark on the ${other} rows, and its column in "within" or among the keys`,
    hint: `put withWatermark on the ${other} stream and say how far the times may be apart: ` +
      'within: { left: …, right: …, from: "0 seconds", to: "1 hour" }',
  });
}

/** Whatever changes what is kept, or which of it has matched. */
function describeJoin(
  type: JoinType,
  { leftKeys, rightKeys }: JoinShape,
  { left, right, fromMicros, toMicros }: JoinTimes,
  leftSchema: Schema,
  rightSchema: Schema,
  where: string | undefined,
): string {
  const keys = leftKeys.map(({ name }, i) => `${name} = ${rightKeys[i]!.name}`).join(", ");
  const within = left.within === undefined
    ? ""
    : ` within ${right.within} - ${left.within} in [${fromMicros}, ${toMicros}] us`;
  const until = [left.expiry, right.expiry].map((column) => column ?? "ever").join(" and ");
  const condition = where === undefined ? "" : ` where ${where}`;
  return `symmetricHashJoin ${type} on ${keys}${within}${condition} until ${until} of ` +
    `${typeName(leftSchema.type)} and ${typeName(rightSchema.type)}`;
}
