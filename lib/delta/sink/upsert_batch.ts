import {
  badOption,
  Batch,
  BooleanColumn,
  concatBatches,
  type DataType,
  type ListColumn,
  type MicroBatch,
  Schema,
  SluiceError,
  type StructField,
  typeName,
  UnavailablePatterns,
  type UpsertRules,
} from "../../core/mod.ts";
import { isKeyType, KeyIndex } from "../commands/merge/key_index.ts";
import { mergeChanges } from "../commands/merge/merge_changes.ts";
import { bindClauses, type MergeClause } from "../commands/merge/merge_clauses.ts";
import { type MergeCondition, mergeCondition } from "../commands/merge/merge_condition.ts";
import { MergeScope } from "../commands/merge/merge_scope.ts";
import { textMetrics } from "../commands/operation_metrics.ts";
import { formatColumnPath, quotedName } from "../protocol/column_path.ts";
import type { BatchChanges, BatchTarget } from "./batch_changes.ts";

const TARGET = "target";
const SOURCE = "source";

/**
 * Merges a batch into a table by key: rows take the place of those with their key, and those whose
 * keys are gone are deleted, or stay with a mark. Columns whose values did not come with a row stay as
 * they are.
 *
 * @throws {SluiceError} `DUPLICATE_KEY` if a key stands for two rows, and what `mergeChanges` throws.
 */
export async function upsertBatch(
  { layout, snapshot }: BatchTarget,
  { batch, deletes }: MicroBatch,
  rules: UpsertRules,
): Promise<BatchChanges> {
  const { rows: source, flag, patterns } = flaggedRows(batch, deletes, rules);
  const scope = new MergeScope(TARGET, layout.schema, SOURCE, source.schema);
  const condition = mergeCondition(keyCondition(rules.key), scope);
  refuseDuplicates(source, condition, scope, layout.path);
  const clauses = bindClauses(upsertClauses(rules, flag, patterns), scope, () => false);
  const merge = { layout, source, scope, condition, clauses };
  const { actions, reads, counts, discard } = await mergeChanges(merge, snapshot?.files() ?? []);
  return {
    outputMode: "Update",
    actions,
    reads: source.numRows === 0 ? { kind: "nothing" } : reads,
    numOutputRows: counts.numOutputRows,
    metrics: textMetrics(counts),
    discard,
  };
}

/**
 * Refuses columns of a key that rows cannot be looked up by.
 *
 * @throws {SluiceError} `BAD_OPTION` naming the column.
 */
export function refuseNestedKeys(attempted: string, key: readonly StructField[]): void {
  for (const { name, type } of key) {
    if (isComparable(type)) continue;
    const wanted = "columns without arrays and maps";
    throw badOption(attempted, "key", `"${name}" ${typeName(type)}`, wanted);
  }
}

function isComparable(type: DataType): boolean {
  return typeof type === "object" && type.type === "struct"
    ? type.fields.every((field) => isComparable(field.type))
    : isKeyType(type);
}

/** The rows that are merged. */
interface SourceRows {
  /** Rows and deletes. */
  readonly rows: Batch;
  /** The column that is true for deletes. */
  readonly flag: StructField;
  /** The sets of columns that rows lack values for, numbered in them; absent: every row is whole. */
  readonly patterns: UnavailablePatterns | undefined;
}

function flaggedRows(
  batch: Batch,
  deletes: Batch | undefined,
  { deletedColumn, unavailable }: UpsertRules,
): SourceRows {
  const flag = deletedColumn ?? unusedField(batch.schema);
  const numDeletes = deletes?.numRows ?? 0;
  const all = deletes === undefined || numDeletes === 0 ? batch : concatBatches([batch, deletes]);
  const patterns = unavailable && new UnavailablePatterns(unavailable);
  const rows = withFlags(patterns?.numbered(all) ?? all, flag, batch.numRows);
  return { rows, flag, patterns };
}

/** Rows as a table would have them, and which of them are whole: with a value for each column. */
export function storedRows(
  batch: Batch,
  rules: UpsertRules | undefined,
): { readonly rows: Batch; isWhole(row: number): boolean } {
  const mark = rules?.deletedColumn;
  const marked = mark === undefined ? batch : withFlags(batch, mark, batch.numRows);
  const { fields } = marked.schema;
  const lists = fields.findIndex(({ name }) => name === rules?.unavailable?.name);
  if (lists < 0) return { rows: marked, isWhole: () => true };
  const rows = new Batch(
    new Schema(fields.toSpliced(lists, 1)),
    0,
    marked.columns.toSpliced(lists, 1),
  );
  const { offsets } = batch.columns[lists] as ListColumn;
  return { rows, isWhole: (row) => offsets[row] === offsets[row + 1] };
}

