import type { Schema } from "../../../lib/core/mod.ts";
import { formatSchema, type StructJson } from "../../../lib/delta/protocol/schema_json.ts";
import type { EngineServer } from "../../support/engine_server.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { type CaseRows, Listing, Payment, Trade } from "./case_rows.ts";
import { writeRound, writeTables } from "./input_files.ts";
import type { BatchAnswer, QueryAnswer } from "./query_answer.ts";
import type { QueryCase } from "./query_case.ts";

/** What Spark makes of a query. */
export async function sparkAnswer(
  server: EngineServer,
  asked: QueryCase,
  rows: CaseRows,
): Promise<QueryAnswer> {
  await using folder = await tempFolder();
  await writeTables(folder, rows);
  const batches: BatchAnswer[] = [];
  let schema: StructJson | undefined;
  for (const round of rows.rounds.keys()) {
    await writeRound(folder, rows, round);
    const answer = await server.ask({
      do: "run_query",
      path: folder.path,
      query: asked.spark,
      mode: asked.outputMode ?? "append",
      streams: { trades: schemaText(Trade), payments: schemaText(Payment) },
      tables: { listings: schemaText(Listing) },
    }) as QueryAnswer;
    schema = answer.schema;
    batches.push(...answer.batches.map((batch) => ({ ...batch, rows: batch.rows.toSorted() })));
  }
  return { schema: schema!, batches };
}

function schemaText<Row>(schema: Schema<Row>): string {
  return formatSchema(schema as unknown as Schema);
}
