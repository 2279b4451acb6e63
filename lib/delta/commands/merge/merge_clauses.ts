import { SluiceError, type StructField } from "../../../core/mod.ts";
import { bindPredicate, type ColumnPath, type Predicate } from "../../../sql/mod.ts";
import {
  formatColumnPath,
  isSameName,
  parseColumnPath,
  quotedName,
} from "../../protocol/column_path.ts";
import { type Assignments, bindAssignments } from "../change/assignments.ts";
import type { MergeScope } from "./merge_scope.ts";

/** Which rows a clause is about. */
export type MergeCase = "matched" | "notMatched" | "notMatchedBySource";

/** One clause of a merge as it was written. */
export interface MergeClause {
  /** Rows of the target that have a row in the source, rows of the source or the target without. */
  readonly when: MergeCase;
  /** What to do with them. */
  readonly action: "update" | "delete" | "insert";
  /** SQL by column, or each column that the source has; empty for a delete. */
  readonly set: Readonly<Record<string, string>> | "all";
  /** Which of the rows the clause takes, in SQL; absent: all that come to it. */
  readonly condition?: string;
}

/** A clause whose names and types are settled. */
export interface BoundClause {
  /** What to do with the rows. */
  readonly action: MergeClause["action"];
  /** Which of the rows it takes; `undefined`: all that come to it. */
  readonly condition: Predicate | undefined;
  /** What columns are set to. */
  readonly assignments: Assignments;
}

/** The clauses of a merge by case, each in the order in which rows come to them. */
export type BoundClauses = Readonly<Record<MergeCase, readonly BoundClause[]>>;

const ATTEMPTED = "merge into a Delta table";

/**
 * Binds the clauses of a merge. `optional` columns need not be in the source for a clause that sets
 * all columns: the table works them out.
 *
 * @throws {SluiceError} `BAD_MERGE` if a clause sets nothing, inserts a part of a struct, or no row
 * can come to it; `UNKNOWN_COLUMN`; `BAD_EXPRESSION`.
 */
export function bindClauses(
  clauses: readonly MergeClause[],
  scope: MergeScope,
  optional: (field: StructField) => boolean,
): BoundClauses {
  const bind = (when: MergeCase): BoundClause[] => {
    const ofCase = clauses.filter((clause) => clause.when === when);
    const takesAll = ofCase.findIndex(({ condition }) => condition === undefined);
    if (takesAll >= 0 && takesAll < ofCase.length - 1) {
      throw badMerge(
        `a clause without a condition before another one for ${CASE_NAMES[when]} rows`,
        "a condition for each but the last",
      );
    }
    return ofCase.map((clause) => bindClause(clause, scope, optional));
  };
  return {
    matched: bind("matched"),
    notMatched: bind("notMatched"),
    notMatchedBySource: bind("notMatchedBySource"),
  };
}

/** All columns that the clauses' conditions read. */
export function conditionColumns(clauses: readonly BoundClause[]): ColumnPath[] {
  return clauses.flatMap(({ condition }) => condition?.columns ?? []);
}

const CASE_NAMES: Readonly<Record<MergeCase, string>> = {
  matched: "matched",
  notMatched: "not matched",
  notMatchedBySource: "not matched by source",
};

function bindClause(
  { when, action, set, condition }: MergeClause,
  scope: MergeScope,
  optional: (field: StructField) => boolean,
): BoundClause {
  const names = {
    matched: scope.ofPairs,
    notMatched: scope.ofSource,
    notMatchedBySource: scope.ofTarget,
  }[when];
  const values = set === "all" ? allColumns(scope, optional) : withoutAlias(set, scope);
  if (action !== "delete" && set !== "all" && Object.keys(values).length === 0) {
    throw badMerge(`a clause to ${action} rows that sets no column`, "one column or more");
  }
  const assignments = bindAssignments(ATTEMPTED, scope.targetSchema, values, names);
  if (action === "insert") refuseFieldsOfStructs(assignments);
  return {
    action,
    condition: condition === undefined ? undefined : bindPredicate(condition, names),
    assignments,
  };
}

/** A new row has no struct yet of which one field could be set. */
function refuseFieldsOfStructs(assignments: Assignments): void {
  for (const [column, values] of assignments) {
    const field = values.find(({ path }) => path.length > 0);
    if (field === undefined) continue;
    throw badMerge(
      `a clause to insert rows that sets ${formatColumnPath([column, ...field.path])}`,
      `all of the struct: ${formatColumnPath([column])}`,
    );
  }
}

/** Columns may be written with the name of the table before them. */
function withoutAlias(
  set: Readonly<Record<string, string>>,
  { targetName, targetSchema }: MergeScope,
): Record<string, string> {
  const { fields } = targetSchema;
  return Object.fromEntries(
    Object.entries(set).map(([column, expression]) => {
      const isColumn = fields.some(({ name }) => isSameName(name, column));
      const [first = "", ...rest] = isColumn ? [column] : parseColumnPath(column);
      const hasAlias = rest.length > 0 && isSameName(first, targetName) &&
        !fields.some(({ name }) => isSameName(name, first));
      return [hasAlias ? formatColumnPath(rest) : column, expression];
    }),
  );
}

/** Each column of the table set to that of the source. */
function allColumns(
  { targetSchema, sourceSchema, sourceName }: MergeScope,
  optional: (field: StructField) => boolean,
): Record<string, string> {
  const set: Record<string, string> = {};
  for (const field of targetSchema.fields) {
    const found = sourceSchema.fields.find(({ name }) => isSameName(name, field.name));
    if (found !== undefined) {
      set[field.name] = `${quotedName(sourceName)}.${quotedName(found.name)}`;
    } else if (!optional(field)) {
      throw new SluiceError("UNKNOWN_COLUMN", {
        attempted: ATTEMPTED,
        where: `column "${field.name}"`,
        found: `a source with columns ${sourceSchema.fields.map(({ name }) => name).join(", ")}`,
        wanted: "each column of the table, since a clause sets all of them",
        hint: "name the columns that the clause is to set, or merge with mergeSchema",
      });
    }
  }
  return set;
}

/** `BAD_MERGE`: the clauses make no sense. */
export function badMerge(found: string, wanted: string): SluiceError {
  return new SluiceError("BAD_MERGE", { attempted: ATTEMPTED, found, wanted });
}
