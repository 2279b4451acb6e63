import {
  bindAssignment,
  bindPredicate,
  type BoundExpression,
  type Predicate,
} from "../../sql/mod.ts";
import { type Schema, SluiceError, type StructField } from "../../core/mod.ts";
import type { Metadata } from "../protocol/actions.ts";
import { quotedName } from "../protocol/column_path.ts";
import { allFields, parseFields } from "../protocol/schema_json.ts";
import { constraintsOf } from "../protocol/table_properties.ts";

/** A condition that every row of a table fulfils: true, not false and not null. */
export interface RowRule {
  /** What it is, for errors: `constraint "positive_price"`. */
  readonly name: string;
  readonly predicate: Predicate;
}

/** What a column holds in rows that do not have it. */
export interface ColumnDefault {
  readonly field: StructField;
  readonly value: BoundExpression;
  /** True if it is worked out from other columns, and never anything else. */
  readonly isGenerated: boolean;
}

/**
 * The conditions that a table's metadata sets: `delta.constraints.*`, `delta.invariants` of columns,
 * and that generated columns are what they are generated from.
 *
 * @throws {SluiceError} `UNSUPPORTED_FEATURE` naming the one whose SQL is not understood here.
 */
export function rowRules(metadata: Metadata, schema: Schema, where: string): RowRule[] {
  const rule = (feature: string, name: string, sql: string): RowRule => ({
    name,
    predicate: understood(feature, name, where, () => bindPredicate(sql, schema)),
  });
  const rules = constraintsOf(metadata.configuration)
    .map(([name, sql]) => rule("checkConstraints", `constraint "${name}"`, sql));
  for (const { path, field } of allFields(parseFields(metadata.schemaString, where))) {
    const invariant = field.metadata["delta.invariants"];
    if (invariant !== undefined) {
      const name = `invariant of column "${path}"`;
      rules.push(rule("invariants", name, invariantSql(invariant, name, where)));
    }
    const generation = field.metadata["delta.generationExpression"];
    if (generation !== undefined) {
      const name = `generated column "${path}"`;
      rules.push(rule("generatedColumns", name, `${quotedName(field.name)} <=> (${generation})`));
    }
  }
  return rules;
}

/**
 * What columns hold in rows that do not have them, by the column's default or generation expression;
 * those that are worked out from others come last.
 *
 * @throws {SluiceError} `UNSUPPORTED_FEATURE` naming the one whose SQL is not understood here.
 */
export function columnDefaults(
  metadata: Metadata,
  schema: Schema,
  where: string,
): ColumnDefault[] {
  const defaults = parseFields(metadata.schemaString, where).flatMap(({ name, metadata }, i) => {
    const field = schema.fields[i]!;
    const generation = metadata["delta.generationExpression"];
    const sql = generation ?? metadata.CURRENT_DEFAULT;
    if (sql === undefined) return [];
    const isGenerated = generation !== undefined;
    const feature = isGenerated ? "generatedColumns" : "allowColumnDefaults";
    const what = `${isGenerated ? "generated column" : "default of column"} "${name}"`;
    const value = understood(
      feature,
      what,
      where,
      () => bindAssignment(String(sql), schema, field.type, name),
    );
    return [{ field, value, isGenerated }];
  });
  return defaults.sort((a, b) => Number(a.isGenerated) - Number(b.isGenerated));
}

/** The SQL in an invariant, `{"expression":{"expression":"price > 0"}}`. */
function invariantSql(invariant: unknown, name: string, where: string): string {
  try {
    const { expression: { expression } } = JSON.parse(String(invariant));
    if (typeof expression === "string") return expression;
  } catch {
    // Told below.
  }
  throw new SluiceError("UNSUPPORTED_FEATURE", {
    attempted: "write to a Delta table",
    where,
    found: `feature "invariants" in use: ${name} is ${invariant}`,
    wanted: "an expression in JSON",
  });
}

function understood<T>(feature: string, name: string, where: string, bind: () => T): T {
  try {
    return bind();
  } catch (cause) {
    if (!(cause instanceof SluiceError)) throw cause;
    throw new SluiceError("UNSUPPORTED_FEATURE", {
      attempted: "write to a Delta table",
      where,
      found: `feature "${feature}" in use: ${name}, whose SQL is not understood`,
      hint: "write with a client that understands it, or change it",
      cause,
    });
  }
}
