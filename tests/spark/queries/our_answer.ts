import { equal } from "assert";
import type { Schema } from "../../../lib/core/mod.ts";
import { fileTable, parquetFiles } from "../../../lib/files/mod.ts";
import {
  type Pipeline,
  pipeline,
  type StreamingQueryProgress,
} from "../../../lib/streaming/mod.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { type CaseRows, Listing, Payment, Trade } from "./case_rows.ts";
import { writeRound, writeTables } from "./input_files.ts";
import {
  type BatchAnswer,
  progressAnswer,
  type QueryAnswer,
  rowTexts,
  schemaAnswer,
} from "./query_answer.ts";
import type { CaseInputs, QueryCase } from "./query_case.ts";

/** What we make of a query. */
export async function ourAnswer(asked: QueryCase, rows: CaseRows): Promise<QueryAnswer> {
  await using folder = await tempFolder();
  await writeTables(folder, rows);
  const batches: BatchAnswer[] = [];
  let schema: Schema | undefined;
  for (const round of rows.rounds.keys()) {
    await writeRound(folder, rows, round);
    const written = asked.ours(inputsIn(folder.path));
    const texts = new Map<number, string[]>();
    const progresses: StreamingQueryProgress[] = [];
    const query = await written.foreachBatch((batch, batchId, deletes) => {
      schema = batch.schema as unknown as Schema;
      texts.set(batchId, rowTexts(schema, batch.rows() as Iterable<Record<string, unknown>>));
      equal(deletes?.numRows ?? 0, 0, "Spark has no deletes");
    }).start({
      checkpointLocation: `${folder.path}/checkpoint`,
      trigger: { availableNow: true },
      outputMode: asked.outputMode ?? "append",
      listener: { onProgress: (progress) => progresses.push(progress) },
    });
    await query.awaitTermination();
    for (const progress of progresses) {
      const rows = texts.get(progress.batchId)!;
      batches.push({ ...progressAnswer(progress), rows });
    }
  }
  return { schema: schemaAnswer(schema!), batches };
}

function inputsIn(folder: string): CaseInputs {
  return {
    trades: streamOf(`${folder}/trades`, Trade),
    payments: streamOf(`${folder}/payments`, Payment),
    listings: fileTable({ path: `${folder}/listings/all.parquet`, schema: Listing }),
  };
}

function streamOf<Row>(path: string, schema: Schema<Row>): Pipeline<Row> {
  return pipeline("case").from(parquetFiles({ path, schema, maxFilesPerTrigger: 1 }));
}
