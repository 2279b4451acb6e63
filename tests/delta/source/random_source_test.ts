import { deepEqual, ok } from "assert";
import { type Offsets, type RowSource, schema as s } from "../../../lib/core/mod.ts";
import { type ChangeFeedColumns, deltaSource, DeltaTable } from "../../../lib/delta/mod.ts";
import { Random } from "../../support/random.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Item = s.struct({ p: s.integer(), id: s.long(), n: s.long().nullable() });
type ItemRow = typeof Item["rowType"];
type Source = RowSource<ItemRow & Partial<ChangeFeedColumns>>;
const ROWS = 10_000_000_000n;
const STEPS = 50;
const { signal } = new AbortController();

Deno.test("deltaSource() finds each added row once, whatever happens to table and reader", async () => {
  for (const seed of [81, 82]) {
    const random = new Random(seed);
    await using world = await makeWorld(random);
    const expected: string[] = [];
    const found: string[] = [];
    const reader = new Reader(random, () => world.open({ skipChangeCommits: true }));
    await reader.begin();
    for (let step = 0; step < STEPS; step++) {
      const { added, isPure } = await world.change();
      if (isPure) expected.push(...added.map(textOf));
      if (random.next() < 0.5) await reader.readSome((row) => found.push(textOf(row)));
    }
    await reader.readAll((row) => found.push(textOf(row)));
    ok(expected.length > 15, `only ${expected.length} rows with seed ${seed}`);
    deepEqual(found.sort(), [...world.initial.map(textOf), ...expected].sort(), `seed ${seed}`);
  }
});

Deno.test("deltaSource() tells all changes: who applies them has the table at every version", async () => {
  for (const seed of [91, 92]) {
    const random = new Random(seed);
    await using world = await makeWorld(random);
    const model = new Map<bigint, string>();
    const reader = new Reader(random, () => world.open({ readChangeFeed: true }));
    let compared = 0;
    const apply = (row: ItemRow & Partial<ChangeFeedColumns>) => {
      if (row._change_type === "delete" || row._change_type === "update_preimage") {
        deepEqual([seed, model.get(row.id)], [seed, textOf(row)]);
        model.delete(row.id);
      } else {
        deepEqual([seed, model.has(row.id)], [seed, false]);
        model.set(row.id, textOf(row));
      }
    };
    for (let step = 0; step < STEPS; step++) {
      await world.change();
      if (random.next() < 0.5) continue;
      const position = await reader.readSome(apply);
      if (position % ROWS !== 0n) continue;
      const table = await DeltaTable.open(world.path, Number(position / ROWS) - 1);
      const rows = await Array.fromAsync(table.rows(), (row) => textOf(row as ItemRow));
      deepEqual([...model.values()].sort(), rows.sort(), `seed ${seed}, version ${table.version}`);
      compared++;
    }
    ok(compared > 5, `only ${compared} versions were compared with seed ${seed}`);
  }
});

/** Reads a table bit by bit, as a query does that is stopped and started again at times. */
class Reader {
  readonly #random: Random;
  readonly #open: () => Promise<Source>;
  #source: Source | undefined;
  #position: Offsets | undefined;

  constructor(random: Random, open: () => Promise<Source>) {
    this.#random = random;
    this.#open = open;
  }

  /** Settles what the table is before it changes. */
  async begin(): Promise<void> {
    this.#source = await this.#open();
    this.#position = await this.#source.initialOffsets(signal);
  }

