import { type JoinType, sum, window } from "../../../lib/transforms/mod.ts";
import { type CaseRows, randomRows } from "./case_rows.ts";
import { differences } from "./differences.ts";
import { payment, streamsOf, trade } from "./handmade_rows.ts";
import type { QueryCase } from "./query_case.ts";

const { entriesAreCounted, oneStreamHasEventTimes } = differences;

/** Joins of two streams, and of a stream with a table. */
export const joinCases: readonly QueryCase[] = [
  {
    name: "an inner join without watermarks",
    spark: `trades.select("id", "symbol", "quantity").join(payments, expr("id = trade"))`,
    ours: ({ trades, payments }) =>
      trades.select("id", "symbol", "quantity")
        .join(payments, { on: [{ left: "id", right: "trade" }] }),
    differences: [entriesAreCounted],
  },
  {
    name: "an inner join by a column of the same name",
    spark: `trades.select("id", "symbol", "quantity").join(
      payments.select("payment", col("trade").alias("id")), "id")`,
    ours: ({ trades, payments }) =>
      trades.select("id", "symbol", "quantity").join(
        payments.select("payment", "trade").withColumnRenamed("trade", "id"),
        { on: ["id"] },
      ),
    differences: [entriesAreCounted],
  },
  ...(["inner", "leftOuter", "rightOuter", "fullOuter"] as const).map(boundedJoin),
  {
    name: "a leftOuter join with a condition beside the times",
    spark:
      `trades.where("at IS NOT NULL").select("id", "at", "quantity").withWatermark("at", "4 seconds").join(
      payments.where("trade IS NOT NULL AND paid IS NOT NULL AND amount IS NOT NULL")
        .withWatermark("paid", "8 seconds"),
      expr("id = trade AND paid >= at AND paid <= at + INTERVAL 5 SECONDS AND quantity * 500 > amount"),
      "leftOuter")`,
    ours: ({ trades, payments }) =>
      trades.where("at IS NOT NULL").select("id", "at", "quantity").withWatermark("at", "4 seconds")
        .join(
          payments.where("trade IS NOT NULL AND paid IS NOT NULL AND amount IS NOT NULL")
            .withWatermark("paid", "8 seconds"),
          {
            type: "leftOuter",
            on: [{ left: "id", right: "trade" }],
            within: { left: "at", right: "paid", from: "0 seconds", to: "5 seconds" },
            where: "quantity * 500 > amount",
          },
        ),
    differences: [entriesAreCounted, oneStreamHasEventTimes],
  },
  {
    name: "a fullOuter join by an event time that is a key",
    spark:
      `trades.where("at IS NOT NULL").select("id", "at").withWatermark("at", "10 seconds").join(
      payments.where("paid IS NOT NULL").select("payment", "paid").withWatermark("paid", "5 seconds"),
      expr("at = paid"), "fullOuter")`,
    ours: ({ trades, payments }) =>
      trades.where("at IS NOT NULL").select("id", "at").withWatermark("at", "10 seconds").join(
        payments.where("paid IS NOT NULL").select("payment", "paid")
          .withWatermark("paid", "5 seconds"),
        { type: "fullOuter", on: [{ left: "at", right: "paid" }] },
      ),
    differences: [entriesAreCounted, oneStreamHasEventTimes],
  },
  {
    name: "a leftOuter join of streams that pause",
    rows: (seed) => pausing(randomRows(seed)),
    spark:
      `trades.where("at IS NOT NULL").select("id", "at").withWatermark("at", "10 seconds").join(
      payments.where("trade IS NOT NULL AND paid IS NOT NULL").withWatermark("paid", "6 seconds"),
      expr("id = trade AND paid BETWEEN at - INTERVAL 3 SECONDS AND at + INTERVAL 8 SECONDS"),
      "leftOuter")`,
    ours: ({ trades, payments }) =>
      trades.where("at IS NOT NULL").select("id", "at").withWatermark("at", "10 seconds").join(
        payments.where("trade IS NOT NULL AND paid IS NOT NULL").withWatermark("paid", "6 seconds"),
        {
          type: "leftOuter",
          on: [{ left: "id", right: "trade" }],
          within: { left: "at", right: "paid", from: "-3 seconds", to: "8 seconds" },
        },
      ),
    differences: [entriesAreCounted, oneStreamHasEventTimes],
  },
  {
    ...boundedJoin("fullOuter"),
    name: "a fullOuter join at the bounds of its times, to the microsecond",
    rows: streamsOf(
      [
        [trade(1n, 30), trade(8n, 30.0005)],
        [trade(2n, 47.5)],
        [trade(3n, 47.5005)],
        [trade(4n, 47.501)],
        [trade(5n, 49)],
        [trade(6n, 60)],
        [trade(7n, 100)],
      ],
      [
        [payment(1n, 43, 9n)],
        [payment(2n, 43.5, 9n)],
        [payment(3n, 43.501, 9n)],
        [payment(4n, 48, 9n)],
        [payment(5n, 57, 6n), payment(6n, 56.999999, 6n)],
        [payment(7n, 67.5, 6n), payment(8n, 67.500001, 6n)],
        [payment(9n, 100, 9n)],
      ],
    ),
  },
  {
    name: "an inner join with a table",
    spark:
      `trades.select("id", "symbol").join(listings, "symbol").select("id", "symbol", "name", "lot")`,
    ours: ({ trades, listings }) =>
      trades.select("id", "symbol").joinStatic(listings, { on: ["symbol"] }),
    differences: [differences.tablesAreKept],
  },
  {
    name: "a leftOuter join with a table, the watermark passing through",
    spark: `trades.withWatermark("at", "10 seconds").join(listings, "symbol", "leftOuter")
      .groupBy("name", window("at", "10 seconds")).agg(sum("lot").alias("lots"))`,
    ours: ({ trades, listings }) =>
      trades.withWatermark("at", "10 seconds")
        .joinStatic(listings, { type: "leftOuter", on: ["symbol"] })
        .groupBy("name", window("at", "10 seconds")).agg({ lots: sum("lot") }),
    differences: [
      differences.tablesAreKept,
      differences.lateRowsAreCounted,
      differences.nullIsNoEventTime,
      differences.windowsHaveBounds,
    ],
  },
];

