import { SluiceError, systemClock } from "../core/mod.ts";
import type { StreamingQuery } from "../streaming/mod.ts";

const LOOK_MS = 20;
const TIMEOUT_MS = 60_000;

/**
 * Waits until something is so: looks again and again, for a minute at most.
 *
 *     await until(async () => (await sql`select from trades`).length === 3, query);
 *
 * @param isSo whether it is.
 * @param query on whose work it depends; what ends it is thrown.
 * @returns when it is so.
 * @throws {SluiceError} `NEVER_SO` if it is not so in time, or the query has ended well before.
 *
 * @example
 * ```ts
 * import { ok } from "assert";
 * import { until } from "./until.ts";
 *
 * let looks = 0;
 * await until(() => ++looks === 2);
 * ok(looks === 2);
 * ```
 */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  query?: StreamingQuery,
): Promise<void> {
  const deadlineMs = systemClock.nowMs() + TIMEOUT_MS;
  for (;;) {
    // Asked first: what is not so when it has ended will never be.
    const hasEnded = query?.status.step === "ended";
    if (await isSo()) return;
    if (query !== undefined && hasEnded) await query.awaitTermination();
    if (hasEnded || systemClock.nowMs() > deadlineMs) {
      throw new SluiceError("NEVER_SO", {
        attempted: "wait until something is so",
        found: hasEnded ? "that the query has ended" : `that it is not, after ${TIMEOUT_MS} ms`,
        wanted: isSo.toString(),
      });
    }
    await systemClock.sleep(LOOK_MS, new AbortController().signal);
  }
}
