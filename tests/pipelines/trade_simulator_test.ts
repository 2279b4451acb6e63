import { deepEqual, equal, ok } from "assert";
import { sampleTrades } from "../../pipelines/producers/sample_trades.ts";
import { simulateTrades } from "../../pipelines/producers/trade_simulator.ts";
import { checkout } from "../support/paths.ts";

const START = { tradeId: 1, timeMs: 1767323045000, meanGapMs: 10 };

function take(seed: number, trades: number, start = START): Record<string, unknown>[] {
  return simulateTrades(seed, start).take(trades).map(({ json }) => JSON.parse(json)).toArray();
}

Deno.test("simulateTrades() gives the same trades for the same seed, and others for another", () => {
  deepEqual(take(1, 100), take(1, 100));
  ok(JSON.stringify(take(1, 100)) !== JSON.stringify(take(2, 100)));
});

Deno.test("simulateTrades() makes records with the fields of Binance's trade stream", () => {
  for (const trade of take(3, 1_000)) {
    deepEqual(Object.keys(trade), ["e", "E", "s", "t", "p", "q", "b", "a", "T", "m", "M"]);
    equal(trade.e, "trade");
    ok(/^\d+\.\d{8}$/.test(trade.p as string) && Number(trade.p) > 0, `price ${trade.p}`);
    ok(/^\d+\.\d{8}$/.test(trade.q as string) && Number(trade.q) > 0, `quantity ${trade.q}`);
  }
});

Deno.test("simulateTrades() counts ids and times up, and prices walk instead of jumping", () => {
  const trades = take(4, 50_000);
  const lastPrices = new Map<string, number>();
  let lastTime = 0;
  trades.forEach((trade, i) => {
    equal(trade.t, i + 1);
    ok((trade.T as number) >= lastTime);
    lastTime = trade.T as number;
    const symbol = trade.s as string;
    const price = Number(trade.p);
    const last = lastPrices.get(symbol) ?? price;
    ok(Math.abs(price / last - 1) < 0.001, `${symbol} jumped from ${last} to ${price}`);
    lastPrices.set(symbol, price);
  });
  equal(lastPrices.size, 10);
});

Deno.test("simulateTrades() goes on from given ids and prices", () => {
  const prices = new Map([["BTCUSDT", "12345.67000000"]]);
  const first = simulateTrades(5, { tradeId: 77, timeMs: 1, meanGapMs: 1, prices })
    .filter(({ symbol }) => symbol === "BTCUSDT").next().value!;
  ok(first.tradeId >= 77);
  ok(Math.abs(Number(JSON.parse(first.json).p) / 12345.67 - 1) < 0.001);
});

Deno.test("the recorded sample is what its script writes", async () => {
  const file = await Deno.readTextFile(`${checkout}/data/samples/trades.ndjson`);
  equal(file, [...sampleTrades(), ""].join("\n"));
});
