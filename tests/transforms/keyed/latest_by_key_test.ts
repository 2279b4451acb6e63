import { deepEqual, equal, ok, throws } from "assert";
import { Decimal, type Row, schema as s, SluiceError } from "../../../lib/core/mod.ts";
import { latestByKey } from "../../../lib/transforms/mod.ts";
import { Random } from "../../support/random.ts";
import { batchOf, cut, randomFaults, sortedTexts } from "../random_batches.ts";
import { OperatorRunner } from "../run_operator.ts";

const Change = s.struct({
  seq: s.long(),
  id: s.integer().nullable(),
  region: s.string(),
  version: s.long().nullable(),
  op: s.string(),
  at: s.timestamp(),
});
type ChangeRow = Row<typeof Change>;

const SECOND = 1_000_000n;
const options = { key: ["id", "region"], deleteWhen: "op = 'd'" } as const;

function randomChanges(random: Random, count: number): ChangeRow[] {
  return Array.from({ length: count }, (_, i) => ({
    seq: BigInt(i),
    id: random.pick([null, 1, 2, 3]),
    region: random.pick(["eu", "us"]),
    version: random.next() < 0.05 ? null : BigInt(Math.floor(i / 4) - random.integer(0, 12)),
    op: random.pick(["c", "u", "u", "d"]),
    at: BigInt(1000 + Math.floor(i / 4) - random.integer(0, 12)) * SECOND,
  }));
}

/** The table that the changes make, one after the other; a deleted key is there with its deletion. */
class PlainTable {
  readonly newest = new Map<string, ChangeRow>();
  readonly #orderOf: (row: ChangeRow) => bigint;

  constructor(orderOf: (row: ChangeRow) => bigint) {
    this.#orderOf = orderOf;
  }

  get rows(): ChangeRow[] {
    return [...this.newest.values()].filter(({ op }) => op !== "d");
  }

  change(row: ChangeRow): void {
    const known = this.newest.get(keyOf(row));
    if (known !== undefined && this.#orderOf(row) < this.#orderOf(known)) return;
    this.newest.set(keyOf(row), row);
  }
}

const byVersion = ({ version }: ChangeRow): bigint => version ?? -(10n ** 9n);
const byTime = ({ at }: ChangeRow): bigint => at;

function keyOf({ id, region }: ChangeRow): string {
  return `${id} ${region}`;
}

Deno.test("latestByKey in update mode says how the table changes, whatever the order of the changes", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    using runner = await OperatorRunner.open(
      latestByKey({ schema: Change }, { ...options, orderBy: "version" }),
      { inputs: [Change], mode: "update", fault: randomFaults(random) },
    );
    const table = new PlainTable(byVersion);
    for (const changes of cut(random, randomChanges(random, 120), 15)) {
      const before = new Map(table.newest);
      for (const row of changes) table.change(row);
      const changed = [...table.newest.values()].filter((row) => before.get(keyOf(row)) !== row);
      const gone = changed.filter(({ op }) => op === "d").map((row) => before.get(keyOf(row)))
        .filter((row) => row !== undefined && row.op !== "d");

      const { rows, deletes } = await runner.batch(batchOf(Change, changes));
      deepEqual(
        sortedTexts(rows),
        sortedTexts(changed.filter(({ op }) => op !== "d")),
        `seed ${seed}`,
      );
      deepEqual(sortedTexts(deletes), sortedTexts(gone), `seed ${seed}`);
    }
    equal(runner.state.numRowsTotal, table.newest.size);
  }
});

Deno.test("latestByKey in complete mode gives the whole table with every batch", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new Random(seed);
    using runner = await OperatorRunner.open(
      latestByKey({ schema: Change }, { ...options, orderBy: "version" }),
      { inputs: [Change], mode: "complete", fault: randomFaults(random) },
    );
    const table = new PlainTable(byVersion);
    for (const changes of cut(random, randomChanges(random, 80), 10)) {
      for (const row of changes) table.change(row);
      const { rows, deletes } = await runner.batch(batchOf(Change, changes));
      deepEqual(sortedTexts(rows), sortedTexts(table.rows), `seed ${seed}`);
      deepEqual(deletes, []);
    }
  }
});

