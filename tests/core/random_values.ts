import { type DataType, Decimal, type StructField } from "../../lib/core/mod.ts";
import type { Random } from "../support/random.ts";

const TEXTS = ["", "a", "\u0000", "\ufeffmark", "zażółć", "日本語", "😀", "x".repeat(500)];

/** A row for these fields; about one in five nullable values is null. */
export function randomRow(random: Random, fields: readonly StructField[]): Record<string, unknown> {
  return Object.fromEntries(
    fields.map(({ name, type, nullable }) => [name, randomValue(random, type, nullable)]),
  );
}

/** A value as a row holds it, often one of the type's extremes. */
export function randomValue(random: Random, type: DataType, nullable: boolean): unknown {
  if (nullable && random.next() < 0.2) return null;
  if (typeof type === "object") {
    switch (type.type) {
      case "decimal":
        return new Decimal(
          randomBigInt(
            random,
            -(10n ** BigInt(type.precision)) + 1n,
            10n ** BigInt(type.precision) - 1n,
          ),
          type.scale,
        );
      case "struct":
        return randomRow(random, type.fields);
      case "array":
        return Array.from(
          { length: random.integer(0, 4) },
          () => randomValue(random, type.elementType, type.containsNull),
        );
      case "map":
        return new Map(Array.from({ length: random.integer(0, 4) }, () => [
          randomValue(random, type.keyType, false),
          randomValue(random, type.valueType, type.valueContainsNull),
        ]));
    }
  }
  switch (type) {
    case "string":
      return random.pick(TEXTS);
    case "binary":
      return Uint8Array.from({ length: random.integer(0, 50) }, () => random.integer(0, 255));
    case "boolean":
      return random.next() < 0.5;
    case "byte":
      return random.pick([-128, 127, random.integer(-128, 127)]);
    case "short":
      return random.pick([-32768, 32767, random.integer(-32768, 32767)]);
    case "integer":
      return random.pick([-2147483648, 2147483647, random.integer(-2147483648, 2147483647)]);
    case "date":
      return random.pick([-719162, 2932896, random.integer(-719162, 2932896)]);
    case "float":
      return random.pick([0, -0, NaN, -Infinity, Math.fround(random.next())]);
    case "double":
      return random.pick([0, -0, NaN, Infinity, Number.MAX_VALUE, 5e-324, random.next()]);
    case "long":
      return randomBigInt(random, -(2n ** 63n), 2n ** 63n - 1n);
    case "timestamp":
    case "timestamp_ntz":
      return randomBigInt(random, -62135596800000000n, 253402300799999999n);
  }
}

/** An integer in [min, max], often one near the bounds, zero or a power of two. */
export function randomBigInt(random: Random, min: bigint, max: bigint): bigint {
  const power = 2n ** BigInt(random.integer(0, max.toString(2).length));
  const value = random.pick([
    min + BigInt(random.integer(0, 1)),
    max - BigInt(random.integer(0, 1)),
    BigInt(random.integer(-1, 1)),
    power - BigInt(random.integer(0, 1)),
    -power + BigInt(random.integer(0, 1)),
    min + (max - min) * BigInt(random.integer(0, 1e9)) / 1_000_000_000n,
  ]);
  return value < min ? min : value > max ? max : value;
}
