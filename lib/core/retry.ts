import type { Clock } from "./clock.ts";
import { isRetryable } from "./errors.ts";

/** How long and how often to try again. */
export interface RetryPolicy {
  /** Give up when this long has passed since the first failure, in milliseconds. */
  readonly maxElapsedMs: number;
  /** The first pause; each next one is twice as long. Milliseconds. */
  readonly firstDelayMs: number;
  /** No pause is longer than this. Milliseconds. */
  readonly maxDelayMs: number;
}

/** What is known when a call failed and will be made again. */
export interface RetryNotice {
  /** What the call threw. */
  readonly error: unknown;
  /** The pause before the next try, in milliseconds. */
  readonly delayMs: number;
  /** How much of the policy's time is left, in milliseconds. */
  readonly leftMs: number;
}

/**
 * Calls a function until it succeeds, throws an error that is not `retryable`, or the policy's time
 * is up; then the last error is thrown. The pauses grow, so that a service that comes back is not
 * run over.
 */
export async function retry<T>(
  call: () => Promise<T>,
  policy: RetryPolicy,
  clock: Clock,
  signal: AbortSignal,
  onRetry: (notice: RetryNotice) => void,
): Promise<T> {
  let firstFailureMs: number | undefined;
  for (let attempt = 1;; attempt++) {
    try {
      return await call();
    } catch (error) {
      const nowMs = clock.nowMs();
      firstFailureMs ??= nowMs;
      const leftMs = policy.maxElapsedMs - (nowMs - firstFailureMs);
      if (!isRetryable(error) || leftMs <= 0 || signal.aborted) throw error;
      const delayMs = Math.min(policy.firstDelayMs * 2 ** (attempt - 1), policy.maxDelayMs, leftMs);
      onRetry({ error, delayMs, leftMs });
      await clock.sleep(delayMs, signal);
    }
  }
}
