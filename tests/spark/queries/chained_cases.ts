import { avg, count, sessionWindow, sum, window } from "../../../lib/transforms/mod.ts";
import { differences } from "./differences.ts";
import type { QueryCase } from "./query_case.ts";

const {
  entriesAreCounted,
  lateRowsAreCounted,
  nullIsNoEventTime,
  oneStreamHasEventTimes,
  windowsHaveBounds,
} = differences;

/** Operators with state behind others, each with the watermark that those before it leave. */
export const chainedCases: readonly QueryCase[] = [
  {
    name: "duplicates dropped, then windows",
    spark: `trades.withWatermark("at", "10 seconds").dropDuplicates(["id", "at"])
      .groupBy("symbol", window("at", "10 seconds")).agg(count("*").alias("trades"), sum("price").alias("price"))`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "10 seconds").dropDuplicates("id", "at")
        .groupBy("symbol", window("at", "10 seconds"))
        .agg({ trades: count(), price: sum("price") }),
    differences: [nullIsNoEventTime, windowsHaveBounds, lateRowsAreCounted],
  },
  {
    name: "duplicates dropped within the watermark, then windows in update mode",
    outputMode: "update",
    spark: `trades.withWatermark("at", "5 seconds").dropDuplicatesWithinWatermark(["id"])
      .groupBy(window("at", "10 seconds")).count()`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "5 seconds").dropDuplicatesWithinWatermark("id")
        .groupBy(window("at", "10 seconds")).count(),
    differences: [nullIsNoEventTime, windowsHaveBounds, lateRowsAreCounted],
  },
  {
    name: "an inner join, then windows",
    spark:
      `trades.where("at IS NOT NULL").select("id", "at", "symbol").withWatermark("at", "10 seconds").join(
      payments.where("trade IS NOT NULL AND paid IS NOT NULL").withWatermark("paid", "6 seconds"),
      expr("id = trade AND paid BETWEEN at - INTERVAL 3 SECONDS AND at + INTERVAL 8 SECONDS"))
      .drop("paid").groupBy("symbol", window("at", "5 seconds")).agg(
        count("*").alias("payments"), sum("amount").alias("amount"))`,
    ours: ({ trades, payments }) =>
      trades.where("at IS NOT NULL").select("id", "at", "symbol").withWatermark("at", "10 seconds")
        .join(
          payments.where("trade IS NOT NULL AND paid IS NOT NULL").withWatermark(
            "paid",
            "6 seconds",
          ),
          {
            on: [{ left: "id", right: "trade" }],
            within: { left: "at", right: "paid", from: "-3 seconds", to: "8 seconds" },
          },
        )
        .groupBy("symbol", window("at", "5 seconds"))
        .agg({ payments: count(), amount: sum("amount") }),
    differences: [entriesAreCounted, oneStreamHasEventTimes, windowsHaveBounds, lateRowsAreCounted],
  },
  {
    name: "a leftOuter join, then windows",
    spark:
      `trades.where("at IS NOT NULL").select("id", "at").withWatermark("at", "10 seconds").join(
      payments.where("trade IS NOT NULL AND paid IS NOT NULL").withWatermark("paid", "6 seconds"),
      expr("id = trade AND paid BETWEEN at AND at + INTERVAL 4 SECONDS"), "leftOuter")
      .drop("paid").groupBy(window("at", "5 seconds")).agg(
        count("*").alias("trades"), count("payment").alias("payments"))`,
    ours: ({ trades, payments }) =>
      trades.where("at IS NOT NULL").select("id", "at").withWatermark("at", "10 seconds")
        .join(
          payments.where("trade IS NOT NULL AND paid IS NOT NULL").withWatermark(
            "paid",
            "6 seconds",
          ),
          {
            type: "leftOuter",
            on: [{ left: "id", right: "trade" }],
            within: { left: "at", right: "paid", from: "0 seconds", to: "4 seconds" },
          },
        )
        .groupBy(window("at", "5 seconds"))
        .agg({ trades: count(), payments: count("payment") }),
    differences: [entriesAreCounted, oneStreamHasEventTimes, windowsHaveBounds, lateRowsAreCounted],
  },
  {
    name: "duplicates dropped on both sides of a join",
    spark:
      `trades.where("at IS NOT NULL").select("id", "at").withWatermark("at", "10 seconds").dropDuplicates()
      .join(payments.where("trade IS NOT NULL AND paid IS NOT NULL").withWatermark("paid", "6 seconds")
          .dropDuplicatesWithinWatermark(["trade"]),
        expr("id = trade AND paid BETWEEN at - INTERVAL 5 SECONDS AND at + INTERVAL 5 SECONDS"), "leftOuter")`,
    ours: ({ trades, payments }) =>
      trades.where("at IS NOT NULL").select("id", "at").withWatermark("at", "10 seconds")
        .dropDuplicates()
        .join(
          payments.where("trade IS NOT NULL AND paid IS NOT NULL").withWatermark(
            "paid",
            "6 seconds",
          )
            .dropDuplicatesWithinWatermark("trade"),
          {
            type: "leftOuter",
            on: [{ left: "id", right: "trade" }],
            within: { left: "at", right: "paid", from: "-5 seconds", to: "5 seconds" },
          },
        ),
    differences: [entriesAreCounted, oneStreamHasEventTimes],
  },
  {
    name: "windows of windows",
    spark: `trades.withWatermark("at", "5 seconds").groupBy("symbol", window("at", "5 seconds"))
      .agg(sum("volume").alias("volume"))
      .groupBy(window("window", "20 seconds")).agg(
        count("*").alias("groups"), avg("volume").alias("volume"))`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "5 seconds").groupBy("symbol", window("at", "5 seconds"))
        .agg({ volume: sum("volume") })
        .groupBy(window("window", "20 seconds").as("window"))
        .agg({ groups: count(), volume: avg("volume") }),
    differences: [nullIsNoEventTime, windowsHaveBounds, lateRowsAreCounted],
  },
  {
    name: "sessions, then windows of them",
    spark:
      `trades.withWatermark("at", "5 seconds").groupBy("symbol", session_window("at", "3 seconds"))
      .agg(count("*").alias("trades"))
      .groupBy(window("session_window", "30 seconds")).agg(
        count("*").alias("sessions"), sum("trades").alias("trades"))`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "5 seconds").groupBy("symbol", sessionWindow("at", "3 seconds"))
        .agg({ trades: count() })
        .groupBy(window("session_window", "30 seconds"))
        .agg({ sessions: count(), trades: sum("trades") }),
    differences: [
      nullIsNoEventTime,
      windowsHaveBounds,
      lateRowsAreCounted,
      differences.sessionsAreWrittenOnce,
      differences.groupsHaveRows,
    ],
  },
];
