import type { QueryPlan, StatefulStep } from "./query_plan.ts";

/**
 * The watermark at each operator with state, given that of the query, in microseconds since 1970; as
 * in Spark. Rows have it from `withWatermark` on; an operator with several inputs has the least of
 * those that have one, and one that holds rows back gives a lower one on. 0 where there is none.
 */
export function propagateWatermark(
  { inputs, steps }: QueryPlan,
  watermarkMicros: bigint,
): ReadonlyMap<StatefulStep, bigint> {
  const bySlot: (bigint | undefined)[] = inputs.map(({ watermark }) =>
    watermark === undefined ? undefined : watermarkMicros
  );
  const byStep = new Map<StatefulStep, bigint>();
  for (const step of steps) {
    if (step.kind === "stateless") {
      bySlot[step.output] = step.watermark === undefined ? bySlot[step.input] : watermarkMicros;
      continue;
    }
    const found = step.inputs.map((slot) => bySlot[slot]).filter((each) => each !== undefined);
    if (found.length === 0) {
      byStep.set(step, 0n);
      continue;
    }
    const least = found.reduce((a, b) => a < b ? a : b);
    byStep.set(step, least);
    const out = step.operator.outputWatermark?.(least) ?? least;
    bySlot[step.output] = out < 0n ? 0n : out;
  }
  return byStep;
}
