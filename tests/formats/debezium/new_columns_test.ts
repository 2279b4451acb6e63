import { deepEqual } from "assert";
import { onFailpoint, schema as s } from "../../../lib/core/mod.ts";
import { delta, DeltaTable } from "../../../lib/delta/mod.ts";
import { debezium } from "../../../lib/formats/debezium/mod.ts";
import { postgres } from "../../../lib/postgres/mod.ts";
import { pipeline } from "../../../lib/streaming/mod.ts";
import { withDatabase } from "../../postgres/test_database.ts";
import { MemorySource } from "../../support/memory_source.ts";
import { Random } from "../../support/random.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const PARTITIONS = 2;
const CRASHES = 3;
const Item = s.struct({ id: s.long(), title: s.string() });

/** A column that the table gets while it is captured. */
interface NewColumn {
  readonly field: string;
  /** As a schema of Kafka Connect has it. */
  readonly schema: object;
  /** Values, as they are sent and as text that both sinks give for them. */
  readonly values: readonly (readonly [sent: unknown, text: string])[];
}

const DECIMAL = {
  type: "bytes",
  name: "org.apache.kafka.connect.data.Decimal",
  parameters: { scale: "2", "connect.decimal.precision": "12" },
};
const NEW_COLUMNS: readonly NewColumn[] = [
  { field: "note", schema: { type: "string" }, values: [["ä", "ä"], ["", ""]] },
  { field: "count", schema: { type: "int64" }, values: [[7, "7"], [-1, "-1"]] },
  { field: "price", schema: DECIMAL, values: [["Aew=", "4.92"], ["/w==", "-0.01"]] },
  { field: "is_new", schema: { type: "boolean" }, values: [[true, "true"], [false, "false"]] },
  {
    field: "day",
    schema: { type: "int32", name: "io.debezium.time.Date" },
    values: [[20_000, "2024-10-04"]],
  },
];

/** A table that is changed, and gets columns, at random; its records have their schemas beside them. */
class GrowingTable {
  readonly topic = new MemorySource(PARTITIONS);
  readonly #rows = new Map<number, Map<string, string>>();
  readonly #columns: NewColumn[] = [];
  readonly #random: Random;
  #lsn = 1000;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The names of all columns, in the order in which they came. */
  get columns(): string[] {
    return ["id", "title", ...this.#columns.map(({ field }) => field)];
  }

  /** The rows as text, sorted. */
  get texts(): string[] {
    const text = ([id, row]: [number, Map<string, string>]) =>
      [`${id}`, ...this.columns.slice(1).map((name) => row.get(name) ?? "∅")].join("|");
    return [...this.#rows].map(text).sort();
  }

  addColumn(): void {
    const next = NEW_COLUMNS[this.#columns.length];
    if (next !== undefined) this.#columns.push(next);
  }

  change(): void {
    const random = this.#random;
    const id = random.integer(1, 12);
    if (this.#rows.has(id) && random.next() < 0.2) {
      this.#rows.delete(id);
      this.#send(id, "d", { id }, null);
      return;
    }
    const row = new Map([["title", random.pick(["a", "b"])]]);
    const after: Record<string, unknown> = { id, title: row.get("title") };
    for (const { field, values } of this.#columns) {
      after[field] = null;
      if (random.next() < 0.3) continue;
      const [sent, text] = random.pick(values);
      after[field] = sent;
      row.set(field, text);
    }
    const op = this.#rows.has(id) ? "u" : "c";
    this.#rows.set(id, row);
    this.#send(id, op, null, after);
  }

  /** The connector stops without a note of how far it was, and sends its last changes again. */
  resend(): void {
    const count = this.#random.integer(1, 8);
    for (const records of this.topic.partitions) records.push(...records.slice(-count));
  }

  #send(id: number, op: string, before: object | null, after: object | null): void {
    this.#lsn += this.#random.integer(1, 50);
    const fields = [
      { field: "id", type: "int64", optional: false },
      { field: "title", type: "string", optional: true },
      ...this.#columns.map(({ field, schema }) => ({ field, ...schema, optional: true })),
    ];
    const members = [
      { field: "before", type: "struct", fields },
      { field: "after", type: "struct", fields },
      { field: "source", type: "struct", fields: [{ field: "lsn", type: "int64" }] },
      { field: "op", type: "string" },
    ];
    const record = {
      schema: { type: "struct", name: "items.Envelope", fields: members },
      payload: { before, after, source: { lsn: this.#lsn }, op },
    };
    this.topic.partitions[id % PARTITIONS]!.push(JSON.stringify(record));
  }
}

for (let seed = 1; seed <= 8; seed++) {
  Deno.test(`a table gets columns while it is copied, with crashes between (seed ${seed})`, () =>
    withDatabase(async (db) => {
      await using folder = await tempFolder();
      const random = new Random(seed);
      const table = new GrowingTable(random);
      table.topic.limits = { maxOffsetsPerTrigger: random.integer(3, 25) };
      const path = `${folder.path}/items`;
      const copy = async () => {
        const query = await pipeline(db.schema)
          .from(table.topic)
          .decode(debezium(Item, { key: ["id"], newColumns: "add" }))
          .applyChanges({ key: ["id"], orderBy: "__position" })
          .to(
            postgres({ table: "items", url: db.url, orderBy: "__position" }),
            delta({ path, orderBy: "__position" }),
          )
          .start({
            checkpointLocation: `${folder.path}/checkpoint`,
            outputMode: "update",
            trigger: { availableNow: true },
          });
        await query.awaitTermination();
      };
      for (let run = 0; run < 5; run++) {
        for (let i = random.integer(10, 60); i > 0; i--) {
          if (random.next() < 0.05) table.addColumn();
          table.change();
        }
        if (random.next() < 0.5) table.resend();
        for (let crash = 0; crash < CRASHES; crash++) await crashing(random, copy);
        await copy();

        const names = table.columns.filter((name) => name !== "id");
        const columns = names.map((name) => `coalesce("${name}"::text, '∅')`);
        const stored = await db.rows(`select id, ${columns.join(", ")} from items`);
        deepEqual(stored.sort(), table.texts, `Postgres, run ${run}`);
        const rows = await Array.fromAsync((await DeltaTable.open(path)).rows());
        const texts = rows.map((row) =>
          table.columns.map((name) => deltaText(name, row[name])).join("|")
        );
        deepEqual(texts.sort(), table.texts, `Delta, run ${run}`);
      }
    }));
}

/** Runs work that ends at a random failpoint, if it comes so far. */
async function crashing(random: Random, work: () => Promise<void>): Promise<void> {
  let left = random.integer(1, 60);
  const crash = new Error("crash");
  onFailpoint(() => {
    if (--left === 0) throw crash;
  });
  try {
    await work();
  } catch (error) {
    if (error !== crash) throw error;
  } finally {
    onFailpoint(undefined);
  }
}

function deltaText(name: string, value: unknown): string {
  if (value === null || value === undefined) return "∅";
  if (name !== "day") return String(value);
  return new Date(Number(value) * 86_400_000).toISOString().slice(0, 10);
}
