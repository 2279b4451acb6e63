import { deepEqual, equal } from "assert";
import { Batch, schema as s } from "../../../lib/core/mod.ts";
import { ByteReader, ByteWriter } from "../../../lib/state/mod.ts";
import { DoubleSums } from "../../../lib/transforms/aggregate/double_sums.ts";
import { aggregateRows, avg, sum } from "../../../lib/transforms/mod.ts";
import { Random } from "../../support/random.ts";
import { OperatorRunner } from "../run_operator.ts";
import { nearestToSum } from "./exact_rounding.ts";

const Reading = s.struct({ value: s.double() });
const total = aggregateRows({ schema: Reading }, [], { sum: sum("value"), avg: avg("value") });

async function sumOf(values: readonly number[], cuts = 1): Promise<number | null> {
  using runner = await OperatorRunner.open(total, { mode: "complete", inputs: [Reading] });
  let sum: number | null = null;
  for (let part = 0; part < cuts; part++) {
    const batch = new Batch(Reading);
    const [from, to] = [part, part + 1].map((i) => Math.floor(i * values.length / cuts));
    for (const value of values.slice(from, to)) batch.append({ value });
    const { rows } = await runner.batch(batch);
    // Of a column of doubles it is a number.
    sum = rows[0]!.sum as number | null;
  }
  return sum;
}

function anyDouble(random: Random): number {
  const bits = BigUint64Array.of(BigInt(random.integer(0, 2 ** 32 - 1)) << 32n).buffer;
  new Uint32Array(bits)[0] = random.integer(0, 2 ** 32 - 1);
  const value = new Float64Array(bits)[0]!;
  return Number.isFinite(value) ? value : anyDouble(random);
}

Deno.test("a sum of doubles is the exact sum rounded once, whatever their size and order", async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed);
    const near = random.next() < 0.5;
    const values = Array.from({ length: random.integer(1, 60) }, () => {
      const value = anyDouble(random);
      return near ? random.pick([1, -1]) * random.next() * 2 ** random.integer(-40, 40) : value;
    });
    // Half of them taken back again: what is left of the others decides.
    if (random.next() < 0.5) values.push(...values.slice(0, values.length / 2).map((x) => -x));
    const shuffled = values.toSorted(() => random.next() - 0.5);
    const expected = nearestToSum(values);
    equal(await sumOf(values), expected, `seed ${seed}`);
    equal(await sumOf(shuffled, 1 + seed % 5), expected, `seed ${seed}, shuffled and cut`);
  }
});

Deno.test("sums of doubles at the edges of what they hold", async () => {
  const most = Number.MAX_VALUE;
  const ulp = 2 ** 971;
  equal(await sumOf([most, most, -most], 3), most);
  equal(await sumOf([most, most]), Infinity);
  equal(await sumOf([-most, -most]), -Infinity);
  equal(await sumOf([most, ulp / 2, -5e-324]), most);
  equal(await sumOf([most, ulp / 2]), Infinity);
  equal(await sumOf([...Array.from({ length: 5000 }, () => 2 ** 999), -5000 * 2 ** 999, 1]), 1);
  equal(await sumOf([2 ** 1023, 2 ** 970, 5e-324]), 2 ** 1023 + 2 ** 971);
  equal(await sumOf([2 ** 1023, 2 ** 970]), 2 ** 1023);
  equal(await sumOf([5e-324, 5e-324, -1e300, 1e300], 4), 1e-323);
  equal(await sumOf([1, 2 ** -53, 5e-324]), 1 + 2 ** -52);
  equal(await sumOf([1, 2 ** -53, -5e-324]), 1);
  equal(await sumOf([1, 2 ** -53]), 1);
  equal(await sumOf([-0, -0]), 0);
  equal(await sumOf([Infinity, -1e308, most], 3), Infinity);
  equal(await sumOf([Infinity, 1, -Infinity], 3), NaN);
  equal(await sumOf([NaN, 1], 2), NaN);
  equal(await sumOf([]), null);
  deepEqual(await sumOf(Array.from({ length: 1000 }, () => 0.1), 7), 100);
});

Deno.test("a sum passes the greatest double on its way and comes back, in one batch or in many", () => {
  const count = 2 ** 21;
  const value = 2 ** 1003;
  const inOneBatch = sumsOf(value, count);
  equal(inOneBatch.total(0), Infinity);
  equal(merged(inOneBatch, sumsOf(-value, count), sumsOf(1)).total(0), 1);

  let inMany = sumsOf(value);
  for (let n = 1; n < count; n *= 2) inMany = merged(inMany, inMany);
  equal(inMany.total(0), Infinity);
  equal(merged(inMany, sumsOf(-value, count)).total(0), 0);
});

/** The sums of one group, of so many rows with that value. */
function sumsOf(value: number, count = 1): DoubleSums {
  const batch = new Batch(Reading);
  batch.append({ value });
  const sums = new DoubleSums(1);
  sums.add(batch.columns[0]!, new Int32Array(count), new Int32Array(count));
  return sums;
}

/** All of them as they are read from the state. */
function merged(...parts: DoubleSums[]): DoubleSums {
  const sums = new DoubleSums(1);
  for (const part of parts) {
    const writer = new ByteWriter();
    part.save(0, writer);
    sums.merge(0, new ByteReader(writer.take()));
  }
  return sums;
}
