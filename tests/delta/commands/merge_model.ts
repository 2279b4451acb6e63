import { schema as s } from "../../../lib/core/mod.ts";
import type { MergeClause } from "../../../lib/delta/commands/merge/merge_clauses.ts";

/** Columns with few values each, so that conditions and keys often hold. */
export const ModelTable = s.struct({
  key: s.long().nullable(),
  part: s.string().nullable(),
  amount: s.integer().nullable(),
  note: s.string().nullable(),
});

/** A row of it. */
export interface ModelRow extends Record<string, unknown> {
  readonly key: bigint | null;
  readonly part: string | null;
  readonly amount: number | null;
  readonly note: string | null;
}

/** A condition on a row, in SQL over the columns of `t`; `holds` is true where SQL says true. */
export interface ModelCondition {
  readonly sql: (t: string) => string;
  readonly holds: (row: ModelRow) => boolean;
}

/** What an update makes of a row; `source` is the row that matched it, if any. */
export interface ModelUpdate {
  readonly set: (t: string, s: string | undefined) => Record<string, string>;
  readonly change: (row: ModelRow, source: ModelRow | undefined) => Partial<ModelRow>;
}

/** Which rows match; `ofKeys` is false where it takes no equality. */
export interface ModelJoin {
  readonly on: string;
  readonly holds: (t: ModelRow, s: ModelRow) => boolean;
}

const above = (amount: number | null, limit: number) => amount !== null && amount > limit;
const isSame = <T>(a: T | null, b: T | null) => a !== null && a === b;

/** Conditions of a row. */
export const CONDITIONS: readonly ModelCondition[] = [
  { sql: (t) => `${t}amount > 5`, holds: ({ amount }) => above(amount, 5) },
  { sql: (t) => `${t}part = 'a'`, holds: ({ part }) => part === "a" },
  { sql: (t) => `${t}note IS NULL`, holds: ({ note }) => note === null },
  { sql: (t) => `${t}key % 2 = 0`, holds: ({ key }) => key !== null && key % 2n === 0n },
  {
    sql: (t) => `NOT (${t}amount > 5) AND ${t}part <> 'b'`,
    holds: ({ amount, part }) => amount !== null && amount <= 5 && part !== null && part !== "b",
  },
  {
    sql: (t) => `${t}part IS NULL OR ${t}amount = 3`,
    holds: ({ part, amount }) => part === null || amount === 3,
  },
  {
    sql: (t) => `${t}key IN (1, 2, 3)`,
    holds: ({ key }) => key !== null && key >= 1n && key <= 3n,
  },
  { sql: () => "true", holds: () => true },
  { sql: (t) => `${t}key > 1000`, holds: () => false },
];

/** Updates of a row; those that need a source do without where there is none. */
export const UPDATES: readonly ModelUpdate[] = [
  {
    set: (t) => ({ amount: `${t}amount + 1` }),
    change: ({ amount }) => ({ amount: amount === null ? null : amount + 1 }),
  },
  { set: () => ({ part: "'moved'" }), change: () => ({ part: "moved" }) },
  {
    set: (t) => ({ note: `concat(${t}note, '!')`, amount: "NULL" }),
    change: ({ note }) => ({ note: note === null ? null : `${note}!`, amount: null }),
  },
  {
    set: (t, s) => ({ NOTE: s === undefined ? `${t}part` : `${s}note` }),
    change: ({ part }, source) => ({ note: source === undefined ? part : source.note }),
  },
  {
    set: (t, s) => ({ part: s === undefined ? "NULL" : `coalesce(${s}part, ${t}part)` }),
    change: ({ part }, source) => ({ part: source === undefined ? null : source.part ?? part }),
  },
];

/** Ways to join target `t` and source `s`. */
export const JOINS: readonly ModelJoin[] = [
  { on: "t.key = s.key", holds: (t, s) => isSame(t.key, s.key) },
  { on: "s.key <=> t.key", holds: (t, s) => t.key === s.key },
  {
    on: "t.key = s.key AND t.part = s.part",
    holds: (t, s) => isSame(t.key, s.key) && isSame(t.part, s.part),
  },
  {
    on: "t.key = s.key AND t.part <=> s.part",
    holds: (t, s) => isSame(t.key, s.key) && t.part === s.part,
  },
  {
    on: "t.key = s.key AND t.amount <= s.amount",
    holds: (t, s) =>
      isSame(t.key, s.key) && t.amount !== null && s.amount !== null && t.amount <= s.amount,
  },
  {
    on: "t.part = 'a' AND t.key = s.key AND s.amount > 2",
    holds: (t, s) => t.part === "a" && isSame(t.key, s.key) && above(s.amount, 2),
  },
  { on: "t.note = s.note", holds: (t, s) => isSame(t.note, s.note) },
  {
    on: "t.key + 1 = s.key",
    holds: (t, s) => t.key !== null && t.key + 1n === s.key,
  },
  {
    on: "t.amount = s.key",
    holds: (t, s) => t.amount !== null && s.key === BigInt(t.amount),
  },
  {
    on: "t.key > s.key AND t.key < s.key + 2",
    holds: (t, s) => t.key !== null && s.key !== null && t.key > s.key && t.key < s.key + 2n,
  },
  { on: "false", holds: () => false },
];

/** A clause and what it does to rows. */
export interface ModelClause {
  readonly clause: MergeClause;
  readonly takes: (target: ModelRow | undefined, source: ModelRow | undefined) => boolean;
  /** The row that comes of it; `undefined` for none. */
  readonly makes: (
    target: ModelRow | undefined,
    source: ModelRow | undefined,
  ) => ModelRow | undefined;
}

/** The rows after a merge; `undefined` if several rows of the source match one of the target. */
export function mergeModel(
  target: readonly ModelRow[],
  source: readonly ModelRow[],
  { holds }: ModelJoin,
  clauses: readonly ModelClause[],
): ModelRow[] | undefined {
  const ofCase = (when: MergeClause["when"]) =>
    clauses.filter(({ clause }) => clause.when === when);
  const matched = ofCase("matched");
  const [only] = matched;
  const isPlainDelete = matched.length === 1 && only?.clause.action === "delete" &&
    only.clause.condition === undefined;
  const isMatched = new Set<ModelRow>();
  const rows: ModelRow[] = [];
  for (const row of target) {
    const matches = source.filter((other) => holds(row, other));
    matches.forEach((other) => isMatched.add(other));
    if (matches.length > 1 && matched.length > 0 && !isPlainDelete) return undefined;
    const [other] = matches;
    const clause = ofCase(other === undefined ? "notMatchedBySource" : "matched")
      .find(({ takes }) => takes(row, other));
    const made = clause === undefined ? row : clause.makes(row, other);
    if (made !== undefined) rows.push(made);
  }
  for (const other of source) {
    if (isMatched.has(other)) continue;
    const made = ofCase("notMatched").find(({ takes }) => takes(undefined, other))
      ?.makes(undefined, other);
    if (made !== undefined) rows.push(made);
  }
  return rows;
}
