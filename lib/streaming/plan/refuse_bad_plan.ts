import { describeValue, type OutputMode, SluiceError } from "../../core/mod.ts";
import { isBehindState, passesChanges, type PlanNode, type SourceNode } from "./node.ts";
import type { QueryPlan, Tap } from "./query_plan.ts";

/**
 * Refuses a query without sinks, with what is none, with two of one name, or with rows at its end that go nowhere.
 *
 * @throws {SluiceError} `BAD_PIPELINE`.
 */
export function refuseBadTaps(name: string, last: PlanNode, taps: readonly Tap[]): void {
  const attempted = `start query "${name}"`;
  const other = taps.find(({ sink }) => !isSink(sink));
  if (other !== undefined) {
    throw new SluiceError("BAD_PIPELINE", {
      attempted,
      found: describeValue(other.sink),
      wanted: "a sink, as to(postgres(…), delta(…)) has them",
    });
  }
  const names = taps.map(({ sink }) => sink.name);
  const twice = names.find((sink, i) => names.indexOf(sink) !== i);
  if (names.length === 0 || twice !== undefined) {
    throw new SluiceError("BAD_PIPELINE", {
      attempted,
      found: twice === undefined ? "no sink" : `two sinks ${twice}`,
      wanted: "one or more sinks, each of another table",
    });
  }
  if (taps.some(({ node, lateInput }) => node === last && lateInput === undefined)) return;
  throw new SluiceError("BAD_PIPELINE", {
    attempted,
    where: last.label,
    found: "rows that no sink takes",
    wanted: "to or foreachBatch behind the last operator",
  });
}

function isSink(sink: unknown): boolean {
  return typeof sink === "object" && sink !== null && "open" in sink;
}

/**
 * Refuses a source that is read in two places: its connections and what it remembers are for one.
 *
 * @throws {SluiceError} `BAD_PIPELINE`.
 */
export function refuseSharedSources(name: string, nodes: readonly SourceNode[]): void {
  const sources = nodes.map(({ source }) => source);
  const shared = sources.find((source, i) => sources.indexOf(source) !== i);
  if (shared === undefined) return;
  throw new SluiceError("BAD_PIPELINE", {
    attempted: `start query "${name}"`,
    where: shared.description,
    found: "one source read twice",
    wanted: "a source of its own for each from, or one pipeline that is used twice",
  });
}

/**
 * Refuses output modes that operators or sinks cannot serve.
 *
 * @throws {SluiceError} `BAD_PIPELINE` naming the operator or the sink, the mode and what it can.
 */
export function refuseBadModes(name: string, plan: QueryPlan, outputMode: OutputMode): void {
  const attempted = `start query "${name}"`;
  const stateful = plan.steps.filter((step) => step.kind === "stateful");
  const remembering = stateful.filter(({ operator }) => !passesChanges(operator));
  if (outputMode === "complete" && remembering.length === 0) {
    throw new SluiceError("BAD_PIPELINE", {
      attempted,
      found: "output mode complete, and no operator that keeps all rows of its result",
      wanted: "append, or an aggregation such as groupBy(…).agg(…)",
    });
  }
  for (const { operator, mode } of stateful) operator.checkMode(mode);
  for (const { sink, mode } of plan.sinks) {
    const modes = sink.outputModes ?? ["append"];
    if (modes.includes(mode)) continue;
    throw new SluiceError("BAD_PIPELINE", {
      attempted,
      where: `sink ${sink.name}`,
      found: `output mode ${mode}`,
      wanted: modes.join(" or "),
      hint: mode === "append"
        ? "it cannot take rows that are only ever added: hang it behind the last operator"
        : `start the query with outputMode "append", or write to a sink that can do ${mode}`,
    });
  }
}

/**
 * Refuses a watermark where there is one, or behind an operator that remembers rows.
 *
 * @throws {SluiceError} `BAD_PIPELINE`.
 */
export function refuseSecondWatermark(node: PlanNode, column: string): void {
  const attempted = `take the event time from column "${column}"`;
  if (isBehindState(node)) {
    throw new SluiceError("BAD_PIPELINE", {
      attempted,
      where: node.label,
      found: "an operator that remembers rows before it",
      wanted: "withWatermark before groupBy, dropDuplicates, latestByKey and join",
      hint: "what such an operator makes has the watermark of the rows that it is made from",
    });
  }
  if (node.hasWatermark) {
    throw new SluiceError("BAD_PIPELINE", {
      attempted,
      found: "rows that have a watermark already",
      wanted: "one withWatermark for each source",
    });
  }
}
