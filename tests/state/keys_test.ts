import { deepEqual, equal, ok, throws } from "assert";
import { Batch, Decimal, type NumberColumn, schema as s } from "../../lib/core/mod.ts";
import { groupRows, KeyCodec, mapKey } from "../../lib/state/mod.ts";
import { randomRow } from "../core/random_values.ts";
import { Random } from "../support/random.ts";
import { canonicalText } from "./canonical_text.ts";

const Keys = s.struct({
  text: s.string().nullable(),
  bytes: s.binary().nullable(),
  flag: s.boolean().nullable(),
  tiny: s.byte().nullable(),
  small: s.short().nullable(),
  middle: s.integer().nullable(),
  big: s.long().nullable(),
  rough: s.float().nullable(),
  fine: s.double().nullable(),
  price: s.decimal(10, 2).nullable(),
  huge: s.decimal(38, 2).nullable(),
  day: s.date().nullable(),
  at: s.timestamp(),
  window: s.struct({ start: s.timestamp(), x: s.double().nullable() }).nullable(),
  tags: s.array(s.float().nullable()).nullable(),
  scores: s.map(s.string(), s.double().nullable()).nullable(),
});

Deno.test("two keys have the same bytes exactly if they are equal for Spark, and none begins another", () => {
  const random = new Random(1);
  let equalPairs = 0;
  for (let round = 0; round < 40; round++) {
    const batch = randomBatch(random, 60);
    const columns = someOf(random, batch.columns.map((_, i) => i));
    const types = columns.map((i) => Keys.fields[i]!.type);
    const codec = new KeyCodec(types);
    const values = columns.map((i) => batch.columns[i]!);
    const names = columns.map((i) => Keys.fields[i]!.name).join();
    const keys = Array.from({ length: batch.numRows }, (_, row) => codec.encode(values, row));
    const texts = keys.map((_, row) => canonicalText(values.map((column) => column.get(row))));
    for (let a = 0; a < keys.length; a++) {
      for (let b = 0; b < a; b++) {
        const where = `${names}: ${texts[a]} and ${texts[b]}`;
        const isSame = texts[a] === texts[b];
        if (isSame) equalPairs++;
        equal(mapKey(keys[a]!) === mapKey(keys[b]!), isSame, where);
        const [short, long] = [keys[a]!, keys[b]!].sort((x, y) => x.length - y.length);
        const begins = long!.subarray(0, short!.length).toHex() === short!.toHex();
        equal(begins, isSame, `one begins the other: ${where}`);
      }
    }
  }
  ok(equalPairs > 1000, String(equalPairs));
});

Deno.test("a key gives its values back, as Spark puts them out, whatever is behind it", () => {
  const random = new Random(2);
  const batch = randomBatch(random, 300);
  const codec = new KeyCodec(Keys.fields.map((field) => field.type));
  const decoded = new Batch(Keys);
  for (let row = 0; row < batch.numRows; row++) {
    const key = codec.encode(batch.columns, row);
    const framed = Uint8Array.of(9, ...key, 1, 2, 3);
    equal(codec.decode(framed, decoded.columns, 1), key.length + 1);
    const values = codec.decodeValues(key);
    equal(canonicalText(values), canonicalText(batch.columns.map((column) => column.get(row))));
    deepEqual(values, decoded.columns.map((column) => column.get(row)));
    deepEqual(codec.encodeValues(values), key);
  }
  deepEqual(new KeyCodec(["double"]).decodeValues(new KeyCodec(["double"]).encodeValues([-0])), [
    0,
  ]);
  throws(() => codec.decodeValues(Uint8Array.of(0, 0)), { code: "STATE_DAMAGED" });
  throws(() => new KeyCodec(["long"]).encodeValues([1]), { code: "BAD_VALUE" });
});

Deno.test("the bytes of a key are laid out as they ever were", () => {
  const codec = new KeyCodec(["string", { type: "decimal", precision: 5, scale: 2 }, "float"]);
  equal(
    codec.encodeValues(["ab", Decimal.parse("1.5"), -0]).toHex(),
    "000261628000000000000096" + "00000000",
  );
  equal(codec.encodeValues([null, null, NaN]).toHex(), "037fc00000");
  equal(new KeyCodec([]).encode([], 0).length, 0);
});

