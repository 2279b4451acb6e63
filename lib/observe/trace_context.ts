import { createHash } from "node:crypto";

/** Where a batch stands among the traces of other services. */
export interface TraceContext {
  /** 32 hexadecimal digits: the batch, in whichever run. */
  readonly traceId: string;
  /** 16 hexadecimal digits: the batch in this run. */
  readonly spanId: string;
}

/**
 * Ids for a batch as the W3C's Trace Context writes them. The trace belongs to the batch, so that a
 * replay after a crash is found under the same id; the span belongs to one run of it. A sink of your
 * own can hand them on as `traceparent`.
 *
 * @see {@link https://www.w3.org/TR/trace-context/}
 *
 * @example
 * ```ts
 * import { equal, notEqual } from "assert";
 * import { traceContext } from "./trace_context.ts";
 *
 * const first = traceContext("query-1", "run-1", 41);
 * const replay = traceContext("query-1", "run-2", 41);
 * equal(first.traceId, replay.traceId);
 * notEqual(first.spanId, replay.spanId);
 * ```
 */
export function traceContext(queryId: string, runId: string, batchId: number): TraceContext {
  return {
    traceId: hexDigest(`${queryId}/${batchId}`, 32),
    spanId: hexDigest(`${runId}/${batchId}`, 16),
  };
}

function hexDigest(text: string, digits: number): string {
  const hex = createHash("sha256").update(text).digest("hex").slice(0, digits);
  // The standard calls an id of zeros invalid.
  return /^0+$/.test(hex) ? hex.replace(/0$/, "1") : hex;
}
