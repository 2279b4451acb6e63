import { deepEqual } from "assert";
import { rowText } from "../support/sink_rows.ts";
import { compareLate, compareTopic, differencesOf, expectedRows } from "./ledger.ts";
import { numberOf, soakRecord } from "./soak_event.ts";

const START_MS = Date.UTC(2026, 0, 1);
const log = { end: 300, arrived: [[0, 100], [100, 200]] } as const;

/** The values of so many records, one every 100 ms. */
function valuesUpTo(count: number): string[] {
  return Array.from(
    { length: count },
    (_, number) => soakRecord(1, number, START_MS + number * 100).value,
  );
}

Deno.test("a record tells its number, whatever it is", () => {
  deepEqual(valuesUpTo(300).map(numberOf), Array.from({ length: 300 }, (_, i) => i));
  deepEqual(numberOf("no record"), undefined);
});

Deno.test("a topic may have what was sent without an answer, but nothing twice, and nothing else", () => {
  const values = valuesUpTo(250);
  deepEqual(compareTopic({ values, log }), []);
  deepEqual(compareTopic({ values: valuesUpTo(200).toSpliced(7, 1), log }), [
    "source topic: record 7 is missing",
  ]);
  deepEqual(compareTopic({ values: [...values, values[3]!], log }), [
    "source topic: record 3 is there 2 times",
  ]);
  const strange = soakRecord(1, 300, START_MS).value;
  deepEqual(compareTopic({ values: [...values, strange], log }), [
    `source topic: nobody sent ${strange}`,
  ]);
});

Deno.test("what is missing, doubled and invented is told apart", () => {
  deepEqual(differencesOf("here", ["b", "a"], ["a", "b"]), []);
  deepEqual(differencesOf("here", ["b", "b", "c"], ["a", "b"]), [
    "here: 1 missing, such as a",
    "here: 1 doubled, such as b",
    "here: 1 invented, such as c",
  ]);
});

const values = [
  '{"id":9007199254740994,"key":"k1","ts":1000,"amount":"1.50"}',
  '{"id":9007199254740995,"key":"k1","ts":4999,"amount":"0.25"}',
  '{"id":9007199254740996,"key":"k2","ts":5000,"amount":"7.00"}',
  '{"poison":97}',
  '{"id":9007199254740997,"key":"k1","ts":15000,"amount":"2.00"}',
];
const [, second] = expectedRows(values, []).raw;

Deno.test("windows that are over are made of the events that are not late, and the newest of them stands", () => {
  const window = { window: { start: 0n, end: 5_000_000n }, key: "k1" };
  const first = { first_id: 9_007_199_254_740_994n, last_id: 9_007_199_254_740_994n };
  const both = { ...first, last_id: 9_007_199_254_740_995n };
  // The latest event is at 15 s, the watermark at 5 s.
  const all = expectedRows(values, []);
  deepEqual(all.windows, [
    rowText({ ...window, n: 2, total: "1.75", ...both, last_ts: 4_999_000n }),
  ]);
  deepEqual(all.latest, all.windows);
  deepEqual(all.dead, ['{"poison":97}']);
  deepEqual(expectedRows(values, [second!]).windows, [
    rowText({ ...window, n: 1, total: "1.50", ...first, last_ts: 1_000_000n }),
  ]);
});

Deno.test("what is called late must have been sent, once, and be behind the others", () => {
  const { raw } = expectedRows(values, []);
  deepEqual(compareLate(values, [raw[0]!, raw[1]!]), []);
  deepEqual(compareLate(values, [raw[0]!, raw[0]!]), [`late events: ${raw[0]} is there twice`]);
  deepEqual(compareLate(values, [raw[2]!]), [`late events: ${raw[2]} was in time`]);
  deepEqual(compareLate(values, ["{}"]), ["late events: nobody sent {}"]);
});
