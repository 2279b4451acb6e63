import { type Row, schema as s } from "sluice";

/**
 * A trade as Binance streams it, `{"e":"trade","E":…,"s":"BTCUSDT","t":…,"p":"0.001",…}`. The
 * columns have names of their own because Delta, Spark and DuckDB fold case: there, `t` and `T`
 * would be one column.
 */
export const Trade = s.struct({
  event_type: s.string().from("e"),
  event_time: s.timestamp("ms").from("E"),
  symbol: s.string().from("s"),
  trade_id: s.long().from("t"),
  price: s.decimal(18, 8).from("p"),
  quantity: s.decimal(18, 8).from("q"),
  buyer_order_id: s.long().from("b"),
  seller_order_id: s.long().from("a"),
  trade_time: s.timestamp("ms").from("T"),
  is_buyer_maker: s.boolean().from("m"),
  is_best_match: s.boolean().from("M"),
});

/** A row of it. */
export type TradeRow = Row<typeof Trade>;
