import { deepEqual, equal } from "assert";
import type { Vector } from "apache-arrow";
import { Batch, type Decimal, Schema } from "../../lib/core/mod.ts";
import { toArrow } from "../../lib/parquet/mod.ts";
import { EveryType, everyTypeBatch } from "../support/sample_rows.ts";

Deno.test("toArrow() makes a table in which Apache's own reader finds every value of every type", async () => {
  const batches = [everyTypeBatch(0, 40), everyTypeBatch(40, 3)];
  const rows = batches.flatMap((batch) => [...batch.rows()]);
  const table = await toArrow(batches);
  equal(table.numRows, 43);
  for (const { name } of EveryType.fields) {
    const vector = table.getChild(name)!;
    for (const [i, row] of rows.entries()) {
      const wanted = row[name as keyof typeof row];
      deepEqual(plain(name, vector, i), readable(wanted), `${name}, row ${i}`);
    }
  }
});

Deno.test("toArrow() makes an empty table of a batch without rows", async () => {
  const table = await toArrow([new Batch(new Schema(EveryType.fields))]);
  equal(table.numRows, 0);
  equal(table.schema.fields.length, EveryType.fields.length);
});

/** What apache-arrow says of a cell, without its own classes. */
function plain(name: string, vector: Vector, row: number): unknown {
  const value = vector.get(row);
  if (value === null) return null;
  const timeUnits = vector.data[0]!.values;
  switch (name) {
    case "price":
    case "exact":
      return unscaled(value);
    case "day":
      return Math.round(Number(value) / 86_400_000);
    case "at":
    case "wall":
      // Its getter rounds to milliseconds in a double.
      return row < timeUnits.length ? timeUnits[row] : vector.data[1]!.values[row - 40];
    case "tags":
      return [...value];
    case "counts":
      return Object.fromEntries(value);
    case "address":
      return JSON.parse(JSON.stringify(value));
    default:
      return value;
  }
}

/** 128 bits as Arrow's decimals have them: four words, low word first. */
function unscaled(words: Uint32Array): bigint {
  const bits = [...words].reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  return BigInt.asIntN(128, bits);
}

function readable(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  if (value !== null && typeof value === "object" && "unscaled" in value) {
    return (value as Decimal).unscaled;
  }
  return value;
}