/** The batch with one more column, which is true from a row on. */
function withFlags(batch: Batch, field: StructField, fromRow: number): Batch {
  const flags = new BooleanColumn("boolean", batch.numRows);
  for (let row = 0; row < batch.numRows; row++) flags.appendBoolean(row >= fromRow);
  return new Batch(new Schema([...batch.schema.fields, field]), 0, [...batch.columns, flags]);
}

/** A boolean column of a name that no column of the rows has. */
function unusedField({ fields }: Schema): StructField {
  let name = "is_deleted";
  while (fields.some((field) => field.name.toLowerCase() === name)) name += "_";
  return { name, type: "boolean", nullable: false, sourceName: name };
}

/** True for a row of the source and one of the target that have the same key. */
function keyCondition(key: readonly StructField[]): string {
  return key.flatMap((field) => equalities(field, [])).join(" AND ");
}

/** A struct has the key of another if its fields have; null is equal to null. */
function equalities(field: StructField, parents: readonly string[]): string[] {
  const path = [...parents, field.name];
  const [own, other] = [nameIn(TARGET, path), nameIn(SOURCE, path)];
  if (typeof field.type !== "object" || field.type.type !== "struct") {
    return [`${own} <=> ${other}`];
  }
  const nulls = field.nullable ? [`(${own} IS NULL) <=> (${other} IS NULL)`] : [];
  return [...nulls, ...field.type.fields.flatMap((inner) => equalities(inner, path))];
}

function upsertClauses(
  rules: UpsertRules,
  flag: StructField,
  patterns: UnavailablePatterns | undefined,
): MergeClause[] {
  const { orderBy, deletedColumn, schema } = rules;
  const set = settingAllBut([], schema);
  const isGone = nameIn(SOURCE, [flag.name]);
  const isNewer = orderBy === undefined ? "true" : newerCondition(orderBy);
  const updates = (condition: string): MergeClause[] =>
    (patterns?.sets ?? [[]]).map((unavailable, number) => ({
      when: "matched",
      action: "update",
      set: settingAllBut(unavailable, schema),
      condition: condition + numberCondition(rules, number),
    }));
  if (deletedColumn !== undefined) {
    return [...updates(isNewer), { when: "notMatched", action: "insert", set }];
  }
  return [
    { when: "matched", action: "delete", set: {}, condition: `${isGone} AND ${isNewer}` },
    ...updates(`NOT ${isGone} AND ${isNewer}`),
    { when: "notMatched", action: "insert", set, condition: `NOT ${isGone}` },
  ];
}

/** Each column set to that of the source, but for some. */
function settingAllBut(names: readonly string[], { fields }: Schema): Record<string, string> {
  return Object.fromEntries(
    fields.filter(({ name }) => !names.includes(name))
      .map(({ name }) => [name, nameIn(SOURCE, [name])]),
  );
}

function numberCondition({ unavailable }: UpsertRules, number: number): string {
  return unavailable === undefined ? "" : ` AND ${nameIn(SOURCE, [unavailable.name])} = ${number}`;
}

/** Null comes before all else. */
function newerCondition({ name }: StructField): string {
  const own = nameIn(TARGET, [name]);
  return `(${own} IS NULL OR ${nameIn(SOURCE, [name])} >= ${own})`;
}

function nameIn(qualifier: string, path: readonly string[]): string {
  return [qualifier, ...path].map(quotedName).join(".");
}

function refuseDuplicates(
  source: Batch,
  { keys }: MergeCondition,
  { sourceName }: MergeScope,
  path: string,
): void {
  const batches = { [sourceName]: source };
  const columns = keys.map((key) => key.source.evaluate(batches));
  const { next } = new KeyIndex(columns.map((column) => ({ column, nullsMatch: true })));
  const row = next.findIndex((other) => other >= 0);
  if (row < 0) return;
  const values = keys.flatMap(({ targetPath }, i) =>
    targetPath === undefined ? [] : [`${formatColumnPath(targetPath)} = ${columns[i]!.get(row)}`]
  );
  throw new SluiceError("DUPLICATE_KEY", {
    attempted: `write to Delta table ${path} by key`,
    where: values.join(", "),
    found: "two rows of one batch with this key",
    wanted: "each key once",
    hint: "name in the option key all columns that tell the rows of the result apart",
  });
}
