import { deepEqual } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import { delta, DeltaTable } from "../../../lib/delta/mod.ts";
import { debezium } from "../../../lib/formats/debezium/mod.ts";
import { postgres } from "../../../lib/postgres/mod.ts";
import { pipeline } from "../../../lib/streaming/mod.ts";
import { withDatabase } from "../../postgres/test_database.ts";
import { MemorySource } from "../../support/memory_source.ts";
import { Random } from "../../support/random.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const PARTITIONS = 2;
const UNAVAILABLE = "__debezium_unavailable_value";

const Item = s.struct({
  id: s.long(),
  title: s.string(),
  body: s.string().nullable(),
  price: s.decimal(12, 2).nullable(),
});

interface ItemRow {
  readonly id: number;
  readonly title: string;
  /** Postgres stores it elsewhere, and does not tell it when an update leaves it as it is. */
  readonly body: string | null;
  readonly price: string | null;
}

/** A table whose changes go into a topic, as Debezium tells them with REPLICA IDENTITY DEFAULT. */
class SourceTable {
  readonly topic = new MemorySource(PARTITIONS);
  readonly #rows = new Map<number, ItemRow>();
  readonly #random: Random;
  #lsn = 1000;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The rows as text, sorted. */
  get texts(): string[] {
    return [...this.#rows.values()].map(({ id, title, body, price }) =>
      [id, title, body ?? "∅", price ?? "∅"].join("|")
    ).sort();
  }

  /** Inserts, updates, deletes, or gives a row another key. */
  change(): void {
    const random = this.#random;
    const id = random.integer(1, 12);
    const before = this.#rows.get(id);
    const chance = random.next();
    if (before === undefined) {
      this.#put("c", { id, ...this.#values() });
    } else if (chance < 0.2) {
      this.#delete(id);
    } else if (chance < 0.3 && !this.#rows.has(id + 100)) {
      // The update writes the body too; where it does not, its value is lost.
      this.#delete(id);
      this.#put("c", { ...before, id: id + 100 });
    } else if (chance < 0.7) {
      // The body is left as it is.
      this.#put("u", { ...this.#values(), id, body: before.body }, before.body !== null);
    } else {
      this.#put("u", { id, ...this.#values() });
    }
  }

  /** The connector stops without a note of how far it was, and sends its last changes again. */
  resend(): void {
    const count = this.#random.integer(1, 8);
    for (const records of this.topic.partitions) records.push(...records.slice(-count));
  }

  #put(op: string, row: ItemRow, isBodyUntouched = false): void {
    this.#rows.set(row.id, row);
    const after = isBodyUntouched ? { ...row, body: UNAVAILABLE } : row;
    this.#send(row.id, { op, before: null, after });
  }

  #delete(id: number): void {
    this.#rows.delete(id);
    this.#send(id, { op: "d", before: { id }, after: null });
  }

  #send(id: number, change: object): void {
    this.#lsn += this.#random.integer(1, 50);
    const source = {
      lsn: this.#lsn,
      sequence: JSON.stringify([`${this.#lsn - 1}`, `${this.#lsn}`]),
    };
    this.topic.partitions[id % PARTITIONS]!.push(JSON.stringify({ ...change, source }));
  }

  #values(): Omit<ItemRow, "id"> {
    const random = this.#random;
    return {
      title: random.pick(["a", "ä", ""]),
      body: random.pick([null, `long ${random.next()}`]),
      price: random.pick([null, `${random.integer(0, 99)}.25`]),
    };
  }
}

for (let seed = 1; seed <= 8; seed++) {
  Deno.test(`copies of a table are as the table is, whatever was sent twice (seed ${seed})`, () =>
    withDatabase(async (db) => {
      await using folder = await tempFolder();
      const random = new Random(seed);
      const table = new SourceTable(random);
      table.topic.limits = { maxOffsetsPerTrigger: random.integer(5, 40) };
      const path = `${folder.path}/items`;
      const isMarking = seed % 4 === 0;
      const rules = {
        orderBy: "__position",
        ...(isMarking ? { onDelete: "mark" as const } : {}),
      };
      for (let run = 0; run < 4; run++) {
        for (let i = random.integer(10, 60); i > 0; i--) table.change();
        if (random.next() < 0.5) table.resend();
        const query = await pipeline(db.schema)
          .from(table.topic)
          .decode(debezium(Item, { key: ["id"] }))
          .withColumnRenamed("body", "story")
          .applyChanges({ key: ["id"], orderBy: "__position" })
          .withColumnRenamed("story", "text")
          .to(postgres({ table: "items", url: db.url, ...rules }), delta({ path, ...rules }))
          .start({
            checkpointLocation: `${folder.path}/checkpoint`,
            outputMode: "update",
            trigger: { availableNow: true },
          });
        await query.awaitTermination();

        const standing = isMarking ? "where not deleted" : "";
        const stored = await db.rows(
          `select id, title, coalesce(text, '∅'), coalesce(price::text, '∅') from items ${standing}`,
        );
        deepEqual(stored.sort(), table.texts, `Postgres, run ${run}`);
        const rows = await Array.fromAsync((await DeltaTable.open(path)).rows());
        const texts = rows.filter(({ deleted }) => deleted !== true)
          .map(({ id, title, text, price }) => [id, title, text ?? "∅", price ?? "∅"].join("|"));
        deepEqual(texts.sort(), table.texts, `Delta, run ${run}`);
      }
    }));
}
