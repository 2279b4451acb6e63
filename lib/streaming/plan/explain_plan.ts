import { inputsOf, type PlanNode } from "./node.ts";
import type { QueryPlan } from "./query_plan.ts";

/**
 * A plan as a tree: each operator above those that it takes rows of, and behind an arrow the sinks
 * that hang on it.
 *
 *     aggregate by window  (state 0)
 *     :  -> postgres(totals), update
 *     :  -> delta(late), late rows
 *     +- withWatermark at, 10 minutes
 *        +- KafkaV2[Subscribe[trades]]  (source 0)
 *           :  -> postgres(trades), append
 */
export function explainPlan(plan: QueryPlan): string {
  const lines: string[] = [];
  const seen = new Set<PlanNode>();
  const visit = (node: PlanNode, indent: string, branch: string) => {
    const title = `${indent}${branch}${titleOf(plan, node)}`;
    const below = branch === "" ? indent : `${indent}   `;
    if (seen.has(node)) {
      lines.push(`${title}  (as above)`);
      return;
    }
    seen.add(node);
    lines.push(title, ...sinksAt(plan, node).map((sink) => `${below}:  -> ${sink}`));
    for (const input of inputsOf(node)) visit(input, below, "+- ");
  };
  visit(plan.last, "", "");
  return lines.join("\n");
}

function titleOf(plan: QueryPlan, node: PlanNode): string {
  if (node.kind === "stateless") return node.label;
  if (node.kind === "source") {
    const source = plan.inputs.findIndex(({ nodes }) => nodes.includes(node));
    return `${node.label}  (source ${source})`;
  }
  const isHere = (step: QueryPlan["steps"][number]) =>
    step.kind === "stateful" && step.node === node;
  const step = plan.steps.find(isHere);
  return `${node.label}  (state ${step?.kind === "stateful" ? step.operatorId : "?"})`;
}

function sinksAt(plan: QueryPlan, node: PlanNode): string[] {
  return plan.sinks.filter((sink) => sink.node === node).map(({ sink, mode, late }) => {
    const side = node.kind === "stateful" && node.inputs.length > 1
      ? ` of the ${late?.input === 0 ? "left" : "right"}`
      : "";
    return late === undefined ? `${sink.name}, ${mode}` : `${sink.name}, late rows${side}`;
  });
}
