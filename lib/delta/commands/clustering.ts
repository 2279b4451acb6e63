import type { Snapshot } from "../log/snapshot.ts";
import type { DomainMetadata } from "../protocol/actions.ts";

/** What says by which columns a table is clustered; `undefined` if it is not. */
export function clusteringOf(snapshot: Snapshot): DomainMetadata | undefined {
  return [...snapshot.domains()].find(({ domain }) => domain === "delta.clustering");
}
