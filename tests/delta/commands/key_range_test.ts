import { equal, ok } from "assert";
import { createColumn, type DataType, Decimal } from "../../../lib/core/mod.ts";
import { KeyRange } from "../../../lib/delta/commands/merge/key_range.ts";
import { Random } from "../../support/random.ts";

/** Values of a type in order, by their number. */
const KINDS: readonly { readonly type: DataType; readonly value: (n: number) => unknown }[] = [
  { type: "integer", value: (n) => n },
  { type: "double", value: (n) => n / 8 },
  { type: "long", value: (n) => 2n ** 53n + BigInt(n) },
  { type: "timestamp", value: (n) => 1_704_067_200_000_000n + BigInt(n) },
  { type: "string", value: (n) => `key-${String.fromCodePoint(0x4e00 + n)}` },
  { type: { type: "decimal", precision: 18, scale: 2 }, value: (n) => new Decimal(BigInt(n), 2) },
  {
    type: { type: "decimal", precision: 38, scale: 2 },
    value: (n) => new Decimal(10n ** 30n + BigInt(n), 2),
  },
];

for (const { type, value } of KINDS) {
  const name = typeof type === "string" ? type : JSON.stringify(type);
  Deno.test(`a KeyRange of ${name} never denies a value that is within the bounds`, () => {
    const random = new Random(7);
    for (let run = 0; run < 300; run++) {
      const numbers = Array.from({ length: random.integer(1, 8) }, () => random.integer(0, 60));
      const column = createColumn(type);
      for (const n of numbers) column.append(random.next() < 0.1 ? null : value(n));
      const present = numbers.filter((_, i) => !column.isNull(i));
      const [a, b] = [random.integer(0, 60), random.integer(0, 60)];
      const [min, max] = [Math.min(a, b), Math.max(a, b)];

      const range = new KeyRange({ column, nullsMatch: false });

      const isWithin = present.some((n) => n >= min && n <= max);
      const mayMeet = range.mayMeet({ min: value(min), max: value(max), nullCount: 0, numRows: 9 });
      ok(mayMeet || !isWithin, `run ${run}: ${numbers} within ${min}..${max}`);
    }
  });
}

function rangeOf(type: DataType, values: readonly unknown[], nullsMatch = false): KeyRange {
  const column = createColumn(type);
  for (const value of values) column.append(value);
  return new KeyRange({ column, nullsMatch });
}

Deno.test("a KeyRange denies bounds that lie between two keys", () => {
  const range = rangeOf("long", [10n, 5000n]);

  equal(range.mayMeet({ min: 11n, max: 4999n }), false);
  equal(range.mayMeet({ min: 5000n, max: 5000n }), true);
  equal(range.mayMeet({ max: 9n }), false);
  equal(range.mayMeet({}), true);
});

Deno.test("a KeyRange takes it that NaN is anywhere, for no bound tells of it", () => {
  equal(rangeOf("double", [1, NaN]).mayMeet({ min: 5, max: 6 }), true);
});

Deno.test("a KeyRange meets nulls only where null is equal to null", () => {
  const bounds = { min: 5n, max: 6n, nullCount: 1, numRows: 3 };
  const onlyNulls = { nullCount: 3, numRows: 3 };

  equal(rangeOf("long", [null, 1n]).mayMeet(bounds), false);
  equal(rangeOf("long", [null, 1n], true).mayMeet(bounds), true);
  equal(rangeOf("long", [1n]).mayMeet(onlyNulls), false);
  equal(rangeOf("long", [null], true).mayMeet(onlyNulls), true);
});
