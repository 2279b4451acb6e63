import { deepEqual, equal } from "assert";
import { postgres } from "../../../lib/postgres/mod.ts";
import { Random } from "../../support/random.ts";
import { rowText, Upsert, UpsertModel, upsertOptions } from "../../support/upsert_model.ts";
import { contextOf, rowsBatch, withDatabase } from "../test_database.ts";

for (let seed = 0; seed < 20; seed++) {
  Deno.test(`a table by key is that of a model after each batch (seed ${seed})`, () =>
    withDatabase(async (db) => {
      const random = new Random(seed);
      const options = upsertOptions(seed);
      const model = new UpsertModel(options);
      const sink = postgres({ table: "t", url: db.url, ...options });
      const context = contextOf(db, Upsert, "query-1", { outputMode: "update" });
      let writer = await sink.open(context);
      for (let batchId = 0; batchId < 12; batchId++) {
        const changes = model.change(random);
        const batch = { ...rowsBatch(batchId, Upsert, []), ...changes };
        if (random.next() < 0.2) await (await writer.stage(batch)).abort();
        await (await writer.stage(batch)).commit();
        if (random.next() < 0.2) {
          await writer.close();
          writer = await sink.open(context);
          equal((await (await writer.stage(batch)).commit()).status, "alreadyCommitted");
        }
        deepEqual(
          (await db.rows(rowsSql(options.onDelete === "mark"))).sort(),
          model.rows.map(rowText).sort(),
        );
      }
      await writer.close();
    }));
}

function rowsSql(hasMarks: boolean): string {
  const texts = ["region", "amount", "note", "position"].map((name) =>
    `coalesce(${name}::text, '∅')`
  );
  const [region, ...others] = texts;
  const ends = ["start", "end"].map((field) =>
    `(extract(epoch from ("window" ->> '${field}')::timestamptz) * 1000000)::bigint`
  );
  const deleted = hasMarks ? "deleted" : "false";
  return `select ${["id", region, ...ends, ...others, "version", deleted].join(", ")} from t`;
}
