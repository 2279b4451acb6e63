import { chain } from "./chain.ts";
import { dedup } from "./dedup.ts";
import { groups } from "./groups.ts";
import { join } from "./join.ts";
import { joinedWindows } from "./joined_windows.ts";
import { latest } from "./latest.ts";
import { rows } from "./rows.ts";
import type { ScenarioKind } from "./scenario.ts";
import { sessions } from "./sessions.ts";
import { staticJoin } from "./static_join.ts";
import { timeouts } from "./timeouts.ts";
import { windows } from "./windows.ts";

/** All kinds of queries; a seed picks one. */
export const SCENARIO_KINDS: readonly ScenarioKind[] = [
  rows,
  windows,
  sessions,
  dedup,
  latest,
  join,
  joinedWindows,
  chain,
  groups,
  timeouts,
  staticJoin,
];
