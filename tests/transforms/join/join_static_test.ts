import { deepEqual, equal, rejects, throws } from "assert";
import {
  type Batch,
  type Row,
  schema as s,
  SluiceError,
  type StaticTable,
} from "../../../lib/core/mod.ts";
import { joinStatic } from "../../../lib/transforms/mod.ts";
import { Random } from "../../support/random.ts";
import { EveryType, everyTypeBatch } from "../../support/sample_rows.ts";
import { batchOf, cut, randomFaults } from "../random_batches.ts";
import { OperatorRunner } from "../run_operator.ts";

const Trade = s.struct({
  id: s.long(),
  country: s.string().nullable(),
  x: s.double(),
  at: s.timestamp(),
});
type TradeRow = Row<typeof Trade>;
const Country = s.struct({
  code: s.string().nullable(),
  x: s.double(),
  name: s.string(),
  since: s.integer(),
});
type CountryRow = Row<typeof Country>;

/** A table that others may change, read in batches of a few rows. */
class CountryTable implements StaticTable<CountryRow> {
  readonly name = "test(countries)";
  readonly schema = Country;
  rows: CountryRow[];

  constructor(rows: CountryRow[]) {
    this.rows = rows;
  }

  async *load(): AsyncGenerator<Batch<CountryRow>> {
    for (let i = 0; i < this.rows.length; i += 3) {
      yield await Promise.resolve(countries(this.rows.slice(i, i + 3)));
    }
  }
}

function countries(rows: readonly CountryRow[]): Batch<CountryRow> {
  return batchOf(Country, rows) as unknown as Batch<CountryRow>;
}

/** Puts the table's rows as they are now into the state. */
async function refresh<Out>(runner: OperatorRunner<Out>): Promise<number> {
  const [kept] = runner.operator.staticTables!;
  return await runner.store.transaction(() =>
    kept!.load(runner.state, kept!.table.load(new AbortController().signal))
  );
}

function randomCountries(random: Random): CountryRow[] {
  return Array.from({ length: random.integer(0, 12) }, (_, i) => ({
    code: random.pick([null, "de", "fr", "it", "es"]),
    x: random.pick([0, -0, NaN, 1]),
    name: `name ${i}`,
    since: random.integer(0, 5),
  }));
}

function randomTrades(random: Random, count: number): TradeRow[] {
  return Array.from({ length: count }, (_, i) => ({
    id: BigInt(i),
    country: random.pick([null, "de", "fr", "it", "es", "pl"]),
    x: random.pick([0, -0, NaN, 1]),
    at: BigInt(i),
  }));
}

const germany = { code: "de", x: 0, name: "Germany", since: 1 };
const on = [{ left: "country", right: "code" }, "x"] as const;

/** The join by plain loops. */
function plainJoin(
  trades: readonly TradeRow[],
  countries: readonly CountryRow[],
  type: string,
  where: boolean,
) {
  return trades.flatMap((trade): unknown[] => {
    const found = countries.filter(({ code, x, since }) =>
      code !== null && code === trade.country &&
      (x === trade.x || (Number.isNaN(x) && Number.isNaN(trade.x))) &&
      (!where || BigInt(since) < trade.id % 7n)
    );
    const rows = found.map(({ code, name, since }) => ({ ...trade, code, name, since }));
    if (rows.length > 0 || type === "inner") return rows;
    return [{ ...trade, code: null, name: null, since: null }];
  });
}

Deno.test("rows of a stream come out with what they match in the table as it was read last", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const type = random.pick(["inner", "leftOuter"] as const);
    const where = random.next() < 0.5;
    const table = new CountryTable(randomCountries(random));
    const operator = joinStatic({ schema: Trade, eventTime: "at" }, table, {
      type,
      on,
      ...(where ? { where: "since < id % 7" } : {}),
    });
    equal(operator.eventTime, "at");
    using runner = await OperatorRunner.open(operator, {
      inputs: [Trade],
      fault: randomFaults(random),
    });
    await refresh(runner);
    let known = table.rows;
    for (const trades of cut(random, randomTrades(random, 100), 15)) {
      table.rows = randomCountries(random);
      if (random.next() < 0.3) {
        known = table.rows;
        const withKey = known.filter(({ code }) => code !== null);
        equal(await refresh(runner), withKey.length);
        equal(
          runner.state.numRowsTotal,
          new Set(withKey.map(({ code, x }) => `${code} ${x + 0}`)).size,
        );
      }
      const { rows } = await runner.batch(batchOf(Trade, trades));
      deepEqual(rows as unknown[], plainJoin(trades, known, type, where), `seed ${seed}`);
    }
  }
});

