import { isRecord, refuseUnknownOptions, type Sink, SluiceError } from "../core/mod.ts";
import type { PlanNode } from "./plan/node.ts";
import type { Tap } from "./plan/query_plan.ts";

/** Where the late rows of a join of two streams go. */
export interface LateSinks {
  /** For rows of the stream that `join` was called on. */
  readonly left?: Sink | readonly Sink[];
  /** For rows of the other stream. */
  readonly right?: Sink | readonly Sink[];
}

/**
 * Sinks for the late rows of a node.
 *
 * @throws {SluiceError} `BAD_PIPELINE` if it has none, or it is not said which.
 */
export function lateTaps(node: PlanNode, sinks: readonly Sink[] | readonly [LateSinks]): Tap[] {
  if (node.kind !== "stateful" || node.operator.staticTables !== undefined) {
    throw cannot(
      node.label,
      "no operator that leaves out late rows",
      "lateTo right behind groupBy, dropDuplicates, latestByKey or join",
    );
  }
  if (!node.hasWatermark) {
    throw cannot(node.label, "no watermark: no row is ever late", "withWatermark before it");
  }
  const [first] = sinks;
  const isBySide = isRecord(first) && !("open" in first);
  if (node.inputs.length > 1) {
    if (!isBySide || sinks.length !== 1) {
      throw cannot(node.label, "a join of two streams", "lateTo({ left: …, right: … })");
    }
    const { left, right } = first as LateSinks;
    refuseUnknownOptions("bring late rows to a sink", first, ["left", "right"]);
    return [[left ?? []].flat(), [right ?? []].flat()].flatMap((side, lateInput) =>
      side.map((sink) => ({ sink: sink as Sink, node, lateInput }))
    );
  }
  if (isBySide) throw cannot(node.label, "one stream", "lateTo(sink, …)");
  return sinks.map((sink) => ({ sink: sink as Sink, node, lateInput: 0 }));
}

function cannot(where: string, found: string, wanted: string): SluiceError {
  return new SluiceError("BAD_PIPELINE", {
    attempted: "bring late rows to a sink",
    where,
    found,
    wanted,
  });
}
