import { avg, sum, window } from "../../../lib/transforms/mod.ts";
import type { CaseRows } from "./case_rows.ts";
import { onlyTrades, payment, streamsOf, trade } from "./handmade_rows.ts";
import type { QueryCase } from "./query_case.ts";

/** A query that we answer otherwise than Spark, on purpose. */
export interface DifferentCase extends QueryCase {
  readonly reason: string;
  readonly rows: () => CaseRows;
  /** The rows of each batch, as texts. */
  readonly ourRows: readonly (readonly string[])[];
  /** Those of Spark. */
  readonly sparkRows: readonly (readonly string[])[];
}

/** All there are, with both answers. */
export const differentCases: readonly DifferentCase[] = [
  {
    name: "a filter behind a watermark",
    reason:
      "Spark's optimizer moves filters, and that a key is not null, in front of the watermark, " +
      "which then does not see the rows that are left out; with us it sees all that come by it",
    rows: onlyTrades(
      [trade(1n, 10), trade(2n, 100, { quantity: 0 })],
      [trade(3n, 11)],
      [trade(4n, 12)],
      [trade(5n, 200)],
    ),
    spark: `trades.withWatermark("at", "10 seconds").where("quantity > 0")
      .groupBy(window("at", "10 seconds")).count()`,
    ours: ({ trades }) =>
      trades.withWatermark("at", "10 seconds").where("quantity > 0")
        .groupBy(window("at", "10 seconds")).count(),
    ourRows: [[], ['[{"start":10000000,"end":20000000}, 2]'], [], [], []],
    sparkRows: [[], [], [], [], ['[{"start":10000000,"end":20000000}, 3]']],
  },
  {
    name: "keys that are null in a fullOuter join",
    reason:
      "null equals nothing, in SQL as with us; Spark finds rows by the bytes of their keys, and " +
      "only in inner, left and right joins are those with nulls left out before",
    rows: streamsOf([[trade(1n, null), trade(2n, 10)]], [[payment(1n, null), payment(2n, 10)]]),
    spark: `trades.select("id", "at").withWatermark("at", "5 seconds").join(
      payments.select("payment", "paid").withWatermark("paid", "5 seconds"), expr("at = paid"), "fullOuter")`,
    ours: ({ trades, payments }) =>
      trades.select("id", "at").withWatermark("at", "5 seconds").join(
        payments.select("payment", "paid").withWatermark("paid", "5 seconds"),
        { type: "fullOuter", on: [{ left: "at", right: "paid" }] },
      ),
    ourRows: [["[1, null, null, null]", "[2, 10000000, 2, 10000000]", "[null, null, 1, null]"], []],
    sparkRows: [["[1, null, 1, null]", "[2, 10000000, 2, 10000000]"], []],
  },
  {
    name: "rows without an event time in an outer join",
    reason: "such a row has no partner: it comes out at once; Spark keeps it for ever, since no " +
      "watermark passes it",
    rows: streamsOf([[trade(1n, null), trade(2n, 10)], [trade(3n, 100)]], [
      [payment(1n, 10)],
      [payment(9n, 100)],
    ]),
    spark: `trades.select("id", "at").withWatermark("at", "5 seconds").join(
      payments.select("payment", "trade", "paid").withWatermark("paid", "5 seconds"),
      expr("id = trade AND paid BETWEEN at AND at + INTERVAL 5 SECONDS"), "leftOuter")`,
    ours: ({ trades, payments }) =>
      trades.select("id", "at").withWatermark("at", "5 seconds").join(
        payments.select("payment", "trade", "paid").withWatermark("paid", "5 seconds"),
        {
          type: "leftOuter",
          on: [{ left: "id", right: "trade" }],
          within: { left: "at", right: "paid", from: "0 seconds", to: "5 seconds" },
        },
      ),
    ourRows: [["[1, null, null, null, null]"], [], ["[2, 10000000, null, null, null]"]],
    sparkRows: [[], [], ["[2, 10000000, null, null, null]"]],
  },
  {
    name: "a condition on one side of an outer join",
    reason: "Spark sees at once that a row can match nothing; we say so when the watermark does",
    rows: streamsOf([[trade(1n, 10, { quantity: 0 })], [trade(2n, 100)]], [
      [payment(1n, 10)],
      [payment(9n, 100)],
    ]),
    spark: `trades.select("id", "at", "quantity").withWatermark("at", "5 seconds").join(
      payments.select("payment", "trade", "paid").withWatermark("paid", "5 seconds"),
      expr("id = trade AND paid BETWEEN at AND at + INTERVAL 5 SECONDS AND quantity > 0"), "leftOuter")`,
    ours: ({ trades, payments }) =>
      trades.select("id", "at", "quantity").withWatermark("at", "5 seconds").join(
        payments.select("payment", "trade", "paid").withWatermark("paid", "5 seconds"),
        {
          type: "leftOuter",
          on: [{ left: "id", right: "trade" }],
          within: { left: "at", right: "paid", from: "0 seconds", to: "5 seconds" },
          where: "quantity > 0",
        },
      ),
    ourRows: [[], [], ["[1, 10000000, 0, null, null, null]"]],
    sparkRows: [["[1, 10000000, 0, null, null, null]"], [], []],
  },
  {
    name: "two watermarks behind a restart",
    reason:
      "Spark forgets what each stream had reached, and waits for rows of both; we keep it, so " +
      "that a restart changes nothing",
    rows: () => ({
      listings: [],
      rounds: [
        { trades: [[trade(1n, 50)]], payments: [[payment(1n, 100)]] },
        { trades: [[trade(2n, 120)]], payments: [] },
      ],
    }),
    spark: `trades.select("id", "at").withWatermark("at", "10 seconds").join(
      payments.select("payment", "trade", "paid").withWatermark("paid", "10 seconds"),
      expr("id = trade AND paid BETWEEN at AND at + INTERVAL 5 SECONDS"), "leftOuter")`,
    ours: ({ trades, payments }) =>
      trades.select("id", "at").withWatermark("at", "10 seconds").join(
        payments.select("payment", "trade", "paid").withWatermark("paid", "10 seconds"),
        {
          type: "leftOuter",
          on: [{ left: "id", right: "trade" }],
          within: { left: "at", right: "paid", from: "0 seconds", to: "5 seconds" },
        },
      ),
    ourRows: [[], [], [], ["[1, 50000000, null, null, null]"]],
    sparkRows: [[], [], []],
  },
  {
    name: "windows behind a join that keeps the other side for longer",
    reason:
      "the watermark of joined rows is held back for as long as the rows are kept whose time it " +
      "is about; with Spark for as long as those of either side are",
    rows: streamsOf(
      [[trade(1n, 30)], [trade(2n, 60)], [trade(3n, 200)]],
      [[payment(1n, 30)], [payment(2n, 55)], [payment(3n, 190)]],
    ),
    spark: `trades.select("id", "at").withWatermark("at", "0 seconds").join(
      payments.select("payment", "trade", "paid").withWatermark("paid", "0 seconds"),
      expr("id = trade AND paid BETWEEN at - INTERVAL 40 SECONDS AND at + INTERVAL 1 SECOND"))
      .drop("paid").groupBy(window("at", "10 seconds")).count()`,
    ours: ({ trades, payments }) =>
      trades.select("id", "at").withWatermark("at", "0 seconds").join(
        payments.select("payment", "trade", "paid").withWatermark("paid", "0 seconds"),
        {
          on: [{ left: "id", right: "trade" }],
          within: { left: "at", right: "paid", from: "-40 seconds", to: "1 second" },
        },
      ).groupBy(window("at", "10 seconds")).count(),
    ourRows: [
      [],
      [],
      ['[{"start":30000000,"end":40000000}, 1]'],
      ['[{"start":60000000,"end":70000000}, 1]'],
    ],
    sparkRows: [
      [],
      [],
      [],
      ['[{"start":30000000,"end":40000000}, 1]', '[{"start":60000000,"end":70000000}, 1]'],
    ],
  },
  {
    name: "sums of floating point numbers, and means of long integers",
    reason:
      "Spark adds doubles one after the other and rounds each time, of integers for a mean too; " +
      "our sums are exact and rounded once, and so the same in any order",
    rows: onlyTrades([
      trade(1n, 10, { volume: 0.1, big: 9_007_199_254_740_993n }),
      trade(2n, 10, { volume: 0.2, big: 9_007_199_254_740_993n }),
      trade(3n, 10, { volume: 0.3, big: 2n }),
    ]),
    outputMode: "update",
    spark: `trades.groupBy("flag").agg(sum("volume").alias("volume"), avg("big").alias("big"))`,
    ours: ({ trades }) => trades.groupBy("flag").agg({ volume: sum("volume"), big: avg("big") }),
    ourRows: [["[null, 0.6, 6004799503160663]"]],
    sparkRows: [["[null, 0.6000000000000001, 6004799503160661]"]],
  },
];
