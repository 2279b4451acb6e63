import {
  avg,
  collectList,
  collectSet,
  count,
  countDistinct,
  first,
  last,
  max,
  min,
  sessionWindow,
  sum,
  window,
} from "../../../lib/transforms/mod.ts";
import { movedRows, randomRows } from "./case_rows.ts";
import { differences } from "./differences.ts";
import { atTheWatermark } from "./handmade_rows.ts";
import type { QueryCase } from "./query_case.ts";

const {
  entriesAreCounted,
  lateRowsAreCounted,
  lateRowsAreInNoWindow,
  nullIsNoEventTime,
  sessionsAreWrittenOnce,
  windowsHaveBounds,
} = differences;

/** Aggregations, by windows and without. */
export const windowCases: readonly QueryCase[] = [
  {
    name: "tumbling windows, with sums and means of every type",
    spark:
      `trades.withWatermark("at", "10 seconds").groupBy("symbol", window("at", "10 seconds")).agg(
      count("*").alias("trades"), count("price").alias("prices"),
      sum("price").alias("price"), avg("price").alias("mean_price"),
      sum("huge").alias("huge"), avg("huge").alias("mean_huge"),
      sum("quantity").alias("quantity"), avg("quantity").alias("mean_quantity"),
      sum("level").alias("level"), avg("level").alias("mean_level"),
      sum("big").alias("big"),
      sum("volume").alias("volume"), avg("volume").alias("mean_volume"),
      sum("weight").alias("weight"), avg("weight").alias("mean_weight"))`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "10 seconds").groupBy("symbol", window("at", "10 seconds")).agg({
        trades: count(),
        prices: count("price"),
        price: sum("price"),
        mean_price: avg("price"),
        huge: sum("huge"),
        mean_huge: avg("huge"),
        quantity: sum("quantity"),
        mean_quantity: avg("quantity"),
        level: sum("level"),
        mean_level: avg("level"),
        big: sum("big"),
        volume: sum("volume"),
        mean_volume: avg("volume"),
        weight: sum("weight"),
        mean_weight: avg("weight"),
      }),
    differences: [nullIsNoEventTime, windowsHaveBounds, lateRowsAreCounted],
  },
  {
    name: "tumbling windows, with the least and the greatest of every type",
    spark: `trades.withWatermark("at", "10 seconds").groupBy(window("at", "10 seconds")).agg(
      min("symbol").alias("symbol"), max("symbol").alias("last_symbol"),
      min("at").alias("at"), max("at").alias("last_at"),
      min("price").alias("price"), max("price").alias("last_price"),
      min("huge").alias("huge"), max("level").alias("level"), max("big").alias("big"),
      min("ratio").alias("ratio"), max("ratio").alias("last_ratio"), max("weight").alias("weight"),
      min("flag").alias("flag"), max("flag").alias("last_flag"),
      min("day").alias("day"), max("bytes").alias("bytes"), min("id").alias("id"))`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "10 seconds").groupBy(window("at", "10 seconds")).agg({
        symbol: min("symbol"),
        last_symbol: max("symbol"),
        at: min("at"),
        last_at: max("at"),
        price: min("price"),
        last_price: max("price"),
        huge: min("huge"),
        level: max("level"),
        big: max("big"),
        ratio: min("ratio"),
        last_ratio: max("ratio"),
        weight: max("weight"),
        flag: min("flag"),
        last_flag: max("flag"),
        day: min("day"),
        bytes: max("bytes"),
        id: min("id"),
      }),
    differences: [
      nullIsNoEventTime,
      windowsHaveBounds,
      lateRowsAreCounted,
      differences.groupsHaveRows,
    ],
  },
  {
    name: "tumbling windows, with first, last, lists, sets and distinct counts",
    spark: `trades.withWatermark("at", "10 seconds").groupBy(window("at", "10 seconds")).agg(
      first("quantity").alias("first_quantity"), last("quantity").alias("last_quantity"),
      min_by("symbol", "id").alias("first_symbol"), max_by("price", "at").alias("last_price"),
      collect_list("id").alias("ids"), collect_list("price").alias("prices"),
      sort_array(collect_set("symbol")).alias("symbols"),
      size(collect_set("quantity")).cast("long").alias("quantities"))`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "10 seconds").groupBy(window("at", "10 seconds")).agg({
        first_quantity: first("quantity"),
        last_quantity: last("quantity"),
        first_symbol: first("symbol", "id"),
        last_price: last("price", "at"),
        ids: collectList("id"),
        prices: collectList("price"),
        symbols: collectSet("symbol"),
        quantities: countDistinct("quantity"),
      }),
    differences: [nullIsNoEventTime, windowsHaveBounds, lateRowsAreCounted, entriesAreCounted],
  },
  {
    name: "tumbling windows in update mode",
    outputMode: "update",
    spark:
      `trades.withWatermark("at", "10 seconds").groupBy("symbol", window("at", "10 seconds")).agg(
      count("*").alias("trades"), sum("price").alias("price"))`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "10 seconds").groupBy("symbol", window("at", "10 seconds"))
        .agg({ trades: count(), price: sum("price") }),
    differences: [nullIsNoEventTime, windowsHaveBounds, lateRowsAreCounted],
  },
  {
    name: "tumbling windows in complete mode",
    outputMode: "complete",
    spark:
      `trades.withWatermark("at", "10 seconds").groupBy("flag", window("at", "10 seconds")).agg(
      count("*").alias("trades"), max("big").alias("big"))`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "10 seconds").groupBy("flag", window("at", "10 seconds"))
        .agg({ trades: count(), big: max("big") }),
    differences: [nullIsNoEventTime, windowsHaveBounds],
  },
  {
    name: "sliding windows that start at an odd time",
    spark: `trades.withWatermark("at", "5 seconds")
      .groupBy(window("at", "20 seconds", "7 seconds", "3 seconds"), "flag").agg(
        count("*").alias("trades"), sum("quantity").alias("quantity"))`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "5 seconds")
        .groupBy(window("at", "20 seconds", "7 seconds", "3 seconds"), "flag")
        .agg({ trades: count(), quantity: sum("quantity") }),
    differences: [nullIsNoEventTime, windowsHaveBounds, lateRowsAreInNoWindow],
  },
  {
    name: "sliding windows in update mode",
    outputMode: "update",
    spark:
      `trades.withWatermark("at", "5 seconds").groupBy(window("at", "12 seconds", "4 seconds")).agg(
      count("*").alias("trades"), collect_list("id").alias("ids"))`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "5 seconds").groupBy(window("at", "12 seconds", "4 seconds"))
        .agg({ trades: count(), ids: collectList("id") }),
    differences: [nullIsNoEventTime, windowsHaveBounds, lateRowsAreInNoWindow, entriesAreCounted],
  },
  {
    name: "tumbling windows in which each row is a group of its own",
    spark: `payments.where("paid IS NOT NULL").withWatermark("paid", "5 seconds")
      .groupBy("payment", window("paid", "10 seconds")).count()`,
    ours: ({ payments }) =>
      payments.where("paid IS NOT NULL").withWatermark("paid", "5 seconds")
        .groupBy("payment", window("paid", "10 seconds")).count(),
    differences: [differences.meanOfTimesIsExact, windowsHaveBounds],
  },
  {
    name: "windows that end at the watermark, to the microsecond",
    rows: atTheWatermark,
    spark: `trades.withWatermark("at", "10 seconds").groupBy(window("at", "5 seconds")).agg(
      collect_list("id").alias("ids"))`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "10 seconds").groupBy(window("at", "5 seconds"))
        .agg({ ids: collectList("id") }),
    differences: [
      differences.meanOfTimesIsExact,
      windowsHaveBounds,
      entriesAreCounted,
    ],
  },
  {
    name: "windows of times before 1970",
    rows: (seed) => movedRows(randomRows(seed + 1), -1_704_067_230_000_000n),
    spark: `trades.where("at IS NOT NULL").withWatermark("at", "5 seconds")
      .groupBy(window("at", "10 seconds")).agg(count("*").alias("trades"), max("at").alias("at"))`,
    ours: ({ trades }) =>
      trades.where("at IS NOT NULL").withWatermark("at", "5 seconds")
        .groupBy(window("at", "10 seconds"))
        .agg({ trades: count(), at: max("at") }),
    differences: [differences.meanOfTimesIsExact, lateRowsAreCounted, windowsHaveBounds],
  },
  {
    name: "groups by the event time itself",
    spark: `trades.withWatermark("at", "10 seconds").groupBy("at").count()`,
    ours: ({ trades }) => trades.withWatermark("at", "10 seconds").groupBy("at").count(),
    differences: [nullIsNoEventTime, lateRowsAreCounted],
  },
  {
    name: "groups by columns of every type, without a watermark",
    outputMode: "update",
    spark: `trades.groupBy("ratio", "flag", "day").agg(count("*").alias("trades"))`,
    ours: ({ trades }) => trades.groupBy("ratio", "flag", "day").agg({ trades: count() }),
  },
  {
    name: "groups by columns of more types, without a watermark",
    outputMode: "update",
    spark:
      `trades.groupBy("bytes", "level", "huge").agg(count("*").alias("trades"), first("id").alias("id"))`,
    ours: ({ trades }) =>
      trades.groupBy("bytes", "level", "huge").agg({ trades: count(), id: first("id") }),
    differences: [differences.groupsHaveRows],
  },
  {
    name: "one group of all rows, in complete mode",
    outputMode: "complete",
    spark: `trades.groupBy().agg(count("*").alias("trades"), sum("price").alias("price"),
      max("symbol").alias("symbol"), collect_list("quantity").alias("quantities"))`,
    ours: ({ trades }) =>
      trades.groupBy().agg({
        trades: count(),
        price: sum("price"),
        symbol: max("symbol"),
        quantities: collectList("quantity"),
      }),
    differences: [entriesAreCounted],
  },
  {
    name: "sessions",
    spark:
      `trades.withWatermark("at", "10 seconds").groupBy("symbol", session_window("at", "4 seconds")).agg(
      count("*").alias("trades"), sum("price").alias("price"), sum("quantity").alias("quantity"),
      max("big").alias("big"))`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "10 seconds").groupBy("symbol", sessionWindow("at", "4 seconds"))
        .agg({
          trades: count(),
          price: sum("price"),
          quantity: sum("quantity"),
          big: max("big"),
        }),
    differences: [nullIsNoEventTime, windowsHaveBounds, lateRowsAreCounted, sessionsAreWrittenOnce],
  },
  {
    name: "sessions in complete mode",
    outputMode: "complete",
    spark:
      `trades.withWatermark("at", "10 seconds").groupBy("flag", session_window("at", "3 seconds")).agg(
      count("*").alias("trades"), avg("quantity").alias("quantity"))`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "10 seconds").groupBy("flag", sessionWindow("at", "3 seconds"))
        .agg({ trades: count(), quantity: avg("quantity") }),
    differences: [nullIsNoEventTime, windowsHaveBounds, lateRowsAreCounted, sessionsAreWrittenOnce],
  },
];
