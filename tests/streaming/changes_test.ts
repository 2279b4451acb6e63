import { deepEqual, rejects } from "assert";
import { schema as s } from "../../lib/core/mod.ts";
import { memorySource } from "../../lib/local/mod.ts";
import { type Pipeline, pipeline } from "../../lib/streaming/mod.ts";
import { MemorySink } from "../support/memory_sink.ts";
import { Random } from "../support/random.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { hasCode, run } from "./toy_query.ts";

type ChangeRow = { id: bigint; version: bigint; a: bigint; b: bigint | null };

const Change = s.struct({ id: s.long(), version: s.long(), a: s.long(), b: s.long().nullable() });
const Keyed = s.struct({ name: s.string(), a: s.long() });

/** The table that a sink keeps of the changes that it is told of, by these columns. */
function tableOf(changes: readonly Told[], key: readonly string[]): Record<string, unknown>[] {
  const rows = new Map<string, Record<string, unknown>>();
  const keyOf = (row: Record<string, unknown>) => key.map((name) => String(row[name])).join();
  for (const { batch, deletes } of changes) {
    for (const row of deletes) rows.delete(keyOf(row));
    for (const row of batch) rows.set(keyOf(row), row);
  }
  return [...rows.values()];
}

/** One batch, as a sink is told of it. */
interface Told {
  readonly batch: Record<string, unknown>[];
  readonly deletes: Record<string, unknown>[];
}

/** Brings changes through operators in update mode, a batch for each list. */
async function told<Out>(
  batches: readonly (readonly ChangeRow[])[],
  operators: (newest: Pipeline<ChangeRow>) => Pipeline<Out>,
  newest = (changes: Pipeline<ChangeRow>) =>
    changes.latestByKey({ key: ["id"], orderBy: "version", deleteWhen: "a < 0" }),
): Promise<Told[]> {
  await using folder = await tempFolder();
  const source = memorySource(Change);
  const changes: Told[] = [];
  for (const rows of batches) {
    source.add(...rows);
    const query = operators(newest(pipeline("changes").from(source)))
      .foreachBatch((batch, _id, deletes) => {
        changes.push({
          batch: [...batch.rows()] as Record<string, unknown>[],
          deletes: [...deletes?.rows() ?? []] as Record<string, unknown>[],
        });
      });
    await run(query, folder.path, { outputMode: "update" });
  }
  return changes;
}

const ONE: ChangeRow = { id: 1n, version: 1n, a: 1n, b: 1n };

Deno.test("a row that no longer meets the first of two conditions is gone, whatever the second says", async () => {
  const changes = await told(
    [[ONE], [{ ...ONE, version: 2n, a: 0n, b: 0n }]],
    (newest) => newest.where("a > 0").filter(({ b }) => b! > 0n),
  );
  deepEqual(tableOf(changes, ["id"]), []);
});

Deno.test("a condition protects the columns behind it from the rows that it leaves out", async () => {
  const changes = await told(
    [[ONE], [{ ...ONE, version: 2n, b: null }]],
    (newest) => newest.where("b IS NOT NULL").withColumn("c", s.long(), "b + 1").drop("b"),
  );
  deepEqual(tableOf(changes.slice(0, 1), ["id"]), [{ id: 1n, version: 1n, a: 1n, c: 2n }]);
  deepEqual(changes[1], { batch: [], deletes: [{ id: 1n, version: 2n, a: 1n, c: null }] });
});

Deno.test("behind map, where no column is known to be a key, a row that is left out is gone too", async () => {
  const changes = await told(
    [[ONE, { ...ONE, id: 2n }], [{ ...ONE, version: 2n, a: 0n }]],
    (newest) => newest.map(Keyed, ({ id, a }) => ({ name: `n${id}`, a })).where("a > 0"),
  );
  deepEqual(tableOf(changes, ["name"]), [{ name: "n2", a: 1n }]);
});

Deno.test("a function that cannot take a row which a condition left out says what to do", async () => {
  await rejects(
    told(
      [[ONE], [{ ...ONE, version: 2n, b: null }]],
      (newest) => newest.where("b IS NOT NULL").map(Keyed, ({ b }) => ({ name: "n", a: b! })),
    ),
    hasCode("OPERATOR_FAILED", /goes on as a delete.*put the condition behind it/s),
  );
});

Deno.test("rows that never change are no deletes when a condition leaves them out", async () => {
  const changes = await told(
    [[ONE], [{ ...ONE, version: 2n, a: 0n }]],
    (newest) => newest.where("a > 0"),
    (rows) => rows.dropDuplicates("version"),
  );
  // Kept by another key than that of dropDuplicates: the second row says nothing about the first.
  deepEqual(tableOf(changes, ["id"]), [ONE]);
});

for (const seed of [1, 2, 3]) {
  Deno.test(`whatever is behind it, a table of changes is that of its newest rows, seed ${seed}`, async () => {
    const random = new Random(seed);
    let version = 0n;
    const batches = Array.from(
      { length: 12 },
      () =>
        Array.from({ length: random.integer(1, 5) }, (): ChangeRow => ({
          id: BigInt(random.integer(0, 3)),
          version: version++,
          a: BigInt(random.integer(-1, 2)),
          b: random.integer(0, 2) === 0 ? null : BigInt(random.integer(0, 3)),
        })),
    );
    const changes = await told(
      batches,
      (newest) =>
        newest.where("a > 0").where("b IS NOT NULL").withColumn("c", s.long(), "b * 2")
          .filter(({ c }) => c > 0n).select("id", "c").withColumnRenamed("id", "key"),
    );

    const newest = new Map(batches.flat().map((row) => [row.id, row]));
    const wanted = [...newest.values()].filter(({ a, b }) => a > 0n && (b ?? 0n) > 0n)
      .map(({ id, b }) => `${id} ${b! * 2n}`);
    const table = tableOf(changes, ["key"]).map(({ key, c }) => `${key} ${c}`);
    deepEqual(table.sort(), wanted.sort());
  });
}

Deno.test("a query that is started in another output mode, or without its operators, is refused", async () => {
  await using folder = await tempFolder();
  const source = memorySource(Change);
  source.add(ONE);
  const rows = () => pipeline("counts").from(source);
  const counts = () => rows().groupBy("id").count().to(new MemorySink("counts"));
  await run(counts(), folder.path, { outputMode: "update" });
  await rejects(
    run(counts(), folder.path, { outputMode: "complete" }),
    hasCode("STATE_MISMATCH", /in update mode, wanted .* in complete mode/),
  );
  await rejects(
    run(rows().to(new MemorySink("rows")), folder.path),
    hasCode("STATE_MISMATCH", /no operator with state/),
  );
});
