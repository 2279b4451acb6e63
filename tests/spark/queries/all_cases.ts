import { chainedCases } from "./chained_cases.ts";
import { duplicateCases } from "./duplicate_cases.ts";
import { joinCases } from "./join_cases.ts";
import type { QueryCase } from "./query_case.ts";
import { windowCases } from "./window_cases.ts";

/** Queries that we answer as Spark does, batch by batch. */
export const sameCases: readonly QueryCase[] = [
  ...windowCases,
  ...duplicateCases,
  ...joinCases,
  ...chainedCases,
];