/** Either stream ends before the other once; both have rows in the first batch of each round. */
function pausing({ rounds: [first, second], listings }: CaseRows): CaseRows {
  return {
    listings,
    rounds: [
      { trades: first!.trades, payments: first!.payments.slice(0, 2) },
      { trades: second!.trades.slice(0, 2), payments: second!.payments },
    ],
  };
}

/** Payments from 3 s before to 7.5 s behind their trade. */
function boundedJoin(type: JoinType): QueryCase {
  return {
    name: `a join of type ${type} with times that are near each other`,
    spark:
      `trades.where("at IS NOT NULL").select("id", "at", "quantity").withWatermark("at", "10 seconds").join(
      payments.where("trade IS NOT NULL AND paid IS NOT NULL").withWatermark("paid", "6 seconds"),
      expr("id = trade AND paid BETWEEN at - INTERVAL 3 SECONDS AND at + INTERVAL 7500 MILLISECONDS"),
      "${type}")`,
    ours: ({ trades, payments }) =>
      trades.where("at IS NOT NULL").select("id", "at", "quantity").withWatermark(
        "at",
        "10 seconds",
      )
        .join(
          payments.where("trade IS NOT NULL AND paid IS NOT NULL").withWatermark(
            "paid",
            "6 seconds",
          ),
          {
            type,
            on: [{ left: "id", right: "trade" }],
            within: { left: "at", right: "paid", from: "-3 seconds", to: "7500 ms" },
          },
        ),
    differences: [entriesAreCounted, oneStreamHasEventTimes],
  };
}
