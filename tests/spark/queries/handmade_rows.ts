import type { CaseRows, PaymentRow, Round, TradeRow } from "./case_rows.ts";

/** A trade at a time in seconds since 1970, or without one. */
export function trade(id: bigint, seconds: number | null, more: Partial<TradeRow> = {}): TradeRow {
  return {
    id,
    symbol: null,
    at: microsOf(seconds),
    price: null,
    huge: null,
    quantity: 1,
    level: null,
    big: null,
    volume: null,
    weight: null,
    ratio: null,
    flag: null,
    day: null,
    bytes: null,
    ...more,
  };
}

/** A payment at a time in seconds since 1970, or without one: for the trade of its number, or another. */
export function payment(
  number: bigint,
  seconds: number | null,
  tradeId: bigint = number,
): PaymentRow {
  return { payment: number, trade: tradeId, paid: microsOf(seconds), amount: null };
}

/** One round of trades alone. */
export function onlyTrades(...trades: TradeRow[][]): () => CaseRows {
  return streamsOf(trades, []);
}

/** One round of both streams. */
export function streamsOf(
  trades: Round["trades"],
  payments: Round["payments"],
): () => CaseRows {
  return () => ({ listings: [], rounds: [{ trades, payments }] });
}

function microsOf(seconds: number | null): bigint | null {
  return seconds === null ? null : BigInt(Math.round(seconds * 1e6));
}

/** At the watermark of 10 s and around it, when it is that by which rows come late. */
export const atTheWatermark: () => CaseRows = onlyTrades(
  [trade(1n, 20)],
  [trade(2n, 9.5)],
  [trade(3n, 10), trade(4n, 10.000001), trade(5n, 9.999999)],
  [trade(6n, 20.0005), trade(4n, 10.000001)],
  [trade(7n, 20.001)],
  [trade(8n, 24.999), trade(9n, 25)],
);