  /** Reads a batch, or a part of one, and returns the offset reached. */
  async readSome(take: (row: ItemRow & Partial<ChangeFeedColumns>) => void): Promise<bigint> {
    if (this.#source === undefined || this.#random.next() < 0.3) this.#source = await this.#open();
    const source = this.#source;
    const start = this.#position ??= await source.initialOffsets(signal);
    const latest = await source.latestOffsets(signal);
    const end = await source.planEnd!(start, latest);
    // Read twice, as after a crash, and the same both times.
    const maxBytes = this.#random.pick([1, 1_000, Infinity]);
    const rows: (ItemRow & Partial<ChangeFeedColumns>)[] = [];
    const range = source.read(start, end, { signal, maxBytes });
    for await (const block of range) rows.push(...block.rows!.rows() as Iterable<ItemRow>);
    const again: unknown[] = [];
    for await (const block of source.read(start, range.endOffsets(), { signal })) {
      again.push(...block.rows!.rows());
    }
    deepEqual(again, rows);
    rows.forEach(take);
    this.#position = range.endOffsets();
    return this.#position.items![0]!;
  }

  async readAll(take: (row: ItemRow & Partial<ChangeFeedColumns>) => void): Promise<void> {
    for (let before = -1n, reached = 0n; reached !== before;) {
      before = reached;
      reached = await this.readSome(take);
    }
  }
}

/** A table that random operations change. */
async function makeWorld(random: Random) {
  const folder = await tempFolder();
  const path = `${folder.path}/items`;
  let nextId = 0;
  const rows = (count: number): ItemRow[] =>
    Array.from({ length: count }, () => ({
      p: random.integer(0, 2),
      id: BigInt(nextId++),
      n: random.next() < 0.2 ? null : BigInt(random.integer(0, 9)),
    }));
  const table = await DeltaTable.create(path, {
    schema: Item,
    partitionBy: random.pick([[], ["p"]]),
    properties: {
      "delta.enableChangeDataFeed": "true",
      "delta.enableDeletionVectors": random.pick(["true", "false"]),
      "delta.columnMapping.mode": random.pick(["none", "name"]),
      "delta.checkpointInterval": "7",
    },
  });
  const initial = rows(12);
  await table.append(initial.slice(0, 5));
  await table.append(initial.slice(5));
  const where = () =>
    random.pick(["n = 3", "p = 1", "id % 5 = 2", `id > ${nextId - 4}`, "n IS NULL AND p = 0"]);
  const changes = [
    async () => {
      const added = rows(random.integer(1, 6));
      await table.append(added);
      return added;
    },
    async () => {
      const added = rows(random.integer(1, 3));
      await table.merge(added, { on: "target.id = source.id" }).whenNotMatchedInsertAll().execute();
      return added;
    },
    async () => {
      await table.delete({ where: where() });
    },
    async () => {
      await table.update({ set: { n: "coalesce(n, 0) + 1" }, where: where() });
    },
    async () => {
      const known = Array.from({ length: 3 }, () => random.integer(0, nextId - 1));
      const changed = [...new Set(known)].map((id) => ({ p: 1, id: BigInt(id), n: 100n }));
      await table.merge([...changed, ...rows(1)], { on: "target.id = source.id" })
        .whenMatchedUpdate({ set: { n: "source.n" } }).whenNotMatchedInsertAll().execute();
    },
    async () => {
      await table.optimize();
    },
    async () => {
      await table.setProperties({ owner: String(random.integer(0, 99)) });
    },
    async () => {
      await table.checkpoint();
    },
  ];
  return {
    path,
    initial,
    /** Does something; the rows that it added, if it did nothing else. */
    async change(): Promise<{ added: ItemRow[]; isPure: boolean }> {
      const before = table.version;
      const added = await random.pick(changes)();
      return { added: added ?? [], isPure: added !== undefined && table.version > before };
    },
    async open(mode: { skipChangeCommits: true } | { readChangeFeed: true }): Promise<Source> {
      const maxFilesPerTrigger = random.pick([1, 3, 1000]);
      const source = deltaSource({ path, schema: Item, maxFilesPerTrigger, ...mode });
      await source.open?.(`${folder.path}/own`);
      return source;
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

function textOf({ p, id, n }: ItemRow): string {
  return `${p} ${id} ${n}`;
}
