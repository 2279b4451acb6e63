import { equal } from "assert";
import { parseIntervalMs } from "../../../lib/delta/protocol/interval.ts";

Deno.test("parseIntervalMs() reads what Spark writes", () => {
  equal(parseIntervalMs("interval 1 week"), 604_800_000);
  equal(parseIntervalMs("INTERVAL 36 HOURS"), 129_600_000);
  equal(parseIntervalMs("2 days 12 hours"), 216_000_000);
  equal(parseIntervalMs("  interval  1  day  -1 hour "), 82_800_000);
  equal(parseIntervalMs("interval 0 seconds"), 0);
  equal(parseIntervalMs("interval 1500 microseconds"), 1);
});

Deno.test("parseIntervalMs() guesses nothing", () => {
  for (
    const text of [
      "",
      "interval",
      "7",
      "7d",
      "one week",
      "interval 1 month",
      "interval 1 week and more",
      "x 1 week",
      "interval 1 weekend",
      "interval -1 day",
      "interval 99999999999999999999 weeks",
    ]
  ) equal(parseIntervalMs(text), undefined, text);
});
