import { SluiceError } from "../core/mod.ts";

/** When batches run, in Spark's words; exactly one of them. */
export type Trigger =
  /** Everything there is at the start, in batches, then the end. */
  | { readonly availableNow: true }
  /** Everything there is at the start in one batch, whatever `maxOffsetsPerTrigger` says, then the end. */
  | { readonly once: true }
  /** A batch every so many milliseconds, until stopped; 0: as soon as there is something. */
  | { readonly processingTime: number };

/** True for a value that is a trigger: exactly one of the three, with a sensible value. */
export function isTrigger(value: unknown): value is Trigger {
  if (typeof value !== "object" || value === null) return false;
  const [[key, setting] = [], ...others] = Object.entries(value);
  if (others.length > 0) return false;
  if (key === "processingTime") return typeof setting === "number" && setting >= 0;
  return (key === "availableNow" || key === "once") && setting === true;
}

/**
 * Reads a trigger as people write it: `availableNow`, `once`, `5s`, `500ms`, `1 minute`.
 *
 * @throws {SluiceError} `BAD_OPTION` if it is none of these.
 */
export function parseTrigger(text: string): Trigger {
  if (text === "availableNow") return { availableNow: true };
  if (text === "once") return { once: true };
  const match = /^(\d+)\s*(ms|milliseconds?|s|seconds?|m|min|minutes?|h|hours?)$/.exec(text);
  if (match === null) {
    throw new SluiceError("BAD_OPTION", {
      attempted: "read a trigger",
      found: JSON.stringify(text),
      wanted: 'availableNow, once, or an interval such as "500ms", "5s" or "1 minute"',
    });
  }
  const unit = match[2]!;
  const unitMs = unit.startsWith("ms") || unit.startsWith("milli")
    ? 1
    : unit.startsWith("s")
    ? 1000
    : unit.startsWith("m")
    ? 60_000
    : 3_600_000;
  return { processingTime: Number(match[1]) * unitMs };
}