Deno.test("rows are put into the groups that a map by their text puts them into", () => {
  const random = new Random(3);
  for (let round = 0; round < 120; round++) {
    const batch = randomBatch(random, random.pick([0, 1, 7, 64, 500]));
    const columns = someOf(random, batch.columns);
    const groups = groupRows(columns, batch.numRows);
    const firstRows: number[] = [];
    const byText = new Map<string, number[]>();
    for (let row = 0; row < batch.numRows; row++) {
      const text = canonicalText(columns.map((column) => column.get(row)));
      if (!byText.has(text)) firstRows.push(row);
      byText.set(text, [...byText.get(text) ?? [], row]);
    }
    const expected = [...byText.values()];
    equal(groups.numGroups, expected.length, `round ${round}`);
    deepEqual([...groups.firstRows], firstRows);
    const { rows, starts } = groups.byGroup();
    deepEqual(
      expected.map((_, group) => [...rows.subarray(starts[group], starts[group + 1])]),
      expected,
    );
    for (const [group, members] of expected.entries()) {
      for (const row of members) equal(groups.groupOf[row], group);
    }
  }
});

Deno.test("NaN is one group, whatever bits it came with", () => {
  const batch = new Batch(s.struct({ x: s.double() }));
  for (let row = 0; row < 3; row++) batch.append({ x: 0 });
  const { buffer } = (batch.columns[0] as NumberColumn).values;
  new BigUint64Array(buffer, 0, 3).set([
    0x7ff8000000000000n,
    0xfff8000000000001n,
    0x7ff0000000000001n,
  ]);
  equal(groupRows(batch.columns, 3).numGroups, 1);
  const keys = [0, 1, 2].map((row) => new KeyCodec(["double"]).encode(batch.columns, row).toHex());
  deepEqual(keys, Array(3).fill("007ff8000000000000"));
});

Deno.test("without key columns all rows are one group, and no rows are none", () => {
  deepEqual(groupRows([], 3).groupOf, Int32Array.of(0, 0, 0));
  deepEqual(groupRows([], 3).firstRows, Int32Array.of(0));
  equal(groupRows([], 0).numGroups, 0);
});

Deno.test("values whose hashes are equal by chance are in groups of their own", () => {
  const random = new Random(4);
  const numRows = 300_000;
  const batch = new Batch(s.struct({ id: s.long(), name: s.string() }), numRows);
  for (let i = 0; i < numRows; i++) {
    const id = BigInt(i) * 1_000_003n + BigInt(random.integer(0, 1_000_000));
    batch.append({ id, name: random.next().toString(36) });
  }
  // Of so many values some ten pairs have the same 32 bits.
  const [ids, names] = batch.columns;
  equal(groupRows([ids!], numRows).numGroups, numRows);
  const distinct = new Set(Array.from({ length: numRows }, (_, row) => names!.get(row)));
  equal(groupRows([names!], numRows).numGroups, distinct.size);
  equal(groupRows(batch.columns, numRows).numGroups, numRows);
});

Deno.test("keys that differ in a few high or low bits only do not slow grouping down", () => {
  const numRows = 1 << 16;
  for (const shift of [0n, 10n, 20n, 32n, 47n]) {
    const batch = new Batch(s.struct({ id: s.long() }), numRows);
    for (let i = 0; i < numRows; i++) batch.append({ id: BigInt(i) << shift });
    // Were they all in one run of slots, this would take minutes.
    equal(groupRows(batch.columns, numRows).numGroups, numRows);
  }
});

Deno.test("a map key is one text for all bytes, however many", () => {
  const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i);
  equal(mapKey(bytes).length, bytes.length);
  deepEqual(Uint8Array.from(mapKey(bytes), (char) => char.charCodeAt(0)), bytes);
});

/** Rows whose values are few, so that many are equal. */
function randomBatch(random: Random, numRows: number): Batch {
  const pool = Array.from({ length: 4 }, () => randomRow(random, Keys.fields));
  const batch = new Batch(Keys);
  for (let row = 0; row < numRows; row++) {
    const values = Object.fromEntries(
      Keys.fields.map(({ name }) => [name, random.pick(pool)[name]]),
    );
    values.rough = random.pick([null, 0, -0, NaN, 1.5]);
    values.fine = random.pick([null, 0, -0, NaN, -NaN, 1e300]);
    values.tags = random.pick([null, [], [null], [0], [-0], [NaN, 1], [1, NaN]]);
    values.scores = random.pick([
      null,
      new Map([["a", -0], ["b", null]]),
      new Map([["b", null], ["a", 0]]),
      new Map([["a", null], ["b", 0]]),
    ]);
    batch.append(values as typeof Keys.rowType);
  }
  return batch as Batch;
}

function someOf<T>(random: Random, items: readonly T[]): T[] {
  const chosen = items.filter(() => random.next() < 0.2);
  return chosen.length === 0 ? [random.pick(items)] : chosen;
}
