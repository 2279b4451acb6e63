import { deepEqual, equal } from "assert";
import { countOffsets, formatOffsets, offsetRanges, parseOffsets } from "../../lib/core/mod.ts";

Deno.test("offsets are written as Spark writes them and read back beyond 2^53", () => {
  const offsets = {
    trades: { 10: 9007199254740993n, 2: 0n, 0: 9223372036854775807n },
    'or"ders': { 0: -1n },
    __proto__x: {},
  };
  const text = '{"__proto__x":{},"or\\"ders":{"0":-1},' +
    '"trades":{"0":9223372036854775807,"2":0,"10":9007199254740993}}';
  equal(formatOffsets(offsets), text);
  deepEqual(parseOffsets(text), offsets);
  deepEqual(parseOffsets("{}"), {});
});

Deno.test("parseOffsets() takes nothing but offsets", () => {
  const texts = [
    "",
    "[]",
    "null",
    "1",
    '{"t":1}',
    '{"t":[1]}',
    '{"t":{"0":"1"}}',
    '{"t":{"0":1.5}}',
  ];
  for (
    const text of [...texts, '{"t":{"0":1e3}}', '{"t":{"a":1}}', '{"t":{"00":1}}', '{"t":{"0":1}']
  ) {
    equal(parseOffsets(text), undefined, text);
  }
});

Deno.test("offsetRanges() leaves empty ranges out and begins new partitions at 0", () => {
  const start = { b: { 0: 5n, 1: 7n }, a: { 3: 1n }, gone: { 0: 1n } };
  const end = { b: { 10: 2n, 0: 9n, 1: 7n }, a: { 3: 0n }, c: { 0: 2n ** 60n } };
  deepEqual(offsetRanges(start, end), [
    { topic: "b", partition: 0, startOffset: 5n, endOffsetExclusive: 9n },
    { topic: "b", partition: 10, startOffset: 0n, endOffsetExclusive: 2n },
    { topic: "c", partition: 0, startOffset: 0n, endOffsetExclusive: 2n ** 60n },
  ]);
  equal(countOffsets(start, end), 6n + 2n ** 60n);
});
