import type { FieldJson, TypeJson } from "../../../lib/delta/protocol/schema_json.ts";
import type { BatchAnswer, OperatorAnswer, QueryAnswer } from "./query_answer.ts";

/** Where what we say of a query is not what Spark says, on purpose; its rows are the same. */
export interface Difference {
  readonly reason: string;
  /** An answer without what differs: what is left is the same in both. */
  readonly leaveOut: (answer: QueryAnswer) => QueryAnswer;
}

/** All there are. A query names those that may show in its answer. */
export const differences = {
  nullIsNoEventTime: {
    reason: "Spark counts a null as an event time of 1970 in min and avg of its progress " +
      "(EventTimeWatermarkExec reads the long of a null); we count times only",
    leaveOut: inEachBatch(({ eventTime: { min: _min, avg: _avg, ...eventTime }, ...batch }) => ({
      ...batch,
      eventTime,
    })),
  },
  meanOfTimesIsExact: {
    reason: "Spark's mean of the event times is that of whole milliseconds; ours of microseconds",
    leaveOut: inEachBatch(({ eventTime: { avg: _avg, ...eventTime }, ...batch }) => ({
      ...batch,
      eventTime,
    })),
  },
  oneStreamHasEventTimes: {
    reason: "of several streams Spark reports the event times of the first alone; we of all",
    leaveOut: inEachBatch(({ eventTime: { watermark = "" }, ...batch }) => ({
      ...batch,
      eventTime: { watermark },
    })),
  },
  windowsHaveBounds: {
    reason:
      "Spark says that a sliding window may be null, and start and end of any window where the " +
      "time may be; with us they never are, for rows without a time are in no window",
    leaveOut: ({ schema, batches }) => ({
      batches,
      schema: { ...schema, fields: schema.fields.map(withBounds) },
    }),
  },
  groupsHaveRows: {
    reason:
      "Spark says that an aggregate may be null whatever its column is; with us that of a column " +
      "without nulls may not, for a group has rows",
    leaveOut: ({ schema, batches }) => ({
      batches,
      schema: { ...schema, fields: schema.fields.map((field) => ({ ...field, nullable: true })) },
    }),
  },
  lateRowsAreCounted: {
    reason: "Spark drops late rows when it has grouped those of a batch, and counts groups; we " +
      "count rows. There are none with us if there are none with Spark",
    leaveOut: inEachOperator(({ numRowsDroppedByWatermark, ...operator }) => ({
      ...operator,
      numRowsDroppedByWatermark: Math.min(1, numRowsDroppedByWatermark),
    })),
  },
  lateRowsAreInNoWindow: {
    reason:
      "Spark counts the windows that a row is too late for, though it counts in later ones; " +
      "we count rows that are in none",
    leaveOut: inEachOperator((operator) => ({ ...operator, numRowsDroppedByWatermark: 0 })),
  },
  entriesAreCounted: {
    reason:
      "we count entries of the state: of a join all rows of a key are one, which Spark keeps in " +
      "four tables; a list has one for each batch, a distinct value its own, which Spark has within " +
      "the row of the group",
    leaveOut: inEachOperator(withoutCounts),
  },
  tablesAreKept: {
    reason: "Spark reads a table that stands still with every batch; we keep a copy as state",
    leaveOut: inEachBatch(({ operators, ...batch }) => ({
      ...batch,
      operators: operators.filter(({ operatorName }) => operatorName !== "staticJoin"),
    })),
  },
  sessionsAreWrittenOnce: {
    reason: "Spark writes all sessions of a key when one of them changes; we write that one",
    leaveOut: inEachOperator((operator) => ({ ...operator, numRowsUpdated: 0, numRowsRemoved: 0 })),
  },
} satisfies Readonly<Record<string, Difference>>;

function inEachBatch(change: (batch: BatchAnswer) => BatchAnswer): Difference["leaveOut"] {
  return ({ schema, batches }) => ({ schema, batches: batches.map(change) });
}

function inEachOperator(
  change: (operator: OperatorAnswer) => OperatorAnswer,
): Difference["leaveOut"] {
  return inEachBatch(({ operators, ...batch }) => ({ ...batch, operators: operators.map(change) }));
}

function withoutCounts(operator: OperatorAnswer): OperatorAnswer {
  return { ...operator, numRowsTotal: 0, numRowsUpdated: 0, numRowsRemoved: 0 };
}

function withBounds(field: FieldJson): FieldJson {
  const { type } = field;
  return isWindow(type)
    ? {
      ...field,
      nullable: false,
      type: { ...type, fields: type.fields.map((f) => ({ ...f, nullable: false })) },
    }
    : field;
}

function isWindow(type: TypeJson): type is Extract<TypeJson, { type: "struct" }> {
  return typeof type === "object" && type.type === "struct" &&
    type.fields.map(({ name }) => name).join() === "start,end";
}
