import { deepEqual, equal } from "assert";
import { mysql } from "../../../lib/mysql/mod.ts";
import { Random } from "../../support/random.ts";
import { rowText, Upsert, UpsertModel, upsertOptions } from "../../support/upsert_model.ts";
import { rowsBatch } from "../../postgres/test_database.ts";
import { hasMariadb } from "../../support/stack.ts";
import { contextOf, withDatabase } from "../test_database.ts";

/** These need a MariaDB. */
const test = hasMariadb ? Deno.test : Deno.test.ignore;

for (let seed = 0; seed < 20; seed++) {
  test(`a table by key is that of a model after each batch (seed ${seed})`, () =>
    withDatabase(async (db) => {
      const random = new Random(seed);
      const options = upsertOptions(seed);
      const model = new UpsertModel(options);
      const sink = mysql({ table: "t", url: db.url, ...options });
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
  const texts = ["region", "amount", "note", "position"].map((name) => `ifnull(${name}, '∅')`);
  const [region, ...others] = texts;
  const ends = ["start", "end"].map((field) =>
    `timestampdiff(microsecond, '1970-01-01',
      replace(trim(trailing 'Z' from json_value(\`window\`, '$.${field}')), 'T', ' '))`
  );
  const deleted = hasMarks ? "if(deleted, 'true', 'false')" : "'false'";
  return `select ${["id", region, ...ends, ...others, "version", deleted].join(", ")} from t`;
}
