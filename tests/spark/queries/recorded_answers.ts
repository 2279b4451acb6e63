import { createHash } from "node:crypto";
import { type CaseRows, randomRows } from "./case_rows.ts";
import type { QueryAnswer } from "./query_answer.ts";
import type { QueryCase } from "./query_case.ts";

/** The answers that Spark gave, by the names of the queries. */
export type RecordedAnswers = Readonly<Record<string, RecordedAnswer>>;

/** An answer, and what was asked. */
export interface RecordedAnswer extends QueryAnswer {
  /** A digest of the query and its rows: with another the answer is out of date. */
  readonly askedDigest: string;
}

/** The seed of the rows that they are about. */
export const RECORDED_SEED = 1;

/** What a query is run on. */
export function rowsOf(asked: QueryCase, seed: number): CaseRows {
  return (asked.rows ?? randomRows)(seed);
}

/** What an answer depends on. */
export function askedDigest(asked: QueryCase, rows: CaseRows): string {
  const text = JSON.stringify(
    [asked.spark, asked.outputMode ?? "append", rows],
    (_, value) => typeof value === "bigint" || Object.is(value, -0) ? `${value}` : value,
  );
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
