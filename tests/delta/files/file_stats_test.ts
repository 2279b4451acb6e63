import { deepEqual, equal, ok } from "assert";
import { Batch, Decimal, type Schema, schema as s } from "../../../lib/core/mod.ts";
import { fileStats } from "../../../lib/delta/files/file_stats.ts";
import { indexedFields } from "../../../lib/delta/files/indexed_fields.ts";
import { EveryType, everyTypeBatch } from "../../support/sample_rows.ts";

function statsOf(schema: unknown, rows: Record<string, unknown>[], maxLeaves = 32): string {
  const batch = new Batch(schema as Schema);
  for (const row of rows) batch.append(row);
  return indexedStats(batch, maxLeaves);
}

function indexedStats(batch: Batch, maxLeaves: number): string {
  const numIndexed = maxLeaves === Infinity ? "-1" : String(maxLeaves);
  const indexed = indexedFields(batch.schema, {
    "delta.dataSkippingNumIndexedCols": numIndexed,
  });
  return fileStats(batch, {
    isIndexed: (field) => indexed.has(field),
    nameOf: ({ name }) => name,
  });
}

function bounds(schema: unknown, rows: Record<string, unknown>[]): [unknown, unknown] {
  const { minValues, maxValues } = JSON.parse(statsOf(schema, rows));
  return [minValues.x, maxValues.x];
}

Deno.test("fileStats() has all digits of integers and decimals", () => {
  const schema = s.struct({ long: s.long(), price: s.decimal(18, 8), exact: s.decimal(38, 9) });

  const stats = statsOf(schema, [
    { long: -9223372036854775807n, price: Decimal.parse("-0.5"), exact: Decimal.parse("-1") },
    {
      long: 9007199254740993n,
      price: Decimal.parse("0.00000001"),
      exact: Decimal.parse("12345678901234567890123456789.123456789"),
    },
    { long: 5n, price: Decimal.parse("0"), exact: Decimal.parse("18446744073709551616") },
  ]);

  equal(
    stats,
    '{"numRecords":3,' +
      '"minValues":{"long":-9223372036854775807,"price":-0.50000000,"exact":-1.000000000},' +
      '"maxValues":{"long":9007199254740993,"price":0.00000001,' +
      '"exact":12345678901234567890123456789.123456789},' +
      '"nullCount":{"long":0,"price":0,"exact":0}}',
  );
});

Deno.test("fileStats() compares 64-bit integers whole, not by their halves", () => {
  const schema = s.struct({ x: s.long() });
  const values = [2n ** 32n, 2n ** 32n - 1n, -1n, -(2n ** 32n), 2n ** 31n, 3n * 2n ** 31n];

  const text = statsOf(schema, values.map((x) => ({ x })));

  ok(text.includes('"minValues":{"x":-4294967296},"maxValues":{"x":6442450944}'), text);
});

Deno.test("fileStats() cuts long text so that both bounds still hold", () => {
  const schema = s.struct({ x: s.string() });
  const long = (last: string) => "y".repeat(31) + last + "tail";

  deepEqual(bounds(schema, [{ x: "a" }, { x: "b" }]), ["a", "b"]);
  deepEqual(bounds(schema, [{ x: long("m") }]), ["y".repeat(31) + "m", "y".repeat(31) + "n"]);
  const [min, max] = bounds(schema, [{ x: "😀".repeat(40) }]) as [string, string];
  equal(min, "😀".repeat(32));
  equal(max, "😀".repeat(31) + "😁");
  const highest = String.fromCodePoint(0x10ffff);
  deepEqual(bounds(schema, [{ x: "a" + highest.repeat(40) }])[1], "b");
  deepEqual(bounds(schema, [{ x: highest.repeat(40) }])[1], undefined);
  deepEqual(bounds(schema, [{ x: long("\ud7ff") }])[1], "y".repeat(31) + "\ue000");
});

Deno.test("fileStats() sorts text by its bytes, as every reader does", () => {
  const schema = s.struct({ x: s.string() });

  // By UTF-16 units the surrogates of an emoji sort before U+FFFD, by bytes behind it.
  deepEqual(bounds(schema, [{ x: "\ufffd" }, { x: "😀" }, { x: "z" }]), ["z", "😀"]);
});

Deno.test("fileStats() has no bounds for numbers that have none", () => {
  const schema = s.struct({ x: s.double().nullable() });

  deepEqual(bounds(schema, [{ x: 1 }, { x: NaN }]), [undefined, undefined]);
  deepEqual(bounds(schema, [{ x: 1 }, { x: Infinity }]), [1, undefined]);
  deepEqual(bounds(schema, [{ x: null }]), [undefined, undefined]);
  deepEqual(bounds(schema, [{ x: 2.5 }, { x: null }, { x: -1e300 }]), [-1e300, 2.5]);
});

Deno.test("fileStats() has days, and points in time to the microsecond", () => {
  const at = 1_704_067_200_123_456n;

  deepEqual(bounds(s.struct({ x: s.date() }), [{ x: 0 }, { x: -1 }]), ["1969-12-31", "1970-01-01"]);
  deepEqual(bounds(s.struct({ x: s.timestamp() }), [{ x: at }, { x: -1n }]), [
    "1969-12-31T23:59:59.999999Z",
    "2024-01-01T00:00:00.123456Z",
  ]);
  deepEqual(
    bounds(s.struct({ x: s.timestampNtz() }), [{ x: at }])[0],
    "2024-01-01T00:00:00.123456",
  );
});

Deno.test("fileStats() goes into structs and counts nulls everywhere", () => {
  const stats = JSON.parse(indexedStats(everyTypeBatch(0, 8) as Batch, 100));

  equal(stats.numRecords, 8);
  equal(stats.minValues.id, 0);
  equal(stats.maxValues.id, 7);
  deepEqual(stats.minValues.address, { street: "", geo: { x: 1 } });
  deepEqual(stats.nullCount.address, { street: 2, geo: { x: 6 } });
  equal(stats.nullCount.tags, 2);
  for (const name of ["flag", "bytes", "tags", "counts"]) ok(!(name in stats.minValues), name);
});

Deno.test("fileStats() ends after as many leaf columns as asked for", () => {
  const leaves = (max: number) => {
    const { nullCount } = JSON.parse(indexedStats(everyTypeBatch(0, 4) as Batch, max));
    return Object.keys(nullCount);
  };

  deepEqual(leaves(0), []);
  deepEqual(leaves(2), ["id", "text"]);
  equal(leaves(Infinity).length, EveryType.fields.length);
});

Deno.test("fileStats() of no rows counts none", () => {
  equal(
    statsOf(s.struct({ x: s.long() }), []),
    '{"numRecords":0,"minValues":{},"maxValues":{},"nullCount":{"x":0}}',
  );
});
