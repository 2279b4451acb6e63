import { deepEqual, equal } from "assert";
import { BytesColumn } from "../../lib/core/mod.ts";
import { Random } from "../support/random.ts";

Deno.test("texts that repeat are read as they were written, whatever was read before", () => {
  const random = new Random(7);
  const texts = Array.from({ length: 5_000 }, () => {
    const text = "é".repeat(random.integer(0, 3)) + "x".repeat(random.integer(0, 40)) +
      random.integer(0, 30);
    return random.integer(0, 20) === 0 ? null : text;
  });
  const column = new BytesColumn("string", 0);
  for (const text of texts) column.append(text);

  for (let round = 0; round < 2; round++) {
    deepEqual(texts.map((_, row) => column.get(row)), texts);
  }
});

Deno.test("a text that takes the place of one that was taken back is read as itself", () => {
  const column = new BytesColumn("string", 0);
  // So many that some have the same hash.
  for (let i = 0; i < 1000; i++) {
    column.truncate(0);
    column.append(`text ${i}`);
    equal(column.get(0), `text ${i}`);
  }
});
