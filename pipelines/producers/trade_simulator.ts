import { randomNumbers } from "./random_numbers.ts";

/** What a symbol trades like. */
interface Market {
  readonly symbol: string;
  /** Digits behind the point of a price; the last one moves by one tick. */
  readonly priceDecimals: number;
  /** The price now, in ticks. */
  priceTicks: number;
  /** How likely the next trade is of this symbol, against the others. */
  readonly weight: number;
}

/** Where a simulation takes up an earlier one. */
export interface SimulationStart {
  /** The id of the first trade. */
  readonly tradeId: number;
  /** The time before the first trade, in milliseconds since 1970. */
  readonly timeMs: number;
  /** Mean time between two trades, in milliseconds. */
  readonly meanGapMs: number;
  /** Last prices by symbol, as text; a symbol that is not here opens at its usual price. */
  readonly prices?: ReadonlyMap<string, string>;
}

/** One simulated trade: the key and the value of its record. */
export interface SimulatedTrade {
  readonly symbol: string;
  readonly tradeId: number;
  readonly timeMs: number;
  /** The JSON text, with the fields and the order of Binance's trade stream. */
  readonly json: string;
}

const MARKETS: readonly Market[] = [
  { symbol: "BTCUSDT", priceDecimals: 2, priceTicks: 6_743_210, weight: 24 },
  { symbol: "ETHUSDT", priceDecimals: 2, priceTicks: 345_678, weight: 20 },
  { symbol: "SOLUSDT", priceDecimals: 2, priceTicks: 18_250, weight: 14 },
  { symbol: "BNBUSDT", priceDecimals: 2, priceTicks: 61_840, weight: 10 },
  { symbol: "XRPUSDT", priceDecimals: 4, priceTicks: 6_123, weight: 9 },
  { symbol: "DOGEUSDT", priceDecimals: 5, priceTicks: 16_402, weight: 7 },
  { symbol: "ADAUSDT", priceDecimals: 4, priceTicks: 4_871, weight: 6 },
  { symbol: "AVAXUSDT", priceDecimals: 2, priceTicks: 3_644, weight: 4 },
  { symbol: "LINKUSDT", priceDecimals: 3, priceTicks: 14_870, weight: 3 },
  { symbol: "BNBBTC", priceDecimals: 6, priceTicks: 9_171, weight: 3 },
];

/**
 * An endless stream of trades like Binance's: popular symbols trade more, prices walk by small
 * steps, ids count up by one. The same seed and start give the same trades.
 */
export function* simulateTrades(seed: number, start: SimulationStart): Generator<SimulatedTrade> {
  const random = randomNumbers(seed);
  const markets = MARKETS.map((market) => openMarket(market, start.prices?.get(market.symbol)));
  const totalWeight = markets.reduce((sum, market) => sum + market.weight, 0);
  let clockMs = start.timeMs;
  for (let tradeId = start.tradeId;; tradeId++) {
    const market = pick(markets, random() * totalWeight);
    market.priceTicks = walk(market.priceTicks, random());
    clockMs -= Math.log(1 - random()) * start.meanGapMs;
    const timeMs = Math.floor(clockMs);
    const price = fixed8(market.priceTicks, market.priceDecimals);
    const quantity = fixed8(1 + Math.floor(random() ** 4 * 2_000_000), 5);
    const buyer = tradeId * 2 + Math.floor(random() * 1000);
    const seller = tradeId * 2 + Math.floor(random() * 1000);
    const isBuyerMaker = random() < 0.5;
    yield {
      symbol: market.symbol,
      tradeId,
      timeMs,
      json: `{"e":"trade","E":${timeMs + 1},"s":"${market.symbol}","t":${tradeId},"p":"${price}",` +
        `"q":"${quantity}","b":${buyer},"a":${seller},"T":${timeMs},"m":${isBuyerMaker},"M":true}`,
    };
  }
}

function openMarket(market: Market, lastPrice: string | undefined): Market {
  if (lastPrice === undefined) return { ...market };
  return { ...market, priceTicks: Math.round(Number(lastPrice) * 10 ** market.priceDecimals) };
}

function pick(markets: readonly Market[], point: number): Market {
  let rest = point;
  for (const market of markets) {
    rest -= market.weight;
    if (rest < 0) return market;
  }
  return markets[0]!;
}

/** The next price: the same, or up or down by about a hundredth of a percent; never below a tick. */
function walk(ticks: number, point: number): number {
  const step = Math.max(1, Math.round(ticks / 10_000));
  if (point < 0.25) return Math.max(1, ticks - step);
  return point < 0.5 ? ticks + step : ticks;
}

/** Ticks as text with eight decimals, as Binance writes prices and quantities. */
function fixed8(ticks: number, decimals: number): string {
  const digits = String(ticks).padStart(decimals + 1, "0");
  const point = digits.length - decimals;
  return `${digits.slice(0, point)}.${digits.slice(point).padEnd(8, "0")}`;
}