Deno.test("a refresh that fails leaves the rows that were kept", async () => {
  const table = new CountryTable([germany]);
  using runner = await OperatorRunner.open(joinStatic({ schema: Trade }, table, { on }), {
    inputs: [Trade],
  });
  await refresh(runner);
  const trade = batchOf(Trade, [{ id: 1n, country: "de", x: 0, at: 0n }]);
  const before = (await runner.batch(trade)).rows;
  equal(before.length, 1);

  const [kept] = runner.operator.staticTables!;
  await rejects(() =>
    runner.store.transaction(() =>
      kept!.load(
        runner.state,
        (async function* () {
          yield await Promise.resolve(countries([{ ...germany, name: "Deutschland" }]));
          throw new Error("the connection broke");
        })() as unknown as AsyncIterable<Batch>,
      )
    ), /the connection broke/);
  deepEqual((await runner.batch(trade)).rows, before);
});

/** The operator in update mode, behind rows with a key. */
async function openUpdating(type: "inner" | "leftOuter", countries: CountryRow[]) {
  const operator = joinStatic({ schema: Trade, keyColumns: ["id"] }, new CountryTable(countries), {
    type,
    on,
  });
  deepEqual(operator.keyColumns, ["id"]);
  const runner = await OperatorRunner.open(operator, { inputs: [Trade], mode: "update" });
  await refresh(runner);
  return runner;
}

const trade = (id: bigint, country: string | null): TradeRow => ({ id, country, x: 0, at: 0n });

Deno.test("in update mode a key whose row matches nothing is deleted by an inner join", async () => {
  const rows = [trade(1n, "de"), trade(2n, "pl"), trade(3n, null)];
  using inner = await openUpdating("inner", [germany]);
  const outcome = await inner.batch(batchOf(Trade, rows));
  deepEqual(outcome.rows.map(({ id, name }) => [id, name]), [[1n, "Germany"]]);
  deepEqual(
    outcome.deletes.map(({ id, country, name }) => [id, country, name as string | null]),
    [[2n, "pl", null], [3n, null, null]],
  );

  using outer = await openUpdating("leftOuter", [germany]);
  const all = await outer.batch(batchOf(Trade, rows));
  deepEqual(
    all.rows.map(({ id, name }) => [id, name]),
    [[1n, "Germany"], [2n, null], [3n, null]],
  );
  deepEqual(all.deletes, []);
});

Deno.test("in update mode a row must not match several rows of the table", async () => {
  using runner = await openUpdating("inner", [germany, { ...germany, name: "Germania" }]);
  await rejects(
    () => runner.batch(batchOf(Trade, [trade(1n, "pl"), trade(2n, "de")])),
    (error) =>
      error instanceof SluiceError && error.code === "STATIC_ROWS_ALIKE" &&
      /country = "de", x = 0/.test(error.message),
  );
});

Deno.test("columns of every type are looked up and filled with nulls", async () => {
  const every = everyTypeBatch(0, 40);
  const table: StaticTable = {
    name: "every",
    schema: EveryType,
    load: async function* () {
      yield await Promise.resolve(every as unknown as Batch);
    },
  };
  const Id = s.struct({ id: s.long() });
  using runner = await OperatorRunner.open(
    joinStatic({ schema: Id }, table as StaticTable<{ id: bigint }>, {
      type: "leftOuter",
      on: ["id"],
    }),
    { inputs: [Id] },
  );
  await refresh(runner);
  const ids = Array.from({ length: 50 }, (_, i) => ({ id: BigInt(i) }));
  const { rows } = await runner.batch(batchOf(Id, ids));
  const nulls = Object.fromEntries(EveryType.fields.map(({ name }) => [name, null]));
  deepEqual(
    rows as unknown[],
    ids.map(({ id }) => id < 40n ? every.row(Number(id)) : { ...nulls, id }),
  );
});

Deno.test("a join with a table that cannot be made is refused", () => {
  const table = new CountryTable([]);
  const hasCode = (code: string) => (error: unknown) =>
    error instanceof SluiceError && error.code === code;
  throws(
    () => joinStatic({ schema: Trade }, table, { on: [{ left: "country", right: "code" }] }),
    hasCode("BAD_SCHEMA"),
  );
  throws(
    () => joinStatic({ schema: Trade }, table, { on, type: "rightOuter" as "inner" }),
    hasCode("BAD_OPTION"),
  );
  throws(
    () => joinStatic({ schema: Trade }, table, { on: [{ left: "id", right: "code" }, "x"] }),
    hasCode("BAD_PIPELINE"),
  );
  for (const mode of ["append", "update", "complete"] as const) {
    joinStatic({ schema: Trade }, table, { on }).checkMode(mode);
  }
});