Deno.test("ordered by the event time, late rows are reported and deletions are forgotten behind the watermark", async () => {
  const DELAY = 6n * SECOND;
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    using runner = await OperatorRunner.open(
      latestByKey({ schema: Change, eventTime: "at" }, { ...options, orderBy: "at" }),
      {
        inputs: [Change],
        mode: "update",
        watermarks: [{ column: "at", delayMicros: DELAY }],
        fault: randomFaults(random),
      },
    );
    const table = new PlainTable(byTime);
    const sink = new Map<string, ChangeRow>();
    for (const changes of cut(random, randomChanges(random, 150), 12)) {
      const { rows, deletes, late, context } = await runner.batch(batchOf(Change, changes));
      const isLate = ({ at }: ChangeRow) => at <= context.lateMicros;
      for (const row of changes) if (!isLate(row)) table.change(row);
      for (const row of rows) sink.set(keyOf(row), row);
      for (const row of deletes) sink.delete(keyOf(row));
      deepEqual(sortedTexts(sink.values()), sortedTexts(table.rows), `seed ${seed}`);
      deepEqual(late[0], changes.filter(isLate));
      const remembered = [...table.newest.values()].filter(({ op, at }) =>
        op !== "d" || at > context.watermarkMicros
      );
      equal(runner.state.numRowsTotal, remembered.length, `seed ${seed}`);
    }
  }
});

Deno.test("the last batch of any cut leaves the same table", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const changes = randomChanges(random, 100);
    const tables: string[][] = [];
    for (const most of [1, 9, 100]) {
      using runner = await OperatorRunner.open(
        latestByKey({ schema: Change }, { ...options, orderBy: "version" }),
        { inputs: [Change], mode: "complete" },
      );
      let last: ChangeRow[] = [];
      for (const rows of cut(random, changes, most)) {
        last = (await runner.batch(batchOf(Change, rows))).rows;
      }
      tables.push(sortedTexts(last));
    }
    deepEqual(tables[1], tables[0], `seed ${seed}`);
    deepEqual(tables[2], tables[0], `seed ${seed}`);
  }
});

Deno.test("values of every ordered type say which row is newer", async () => {
  const exact = (text: string) => Decimal.parse(text).rescaled(2);
  const orders = [
    { type: s.string(), values: ["", "a", "a\u0000", "z", "\uffff", "😀"] },
    { type: s.double(), values: [-Infinity, -1, 0, 5e-324, Infinity, NaN] },
    { type: s.decimal(38, 2), values: ["-1e35", "0", "0.01", "1e35"].map(exact) },
    { type: s.decimal(9, 2), values: ["-1", "0.01", "0.10"].map(exact) },
    { type: s.boolean(), values: [false, true] },
    {
      type: s.binary(),
      values: [[], [0], [0, 0], [1], [255]].map((bytes) => Uint8Array.from(bytes)),
    },
    { type: s.long(), values: [-(2n ** 63n), 9007199254740992n, 9007199254740993n] },
  ];
  for (const { type, values } of orders) {
    const Versioned = s.struct({ id: s.long(), version: type.nullable() });
    const rows = [null, ...values].map((version) => ({ id: 1n, version }));
    for (const [order, expected] of [[rows, rows], [rows.toReversed(), rows.slice(-1)]] as const) {
      using runner = await OperatorRunner.open(
        latestByKey({ schema: Versioned }, { key: ["id"], orderBy: "version" }),
        { inputs: [Versioned], mode: "update" },
      );
      const given: unknown[] = [];
      for (const row of order) {
        given.push(...(await runner.batch(batchOf(Versioned, [row as never]))).rows);
      }
      deepEqual(given, expected);
    }
  }
});

Deno.test("latestByKey refuses append mode, and options that mean nothing", () => {
  const hasCode = (code: string) => (error: unknown) =>
    error instanceof SluiceError && error.code === code;
  const operator = latestByKey({ schema: Change }, { ...options, orderBy: "version" });
  throws(() => operator.checkMode("append"), hasCode("BAD_PIPELINE"));
  deepEqual(operator.keyColumns, ["id", "region"]);
  const make = (more: object) => () =>
    latestByKey({ schema: Change }, { key: ["id"], orderBy: "version", ...more });
  throws(make({ deletewhen: "op = 'd'" }), hasCode("UNKNOWN_OPTION"));
  throws(make({ deleteWhen: "operation = 'd'" }), hasCode("BAD_EXPRESSION"));
  throws(make({ orderBy: "vrsion" }), hasCode("UNKNOWN_COLUMN"));
  throws(make({ key: [] }), hasCode("BAD_OPTION"));
  throws(make({ key: "id" as never }), hasCode("BAD_OPTION"));
  ok(operator.stateDescription.includes("region string"));
});
