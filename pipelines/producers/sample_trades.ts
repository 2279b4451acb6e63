/**
 * Writes the recorded topic `data/samples/trades.ndjson`, one record a line: trades of a seed, and
 * three records that are none, to show where those go.
 *
 *     deno run -A pipelines/producers/sample_trades.ts > data/samples/trades.ndjson
 */
import { simulateTrades } from "./trade_simulator.ts";

const TRADES = 2_000;
const START = { tradeId: 1, timeMs: Date.UTC(2026, 0, 2, 3, 4, 5), meanGapMs: 10 };

/** Records that are no trades, by the id of the trade before them. */
const BAD_RECORDS: ReadonlyMap<number, string> = new Map([
  [500, "not JSON at all"],
  [1_200, '{"e":"trade","E":1767323045000,"s":"BTCUSDT"}'],
  [
    1_700,
    '{"e":"trade","E":"soon","s":"ETHUSDT","t":1,"p":"1","q":"1","b":1,"a":1,"T":1,"m":true,"M":true}',
  ],
]);

/** The lines of the file. */
export function* sampleTrades(): Generator<string> {
  for (const { json, tradeId } of simulateTrades(2026, START)) {
    yield json;
    const bad = BAD_RECORDS.get(tradeId);
    if (bad !== undefined) yield bad;
    if (tradeId === TRADES) return;
  }
}

if (import.meta.main) {
  const lines = [...sampleTrades(), ""].join("\n");
  await Deno.stdout.write(new TextEncoder().encode(lines));
}
