import {
  Batch,
  type Column,
  Schema,
  SluiceError,
  StructColumn,
  type StructField,
} from "../../../core/mod.ts";
import {
  type Batches,
  bindAssignment,
  type BoundExpression,
  type Scope,
} from "../../../sql/mod.ts";
import { fieldsAlong } from "../../files/file_bounds.ts";
import type { TableLayout } from "../../files/table_layout.ts";
import { isSameName, parseColumnPath } from "../../protocol/column_path.ts";
import { allRows } from "./row_sets.ts";

/** What a column, or fields of a struct, are set to. */
interface Assignment {
  /** The fields that lead to the value, below the column; none for the column itself. */
  readonly path: readonly string[];
  /** The value. */
  readonly value: BoundExpression;
}

/** What columns of a table are set to, by their names. */
export type Assignments = ReadonlyMap<string, readonly Assignment[]>;

/**
 * Binds SQL by column, or by the path of a field in a struct, `address.city`; case does not matter in
 * names.
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_COLUMN_NAME`; `BAD_OPTION` if a column is set twice;
 * `BAD_EXPRESSION`.
 */
export function bindAssignments(
  attempted: string,
  schema: Schema,
  set: Readonly<Record<string, string>>,
  scope: Scope,
): Assignments {
  const bound = new Map<string, Assignment[]>();
  for (const [given, expression] of Object.entries(set)) {
    const fields = fieldsOf(schema, given);
    const [column, ...path] = fields.map(({ name }) => name);
    const field = fields.at(-1);
    if (column === undefined || field === undefined) {
      throw new SluiceError("UNKNOWN_COLUMN", {
        attempted,
        where: `column "${given}"`,
        found: "no such column in the table",
        wanted: `one of ${schema.fields.map(({ name }) => name).join(", ")}`,
      });
    }
    const others = bound.get(column) ?? [];
    if (others.some((other) => isWithin(other.path, path) || isWithin(path, other.path))) {
      throw new SluiceError("BAD_OPTION", {
        attempted,
        where: `column "${given}"`,
        found: "a second value for it",
        wanted: "one",
      });
    }
    const value = bindAssignment(expression, scope, field.type, given);
    bound.set(column, [...others, { path, value }]);
  }
  return bound;
}

/**
 * The columns of a row that its new values are made of; `qualifier` is what the row is called in
 * expressions.
 */
export function columnsRead(
  assignments: Assignments,
  { schema, constraints }: TableLayout,
  qualifier: string,
): string[] {
  const kept = schema.fields.map(({ name }) => name).filter((name) =>
    assignments.get(name)?.some(({ path }) => path.length > 0) ??
      !constraints.generatedColumns.includes(name)
  );
  const named = [...assignments.values()].flat()
    .flatMap(({ value }) => value.columns)
    .filter((column) => column.qualifier === qualifier)
    .flatMap(({ path }) => path.slice(0, 1));
  return [...kept, ...named];
}

/**
 * The rows with new values in the columns that are set, and in generated ones that are not;
 * `batches` is what the expressions read.
 *
 * @throws {SluiceError} `BAD_VALUE` naming a column that cannot hold its new value.
 */
export function assign(
  rows: Batch,
  assignments: Assignments,
  batches: Batches,
  { schema, constraints }: TableLayout,
): Batch {
  const fields = schema.fields.filter(({ name }) =>
    assignments.has(name) || !constraints.generatedColumns.includes(name)
  );
  const columns = fields.map(({ name }) => {
    const [first, ...others] = assignments.get(name) ?? [];
    if (first === undefined) return rows.column(name);
    if (first.path.length === 0) return first.value.evaluate(batches);
    return [first, ...others].reduce(
      (column, { path, value }) => withValue(column, path, value.evaluate(batches)),
      rows.column(name),
    );
  });
  return constraints.complete(new Batch(new Schema(fields), 0, columns));
}

/** New rows with values in the columns that are set, and in no others. */
export function newRows(schema: Schema, assignments: Assignments, batches: Batches): Batch {
  const fields = schema.fields.filter(({ name }) => assignments.has(name));
  const columns = fields.flatMap(({ name }) =>
    (assignments.get(name) ?? []).map(({ value }) => value.evaluate(batches))
  );
  return new Batch(new Schema(fields), 0, columns);
}

/** The fields on the way, from the column on; none if there is no such column. */
function fieldsOf({ fields }: Schema, given: string): StructField[] {
  // A name with a dot in it needs no quotes where it stands alone.
  const whole = fields.find(({ name }) => isSameName(name, given));
  if (whole !== undefined) return [whole];
  const path: string[] = [];
  for (const wanted of parseColumnPath(given)) {
    const struct = path.length === 0 ? { fields } : fieldsAlong(fields, path).at(-1)?.type;
    if (typeof struct !== "object" || !("fields" in struct)) return [];
    const field = struct.fields.find(({ name }) => isSameName(name, wanted));
    if (field === undefined) return [];
    path.push(field.name);
  }
  return fieldsAlong(fields, path);
}

function isWithin(path: readonly string[], other: readonly string[]): boolean {
  return other.every((name, i) => path[i] === name);
}

/** A column with another value at a path; a struct that was null has nulls in its other fields. */
function withValue(column: Column, path: readonly string[], value: Column): Column {
  const [name, ...rest] = path;
  if (name === undefined || !(column instanceof StructColumn)) return value;
  const children = column.children.map((child, i) => {
    const visible = hiddenBy(column, child);
    return column.type.fields[i]?.name === name ? withValue(visible, rest, value) : visible;
  });
  const changed = new StructColumn(column.type, children, 0);
  changed.length = column.length;
  return changed;
}

/** A field of a struct that is null wherever the struct is. */
function hiddenBy({ validity, length }: StructColumn, child: Column): Column {
  if (validity === undefined) return child;
  const hidden = child.take(allRows(length));
  const both = validity.slice(0, length);
  let nulls = 0;
  for (let row = 0; row < length; row++) {
    if (child.isNull(row)) both[row] = 0;
    if (both[row] === 0) nulls++;
  }
  hidden.validity = both;
  hidden.nullCount = nulls;
  return hidden;
}
