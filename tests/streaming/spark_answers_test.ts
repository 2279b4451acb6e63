/**
 * Our queries give the same as Spark's, batch by batch: the rows, what was too late, the watermark.
 * Spark's answers were asked for by `make_spark_answers.ts`; `deno task test:spark` asks for others.
 */
import { deepEqual, equal, notEqual, ok } from "assert";
import { sameCases } from "../spark/queries/all_cases.ts";
import { comparable } from "../spark/queries/comparable.ts";
import { differences } from "../spark/queries/differences.ts";
import { differentCases } from "../spark/queries/different_cases.ts";
import { ourAnswer } from "../spark/queries/our_answer.ts";
import {
  askedDigest,
  RECORDED_SEED,
  type RecordedAnswers,
  rowsOf,
} from "../spark/queries/recorded_answers.ts";

const recorded: RecordedAnswers = JSON.parse(
  await Deno.readTextFile(new URL("spark_answers.json", import.meta.url)),
);

for (const asked of sameCases) {
  Deno.test(`we answer as Spark does: ${asked.name}`, async () => {
    const rows = rowsOf(asked, RECORDED_SEED);
    const { askedDigest: digest, ...spark } = recorded[asked.name]!;
    equal(digest, askedDigest(asked, rows), "out of date: run make_spark_answers.ts");
    const ours = await ourAnswer(asked, rows);
    deepEqual(comparable(ours, asked.differences), comparable(spark, asked.differences));
  });
}

for (const asked of differentCases) {
  Deno.test(`we answer otherwise than Spark: ${asked.name}`, async () => {
    const { batches } = await ourAnswer(asked, asked.rows());
    deepEqual(batches.map(({ rows }) => rows), asked.ourRows);
    notEqual(JSON.stringify(asked.ourRows), JSON.stringify(asked.sparkRows), asked.reason);
  });
}

Deno.test("Spark's answers have what is hard: late rows, batches without input, rows in each", () => {
  equal(Object.keys(recorded).length, sameCases.length);
  const batches = Object.values(recorded).flatMap((answer) => answer.batches);
  const late = batches.flatMap(({ operators }) => operators)
    .reduce((sum, { numRowsDroppedByWatermark }) => sum + numRowsDroppedByWatermark, 0);
  ok(late > 200, `${late} late rows`);
  const idle = batches.filter(({ numInputRows, rows }) => numInputRows === 0 && rows.length > 0);
  ok(idle.length > 20, `${idle.length} batches without input and with rows`);
  for (const [name, { batches }] of Object.entries(recorded)) {
    ok(batches.some(({ rows }) => rows.length > 0), name);
  }
});

Deno.test("each difference that is left out of the answers shows in one of them", async () => {
  for (const [name, difference] of Object.entries(differences)) {
    let shows = false;
    for (const asked of sameCases) {
      if (shows || asked.differences?.includes(difference) !== true) continue;
      const { askedDigest: _, ...spark } = recorded[asked.name]!;
      const ours = await ourAnswer(asked, rowsOf(asked, RECORDED_SEED));
      const others = asked.differences.filter((other) => other !== difference);
      shows = JSON.stringify(sorted(comparable(ours, others))) !==
        JSON.stringify(sorted(comparable(spark, others)));
    }
    ok(shows, `${name}: ${difference.reason}`);
  }
});

/** With the members of all objects in one order. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const members = Object.entries(value).toSorted(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
}
