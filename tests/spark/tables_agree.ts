import { deepEqual } from "assert";
import { Schema, type StructField } from "../../lib/core/mod.ts";
import { DeltaTable } from "../../lib/delta/mod.ts";
import { checkVersions, takeTurns } from "../interop/take_turns.ts";
import { tableRecipes } from "../interop/table_recipes.ts";
import { digestRows } from "../support/canonical_rows.ts";
import type { EngineServer } from "../support/engine_server.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { sparkTables } from "./spark_tables.ts";

/** Delta tables that Spark and we read and write by turns. */
export function tablesAgree(server: () => EngineServer): void {
  for (const recipe of tableRecipes) {
    Deno.test(`Spark reads every version of a table with ${recipe.name}`, async () => {
      await using folder = await tempFolder();
      await recipe.make(`${folder.path}/table`);
      await checkVersions(server(), ["spark"], `${folder.path}/table`, recipe);
      await checkChanges(server(), `${folder.path}/table`);
    });

    Deno.test(`we and Spark write by turns to a table with ${recipe.name}`, async () => {
      await using folder = await tempFolder();
      await recipe.make(`${folder.path}/table`);
      await takeTurns(
        { server: server(), writer: "spark", readers: ["spark"] },
        `${folder.path}/table`,
        recipe,
      );
    });
  }

  for (const { name, statements } of sparkTables) {
    Deno.test(`we read every version of Spark's table with ${name}, and write by turns`, async () => {
      await using folder = await tempFolder();
      const path = `${folder.path}/table`;
      for (const statement of statements) await server().ask({ do: "sql", path, statement });
      await checkVersions(server(), ["spark"], path, {});
      await checkChanges(server(), path);
      await takeTurns({ server: server(), writer: "spark", readers: ["spark"] }, path, {});
    });
  }
}

/** Spark and we read the same changes, where the table keeps them. */
async function checkChanges(server: EngineServer, path: string): Promise<void> {
  const table = await DeltaTable.open(path);
  if (table.metadata.configuration["delta.enableChangeDataFeed"] !== "true") return;
  const rows: Record<string, unknown>[] = [];
  let fields: readonly StructField[] = [];
  for await (const batch of table.changes({ from: 0, to: table.version })) {
    fields = batch.schema.fields.filter(({ name }) => name !== "_commit_timestamp");
    rows.push(...batch.rows());
  }
  const spark = await server.ask({ do: "changes", path, first: 0, last: table.version });
  deepEqual(digestRows(new Schema(fields), rows), spark);
}
