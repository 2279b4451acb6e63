import { deepEqual, equal } from "assert";
import { mysql } from "../../../lib/mysql/mod.ts";
import { Random } from "../../support/random.ts";
import { Document, DocumentModel, documentOptions } from "../../support/unavailable_model.ts";
import { rowsBatch } from "../../postgres/test_database.ts";
import { hasMariadb } from "../../support/stack.ts";
import { contextOf, withDatabase } from "../test_database.ts";

/** These need a MariaDB. */
const test = hasMariadb ? Deno.test : Deno.test.ignore;

const COLUMNS = ["title", "lower(hex(body))", "amount", "tags"];

for (let seed = 0; seed < 16; seed++) {
  test(`mysql() leaves columns as they are whose values did not come (seed ${seed})`, () =>
    withDatabase(async (db) => {
      const random = new Random(seed);
      const options = documentOptions(seed);
      const model = new DocumentModel(options);
      const context = contextOf(db, Document, "query-1", { outputMode: "update" });
      const writer = await mysql({ table: "t", url: db.url, ...options }).open(context);
      for (let batchId = 0; batchId < 10; batchId++) {
        const batch = { ...rowsBatch(batchId, Document, []), ...model.change(random) };
        if (random.next() < 0.2) await (await writer.stage(batch)).abort();
        equal((await (await writer.stage(batch)).commit()).status, "committed");
        deepEqual((await db.rows(rowsSql(options.onDelete === "mark"))).sort(), model.texts);
      }
      await writer.close();
      const listed = await db.rows(
        `select column_name from information_schema.columns
          where table_schema = database() and column_name = '__unavailable'`,
      );
      deepEqual(listed, []);
    }));
}

/** The rows as `documentText` writes them. */
function rowsSql(hasMarks: boolean): string {
  const texts = [...COLUMNS, "position"].map((column) => `ifnull(${column}, '∅')`);
  const deleted = hasMarks ? "if(deleted, 'true', 'false')" : "'false'";
  return `select concat_ws('|', id, ${texts.join(", ")}, ${deleted}) from t`;
}
