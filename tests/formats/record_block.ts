import type { RecordBlock } from "../../lib/core/mod.ts";

const encoder = new TextEncoder();

/** A block of records with these values, which share one run of bytes. */
export function recordBlock(values: readonly (string | Uint8Array | null)[]): RecordBlock {
  const parts = values.map((value) => typeof value === "string" ? encoder.encode(value) : value);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + (part?.length ?? 0), 0));
  const valueStarts = new Int32Array(parts.length).fill(-1);
  const valueEnds = new Int32Array(parts.length).fill(-1);
  let end = 0;
  parts.forEach((part, i) => {
    if (part === null) return;
    bytes.set(part, end);
    valueStarts[i] = end;
    end += part.length;
    valueEnds[i] = end;
  });
  return {
    topic: "t",
    partition: 0,
    count: parts.length,
    bytes,
    baseOffset: 0n,
    offsetDeltas: Int32Array.from(parts, (_, i) => i),
    timestampsMs: new Float64Array(parts.length).fill(-1),
    keyStarts: new Int32Array(parts.length).fill(-1),
    keyEnds: new Int32Array(parts.length).fill(-1),
    valueStarts,
    valueEnds,
    headers: () => [],
  };
}
