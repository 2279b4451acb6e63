import { differences } from "./differences.ts";
import { atTheWatermark } from "./handmade_rows.ts";
import type { QueryCase } from "./query_case.ts";

const { nullIsNoEventTime } = differences;

/** Duplicates that are dropped. */
export const duplicateCases: readonly QueryCase[] = [
  {
    name: "duplicates by a key, for ever",
    spark: `trades.dropDuplicates(["id"]).select("id", "quantity")`,
    ours: ({ trades }) => trades.dropDuplicates("id").select("id", "quantity"),
  },
  {
    name: "duplicates in all columns",
    spark: `trades.drop("bytes").dropDuplicates().select("id", "quantity", "ratio")`,
    ours: ({ trades }) => trades.drop("bytes").dropDuplicates().select("id", "quantity", "ratio"),
  },
  {
    name: "duplicates by keys with nulls, zeros and NaN, in update mode",
    outputMode: "update",
    spark: `trades.dropDuplicates(["ratio", "symbol"]).select("id", "ratio", "symbol")`,
    ours: ({ trades }) => trades.dropDuplicates("ratio", "symbol").select("id", "ratio", "symbol"),
  },
  {
    name: "duplicates by a key and the event time",
    spark: `trades.withWatermark("at", "10 seconds").dropDuplicates(["id", "at"])
      .select("id", "at", "quantity")`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "10 seconds").dropDuplicates("id", "at")
        .select("id", "at", "quantity"),
    differences: [nullIsNoEventTime],
  },
  {
    name: "duplicates by a key, behind a watermark that is no part of it",
    spark: `trades.withWatermark("at", "10 seconds").dropDuplicates(["symbol", "flag", "level"])
      .select("id", "at", "quantity")`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "10 seconds").dropDuplicates("symbol", "flag", "level")
        .select("id", "at", "quantity"),
    differences: [nullIsNoEventTime],
  },
  {
    name: "duplicates within the watermark",
    spark: `trades.withWatermark("at", "10 seconds").dropDuplicatesWithinWatermark(["id"])
      .select("id", "at", "quantity")`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "10 seconds").dropDuplicatesWithinWatermark("id")
        .select("id", "at", "quantity"),
    differences: [nullIsNoEventTime],
  },
  {
    name: "duplicates within a short watermark, by a key that comes again",
    spark:
      `trades.withWatermark("at", "2 seconds").dropDuplicatesWithinWatermark(["symbol", "flag"])
      .select("id", "at", "quantity")`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "2 seconds").dropDuplicatesWithinWatermark("symbol", "flag")
        .select("id", "at", "quantity"),
    differences: [nullIsNoEventTime],
  },
  {
    name: "rows at the watermark, to the microsecond",
    rows: atTheWatermark,
    spark:
      `trades.withWatermark("at", "10 seconds").dropDuplicates(["id", "at"]).select("id", "at")`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "10 seconds").dropDuplicates("id", "at").select("id", "at"),
    differences: [differences.meanOfTimesIsExact],
  },
];
