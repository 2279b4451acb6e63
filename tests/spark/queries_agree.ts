import { deepEqual, ok } from "assert";
import type { EngineServer } from "../support/engine_server.ts";
import { sameCases } from "./queries/all_cases.ts";
import { comparable } from "./queries/comparable.ts";
import { differentCases } from "./queries/different_cases.ts";
import { ourAnswer } from "./queries/our_answer.ts";
import { rowsOf } from "./queries/recorded_answers.ts";
import { sparkAnswer } from "./queries/spark_answer.ts";

/**
 * Other rows than those of the answers that `tests/streaming/spark_answers_test.ts` has; SPARK_SEED
 * takes others again.
 */
const SEED = Number(Deno.env.get("SPARK_SEED") ?? 2);

/** Queries over streams in Spark and here: the same batches, with the same rows in each. */
export function queriesAgree(server: () => EngineServer): void {
  for (const asked of sameCases) {
    Deno.test(`we and Spark answer alike: ${asked.name}`, async () => {
      const rows = rowsOf(asked, SEED);
      const ours = await ourAnswer(asked, rows);
      const spark = await sparkAnswer(server(), asked, rows);
      ok(spark.batches.some((batch) => batch.rows.length > 0));
      deepEqual(comparable(ours, asked.differences), comparable(spark, asked.differences));
    });
  }

  for (const asked of differentCases) {
    Deno.test(`Spark answers otherwise, as it did when we looked: ${asked.name}`, async () => {
      const { batches } = await sparkAnswer(server(), asked, asked.rows());
      deepEqual(batches.map(({ rows }) => rows), asked.sparkRows);
    });
  }
}
