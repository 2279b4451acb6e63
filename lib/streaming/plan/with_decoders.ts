import type { Decoder } from "../../core/mod.ts";
import type { WrittenQuery } from "../start_query.ts";
import { decodedNode, type PlanNode } from "./node.ts";

/**
 * The same query with other decoders: every operator is made anew for the rows that come to it.
 *
 * @throws {SluiceError} what the operators throw that cannot take these rows.
 */
export function withDecoders(
  query: WrittenQuery,
  decoders: ReadonlyMap<Decoder, Decoder>,
): WrittenQuery {
  const made = new Map<PlanNode, PlanNode>();
  const remake = (node: PlanNode): PlanNode => {
    const known = made.get(node) ?? behindOthers(node, decoders, remake);
    made.set(node, known);
    return known;
  };
  return {
    ...query,
    last: remake(query.last),
    taps: query.taps.map((tap) => ({ ...tap, node: remake(tap.node) })),
  };
}

function behindOthers(
  node: PlanNode,
  decoders: ReadonlyMap<Decoder, Decoder>,
  remake: (node: PlanNode) => PlanNode,
): PlanNode {
  if (node.kind === "stateless") return node.behind(remake(node.input));
  if (node.kind === "stateful") return node.behind(node.inputs.map(remake));
  const decoder = node.decoder === undefined ? undefined : decoders.get(node.decoder);
  return decoder === undefined ? node : decodedNode(node.source, decoder);
}
