// A command line prints.
// deno-lint-ignore-file no-console
/**
 * Asks Spark the queries of `tests/spark/queries` and writes its answers to `spark_answers.json`:
 *
 *     deno run -A tests/streaming/make_spark_answers.ts && deno fmt tests/streaming
 *
 * To be run when the queries or their rows have changed; answers that are not out of date are kept.
 * They were made with pyspark 4.2.0.
 */
import { sameCases } from "../spark/queries/all_cases.ts";
import {
  askedDigest,
  RECORDED_SEED,
  type RecordedAnswer,
  type RecordedAnswers,
  rowsOf,
} from "../spark/queries/recorded_answers.ts";
import { sparkAnswer } from "../spark/queries/spark_answer.ts";
import { startSpark } from "../spark/spark_engine.ts";

const path = new URL("spark_answers.json", import.meta.url);
const before: RecordedAnswers = JSON.parse(await Deno.readTextFile(path).catch(() => "{}"));
const answers: Record<string, RecordedAnswer> = {};
await using server = await startSpark();
for (const asked of sameCases) {
  const rows = rowsOf(asked, RECORDED_SEED);
  const digest = askedDigest(asked, rows);
  const known = before[asked.name];
  if (known?.askedDigest !== digest) console.error(`asking for ${asked.name}`);
  answers[asked.name] = known?.askedDigest === digest
    ? known
    : { askedDigest: digest, ...await sparkAnswer(server, asked, rows) };
}
await Deno.writeTextFile(path, `${JSON.stringify(answers)}\n`);
