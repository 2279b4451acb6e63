/**
 * The kinds of queries that are put through every fault, each with a second way to what must come of
 * it. The fault matrix runs them all side by side.
 *
 * @module
 */
import { copy } from "./copy.ts";
import { dedup } from "./dedup.ts";
import { join } from "./join.ts";
import type { Kind } from "./kind.ts";
import { latest } from "./latest.ts";
import { staticJoin } from "./static_join.ts";
import { closedWindows, openWindows, totals } from "./windows.ts";

export { type Kind, type PlainRow, RECORDS_PER_BATCH, type SinkSpec } from "./kind.ts";
export { NAMES } from "./static_join.ts";

/** All of them. */
export const KINDS: readonly Kind[] = [
  copy,
  closedWindows,
  openWindows,
  totals,
  dedup,
  latest,
  join,
  staticJoin,
];
