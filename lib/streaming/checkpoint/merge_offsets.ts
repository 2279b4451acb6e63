import type { Offsets } from "../../core/mod.ts";

/**
 * The offsets of several sources as those of one. A topic whose name an earlier source has too is
 * called by its name and the number of its source, `trades#1` for the second one's.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { mergeOffsets } from "./merge_offsets.ts";
 *
 * const merged = mergeOffsets([{ trades: { 0: 5n } }, { trades: { 0: 7n }, quotes: { 0: 9n } }]);
 * deepEqual(merged, { trades: { 0: 5n }, "trades#1": { 0: 7n }, quotes: { 0: 9n } });
 * ```
 */
export function mergeOffsets(sources: readonly Offsets[]): Offsets {
  if (sources.length === 1) return sources[0]!;
  const merged: Record<string, Offsets[string]> = {};
  for (const [source, offsets] of sources.entries()) {
    for (const [topic, partitions] of Object.entries(offsets)) {
      merged[topic in merged ? `${topic}#${source}` : topic] = partitions;
    }
  }
  return merged;
}
