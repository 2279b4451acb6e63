import { deepEqual, equal } from "assert";
import { postgres } from "../../../lib/postgres/mod.ts";
import { Random } from "../../support/random.ts";
import { Document, DocumentModel, documentOptions } from "../../support/unavailable_model.ts";
import { contextOf, rowsBatch, withDatabase } from "../test_database.ts";

const COLUMNS = ["title", "encode(body, 'hex')", "amount", "replace(tags::text, ', ', ',')"];

for (let seed = 0; seed < 16; seed++) {
  Deno.test(`postgres() leaves columns as they are whose values did not come (seed ${seed})`, () =>
    withDatabase(async (db) => {
      const random = new Random(seed);
      const options = documentOptions(seed);
      const model = new DocumentModel(options);
      const context = contextOf(db, Document, "query-1", { outputMode: "update" });
      const writer = await postgres({ table: "t", url: db.url, ...options }).open(context);
      for (let batchId = 0; batchId < 10; batchId++) {
        const batch = { ...rowsBatch(batchId, Document, []), ...model.change(random) };
        if (random.next() < 0.2) await (await writer.stage(batch)).abort();
        equal((await (await writer.stage(batch)).commit()).status, "committed");
        deepEqual((await db.rows(rowsSql(options.onDelete === "mark"))).sort(), model.texts);
      }
      await writer.close();
      const listed = await db.rows(
        `select attname from pg_attribute where attrelid = 't'::regclass and attname = '__unavailable'`,
      );
      deepEqual(listed, []);
    }));
}

/** The rows as `documentText` writes them. */
function rowsSql(hasMarks: boolean): string {
  const texts = [...COLUMNS, "position"].map((column) => `coalesce(${column}::text, '∅')`);
  const text = `concat_ws('|', id, ${texts.join(", ")}, ${hasMarks ? "deleted" : "false"}::text)`;
  return `select ${text} from t`;
}
