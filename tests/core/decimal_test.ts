import { deepEqual, equal, throws } from "assert";
import { Decimal, formatUnscaled } from "../../lib/core/mod.ts";
import { Random } from "../support/random.ts";
import { randomBigInt } from "./random_values.ts";

const MAX = 10n ** 38n - 1n;

Deno.test("Decimal.parse() reads digits, points and exponents exactly", () => {
  const cases: [text: string, unscaled: bigint, scale: number][] = [
    ["0", 0n, 0],
    ["-0.00", 0n, 2],
    ["+1.50", 150n, 2],
    [".5", 5n, 1],
    ["5.", 5n, 0],
    ["007", 7n, 0],
    ["1e3", 1000n, 0],
    ["1.5E+1", 15n, 0],
    ["1e-7", 1n, 7],
    ["1e0003", 1000n, 0],
    ["-1e-0002", -1n, 2],
    ["12345678901234567890.123456789", 12345678901234567890123456789n, 9],
  ];
  for (const [text, unscaled, scale] of cases) {
    deepEqual(Decimal.parse(text), new Decimal(unscaled, scale), text);
  }
});

Deno.test("Decimal.parse() refuses what is no decimal number", () => {
  for (
    const text of ["", ".", "-", "+", "e5", "1e", "1e+", " 1", "1 ", "1,5", "0x1", "NaN", "1e99999"]
  ) {
    equal(Decimal.tryParse(text), undefined, text);
    throws(() => Decimal.parse(text), { code: "BAD_VALUE" });
  }
});

Deno.test("Decimal arithmetic agrees with integers at a common scale", () => {
  const random = new Random(1);
  const common = (decimal: Decimal) => decimal.unscaled * 10n ** BigInt(38 - decimal.scale);
  for (let round = 0; round < 5_000; round++) {
    const a = new Decimal(randomBigInt(random, -MAX, MAX), random.integer(0, 38));
    const b = random.next() < 0.1
      ? new Decimal(a.unscaled * 100n, a.scale + 2)
      : new Decimal(randomBigInt(random, -MAX, MAX), random.integer(0, 36));
    const scaleOfBoth = Math.max(a.scale, b.scale);
    const sum = a.plus(b);
    const difference = a.minus(b);
    const product = a.times(b);
    equal(sum.scale, scaleOfBoth);
    equal(difference.scale, scaleOfBoth);
    equal(product.scale, a.scale + b.scale);
    if (scaleOfBoth <= 38) {
      equal(common(sum), common(a) + common(b));
      equal(common(difference), common(a) - common(b));
      equal(Math.sign(a.compare(b)), Number(common(a) > common(b)) - Number(common(a) < common(b)));
    }
    equal(product.unscaled, a.unscaled * b.unscaled);
  }
});

Deno.test("Decimal.rescaled() keeps the number or says that it cannot", () => {
  const random = new Random(2);
  for (let round = 0; round < 5_000; round++) {
    const decimal = new Decimal(
      randomBigInt(random, -(10n ** 20n), 10n ** 20n) * 10n ** BigInt(random.integer(0, 6)),
      random.integer(0, 20),
    );
    const scale = random.integer(0, 20);
    const rescaled = decimal.rescaled(scale);
    if (rescaled === undefined) {
      equal(decimal.unscaled % 10n ** BigInt(decimal.scale - scale) === 0n, false);
    } else {
      equal(rescaled.scale, scale);
      equal(rescaled.compare(decimal), 0);
    }
  }
});

Deno.test("a decimal's text reads back as the same decimal", () => {
  const random = new Random(4);
  for (let round = 0; round < 5_000; round++) {
    const decimal = new Decimal(randomBigInt(random, -MAX, MAX), random.integer(0, 38));
    deepEqual(Decimal.parse(String(decimal)), decimal);
    equal(JSON.stringify({ decimal }), `{"decimal":"${decimal}"}`);
  }
  equal(formatUnscaled(-5n, 3), "-0.005");
  equal(formatUnscaled(0n, 8), "0.00000000");
});
