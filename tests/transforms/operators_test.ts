import { deepEqual, equal, match, ok, throws } from "assert";
import { Batch, Decimal, type Row, schema as s, SluiceError } from "../../lib/core/mod.ts";
import {
  chainOperators,
  dropColumns,
  filterRows,
  flatMapRows,
  mapRows,
  type OperatorResult,
  selectColumns,
  whereRows,
  withColumn,
} from "../../lib/transforms/mod.ts";
import { randomRow } from "../core/random_values.ts";
import { Random } from "../support/random.ts";
import { EveryType } from "../support/sample_rows.ts";

const Pair = s.struct({ id: s.long(), n: s.integer().nullable() });
type PairRow = Row<typeof Pair>;

function pairs(...ns: (number | null)[]): Batch<PairRow> {
  const batch = new Batch(Pair);
  ns.forEach((n, i) => batch.append({ id: BigInt(i), n }));
  return batch;
}

/** Numbers from -3 to 3, and nulls. */
function randomPairs(random: Random): ReturnType<typeof pairs> {
  const ns = Array.from({ length: random.integer(0, 40) }, () => random.integer(-3, 4));
  return pairs(...ns.map((n) => n === 4 ? null : n));
}

function rowsOf<Row>({ batch }: OperatorResult<Row>): Row[] {
  return [...batch.rows()];
}

function rejectedBy({ rejections }: OperatorResult<unknown>): number[] {
  return rejections.map(({ index }) => index);
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof SluiceError && error.code === code;
}

Deno.test("where keeps what filter keeps, of rows of every type", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new Random(seed);
    const batch = new Batch(EveryType);
    for (let i = random.integer(0, 50); i > 0; i--) {
      batch.append(randomRow(random, EveryType.fields) as never);
    }
    const before = [...batch.rows()];
    const where = whereRows(EveryType, "tiny > 0 OR text = 'a'").apply(batch);
    const filter = filterRows(
      EveryType,
      ({ tiny, text }) => (tiny !== null && tiny > 0) || text === "a",
    ).apply(batch);
    deepEqual(rowsOf(where), rowsOf(filter), `seed ${seed}`);
    deepEqual(where.origins, filter.origins, `seed ${seed}`);
    deepEqual(rowsOf(where), Array.from(where.origins, (row) => before[row]), `seed ${seed}`);
    deepEqual([...batch.rows()], before, `seed ${seed}`);
  }
});

Deno.test("where rejects exactly the rows that have no truth, wherever they lie", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const batch = randomPairs(new Random(seed));
    const rows = [...batch.rows()];
    const result = whereRows(Pair, "6 / n > 2").apply(batch);
    deepEqual(rejectedBy(result), idsOf(rows.filter(({ n }) => n === 0)), `seed ${seed}`);
    deepEqual(
      rowsOf(result),
      rows.filter(({ n }) => n !== null && n !== 0 && 6 / n > 2),
      `seed ${seed}`,
    );
    deepEqual([...result.origins], idsOf(rowsOf(result)), `seed ${seed}`);
  }
});

Deno.test("a rejection says what is wrong with the value, not where the row lay in memory", () => {
  const { rejections } = whereRows(Pair, "6 / n > 2").apply(pairs(1, 2, 0, 3));
  deepEqual(rejections.map(({ index }) => index), [2]);
  const error = rejections[0]?.error ?? "";
  match(error, /"6 \/ n > 2".*zero/i);
  ok(!error.includes(" at row"), error);
});

Deno.test("filter rejects the rows that its function throws for", () => {
  const result = filterRows(Pair, ({ n }) => {
    if (n === null) throw new TypeError("n is missing");
    return n > 0;
  }).apply(pairs(1, null, -1, 2));
  deepEqual(rowsOf(result).map(({ n }) => n), [1, 2]);
  deepEqual([...result.origins], [0, 3]);
  deepEqual(result.rejections, [{
    index: 1,
    error: "Cannot filter a row: found n is missing",
  }]);
});

Deno.test("filter rejects rows for which its function is async: a promise is no answer", () => {
  const predicate = () => Promise.reject(new Error("later"));
  const result = filterRows(Pair, predicate as unknown as () => boolean).apply(pairs(1, 2));
  deepEqual(rowsOf(result), []);
  deepEqual(rejectedBy(result), [0, 1]);
  match(result.rejections[0]!.error, /found a promise.*must not be async/);
});

Deno.test("flatMap keeps all rows of a row or none", () => {
  const result = flatMapRows(Pair, ({ id, n }: PairRow) => {
    if (n === null) throw new Error("no n");
    const made = Array.from({ length: Math.abs(n) }, (_, i) => ({ id, n: i }));
    // 2 ** 31 is no integer of the schema: it comes last, behind rows that are good.
    return n < 0 ? [...made, { id, n: 2 ** 31 }] : made;
  }).apply(pairs(2, 0, -2, null, 1));
  deepEqual(rowsOf(result), [{ id: 0n, n: 0 }, { id: 0n, n: 1 }, { id: 4n, n: 0 }]);
  deepEqual([...result.origins], [0, 0, 4]);
  deepEqual(rejectedBy(result), [2, 3]);
  ok(result.rejections[0]?.error.includes('column "n"'), result.rejections[0]?.error);
});

