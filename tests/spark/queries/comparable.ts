import type { Difference } from "./differences.ts";
import type { QueryAnswer } from "./query_answer.ts";

/**
 * What of an answer is the same in both engines. The operators of a join's two sides have no order of
 * their own: they are put in that of their names.
 */
export function comparable(
  answer: QueryAnswer,
  differences: readonly Difference[] = [],
): QueryAnswer {
  const { schema, batches } = differences.reduce((left, { leaveOut }) => leaveOut(left), answer);
  return {
    schema,
    batches: batches.map((batch) => ({
      ...batch,
      operators: batch.operators.toSorted((a, b) => compareTexts(a.operatorName, b.operatorName)),
    })),
  };
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