Deno.test("select and drop name the columns that are left, and copy nothing", () => {
  const batch = pairs(1, null);
  const selected = selectColumns(Pair, ["n", "id"]).apply(batch);
  deepEqual(rowsOf(selected), [{ n: 1, id: 0n }, { n: null, id: 1n }]);
  deepEqual(selected.batch.schema.fields.map(({ name }) => name), ["n", "id"]);
  equal(selected.batch.column("n"), batch.column("n"));
  deepEqual(rowsOf(dropColumns(Pair, ["id"]).apply(batch)), [{ n: 1 }, { n: null }]);

  throws(() => selectColumns(Pair, ["nn" as "n"]), hasCode("UNKNOWN_COLUMN"));
  throws(() => dropColumns(Pair, ["N" as "n"]), hasCode("UNKNOWN_COLUMN"));
  throws(() => selectColumns(Pair, ["n", "n"]), hasCode("BAD_SCHEMA"));
  throws(() => dropColumns(Pair, ["n", "id"]), hasCode("BAD_SCHEMA"));
});

Deno.test("withColumn adds a column or replaces one, and rejects what has no value of its type", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const batch = randomPairs(new Random(seed));
    const rows = [...batch.rows()];
    const share = withColumn(Pair, "share", s.decimal(5, 2), "CAST(1 AS DECIMAL(9, 2)) / n")
      .apply(batch);
    const good = rows.filter(({ n }) => n !== null && n !== 0);
    deepEqual(
      rowsOf(share).map((row) => ({ ...row, share: String(row.share) })),
      good.map(({ id, n }) => ({ id, n, share: (1 / (n ?? 0)).toFixed(2) })),
      `seed ${seed}`,
    );
    deepEqual([...share.origins], idsOf(good), `seed ${seed}`);
    deepEqual(rejectedBy(share), idsOf(rows.filter((row) => !good.includes(row))), `seed ${seed}`);
  }
  const replaced = withColumn(Pair, "id", s.string().nullable(), "'no ' || n").apply(
    pairs(7, null),
  );
  deepEqual(rowsOf(replaced), [{ id: "no 7", n: 7 }, { id: null, n: null }]);
  const exact = withColumn(Pair, "price", s.decimal(38, 18), "n").apply(pairs(7));
  deepEqual(rowsOf(exact)[0]?.price, new Decimal(7n * 10n ** 18n, 18));
});

Deno.test("a calculated column takes no name from the records, and leaves none to others", () => {
  const Renamed = s.struct({ symbol: s.string().from("s"), at: s.timestamp("ms").from("T") });
  const batch = new Batch(Renamed);
  batch.append({ symbol: "BTC", at: 5n });
  deepEqual(rowsOf(withColumn(Renamed, "s", s.string(), "symbol").apply(batch)), [
    { symbol: "BTC", at: 5n, s: "BTC" },
  ]);
  throws(() => withColumn(Renamed, "x", s.string().from("y"), "'x'"), hasCode("BAD_SCHEMA"));
  throws(() => withColumn(Renamed, "x", s.timestamp("ms"), "at"), hasCode("BAD_SCHEMA"));
  throws(() => withColumn(Renamed, "Symbol", s.string(), "'x'"), hasCode("BAD_SCHEMA"));
  throws(() => withColumn(Renamed, "x", s.long(), "symbol"), hasCode("BAD_EXPRESSION"));
  throws(() => withColumn(Renamed, "x", s.double(), "rand()"), hasCode("BAD_EXPRESSION"));
  throws(() => whereRows(Renamed, "symbl = 'BTC'"), hasCode("BAD_EXPRESSION"));
  throws(() => whereRows(Renamed, "symbol"), hasCode("BAD_EXPRESSION"));
});

Deno.test("a chain gives what its operators give to one row after the other", () => {
  const copies = flatMapRows(Pair, ({ id, n }: PairRow) => {
    if (n === null) throw new Error("no n");
    return Array.from({ length: n + 3 }, (_, i) => ({ id, n: i - 2 }));
  });
  const inverse = withColumn(Pair, "inverse", s.integer(), "6 DIV n");
  const chain = chainOperators(
    chainOperators(chainOperators(whereRows(Pair, "n IS NULL OR n <> 1"), copies), inverse),
    filterRows(inverse.schema, ({ inverse, id }) => {
      if (inverse === -6 && id % 2n === 0n) throw new Error("even");
      return inverse > 0;
    }),
  );
  for (let seed = 1; seed <= 100; seed++) {
    const batch = randomPairs(new Random(seed));
    const alone = Array.from(
      { length: batch.numRows },
      (_, row) => chain.apply(batch.take(Int32Array.of(row))),
    );
    const whole = chain.apply(batch);
    deepEqual(rowsOf(whole), alone.flatMap(rowsOf), `seed ${seed}`);
    deepEqual([...whole.origins], idsOf(rowsOf(whole)), `seed ${seed}`);
    deepEqual(
      whole.rejections,
      alone.flatMap(({ rejections }, row) => rejections.map((bad) => ({ ...bad, index: row }))),
      `seed ${seed}`,
    );
    // A record has rows or is rejected, not both; and n = 0 comes of every n above -1.
    const rejected = new Set(rejectedBy(whole));
    equal(rejected.size, whole.rejections.length);
    ok(whole.origins.every((row) => !rejected.has(row)), `seed ${seed}`);
  }
});

Deno.test("map rejects a row that it cannot make, and one that is no row of the schema", () => {
  const doubled = mapRows(Pair, ({ id, n }: PairRow) => {
    if (n === null) throw new Error("no n");
    return { id, n: n === 3 ? "six" as never : n * 2 };
  });
  const result = doubled.apply(pairs(1, null, 3, 2));
  deepEqual(rowsOf(result).map(({ n }) => n), [2, 4]);
  deepEqual([...result.origins], [0, 3]);
  deepEqual(rejectedBy(result), [1, 2]);
  match(result.rejections[0]!.error, /found no n/);
});

function idsOf(rows: readonly { readonly id: bigint }[]): number[] {
  return rows.map(({ id }) => Number(id));
}
