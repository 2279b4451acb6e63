import { unavailableColumn } from "./change_columns.ts";
import { badOption, SluiceError } from "./errors.ts";
import { Schema, type StructField, typeName } from "./schema.ts";
import type { SinkContext } from "./sink.ts";

/** How a sink keeps a table by key, in update mode; in other modes it is told none of this. */
export interface UpsertOptions {
  /**
   * The columns that tell the table's rows apart. Nulls are equal to each other, and a struct is
   * compared by its fields. Default: those that tell the rows of the query's result apart.
   */
  readonly key?: readonly string[];
  /**
   * A column that grows with each change of a row, such as a log's position or a time. A row is then
   * overwritten or deleted only by one with at least its own value there, so that an older change
   * never undoes a newer one; null is less than all else. Default: the last change to come counts.
   */
  readonly orderBy?: string;
  /**
   * What becomes of a row whose key is gone: `delete` takes it out, `mark` keeps it with true in
   * `deletedColumn`. With `orderBy` only a row that is kept remembers how new it was. Default:
   * `delete`.
   */
  readonly onDelete?: "delete" | "mark";
  /** The boolean column for `onDelete: "mark"`, which the query's rows do not have. Default: `deleted`. */
  readonly deletedColumn?: string;
}

/** The options' names, for `refuseUnknownOptions`. */
export const UPSERT_OPTIONS: readonly (keyof UpsertOptions)[] = [
  "key",
  "orderBy",
  "onDelete",
  "deletedColumn",
];

/** The same, held against the rows that are to come. */
export interface UpsertRules {
  /** The columns of the key; one or more. */
  readonly key: readonly StructField[];
  /** The column that says which of two rows is newer; `undefined`: the one that comes later. */
  readonly orderBy: StructField | undefined;
  /** The column that marks rows whose keys are gone; `undefined`: they are taken out. */
  readonly deletedColumn: StructField | undefined;
  /**
   * The column that lists the others whose values did not come with a row: a row that is there keeps
   * what it has in them. It is not stored. `undefined`: every row is whole.
   */
  readonly unavailable: StructField | undefined;
  /** All columns of the table: those of the rows without `unavailable`, and `deletedColumn`. */
  readonly schema: Schema;
}

const DEFAULT_DELETED_COLUMN = "deleted";

/**
 * What the options mean for the rows of a query; `undefined` if it is not in update mode.
 *
 * @throws {SluiceError} `BAD_OPTION` for an option that has no meaning in the query's mode, a column
 * that the rows do not have or that cannot be compared, and if nobody says what the key is.
 */
export function upsertRules(
  attempted: string,
  { key, orderBy, onDelete, deletedColumn }: UpsertOptions,
  { outputMode, keyColumns, schema }: SinkContext,
): UpsertRules | undefined {
  if (outputMode !== "update") {
    refuseInOtherModes(attempted, outputMode, { key, orderBy, onDelete, deletedColumn });
    return undefined;
  }
  const unavailable = unavailableColumn(schema);
  const stored = new Schema(schema.fields.filter((field) => field !== unavailable));
  const keyFields = keyOf(attempted, key ?? keyColumns, stored);
  const order = orderBy === undefined ? undefined : orderOf(attempted, orderBy, keyFields, stored);
  const mark = markOf(attempted, onDelete, deletedColumn, stored);
  return {
    key: keyFields,
    orderBy: order,
    deletedColumn: mark,
    unavailable,
    schema: mark === undefined ? stored : new Schema([...stored.fields, mark]),
  };
}

function refuseInOtherModes(attempted: string, mode: string, options: object): void {
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined) continue;
    throw badOption(
      attempted,
      option,
      `a query in ${mode} mode`,
      "outputMode update, or no such option",
    );
  }
}

function keyOf(attempted: string, names: readonly string[], schema: Schema): StructField[] {
  if (names.length === 0) {
    throw new SluiceError("BAD_OPTION", {
      attempted,
      where: 'option "key"',
      found: "no column",
      wanted: "the columns that tell the rows of the table apart",
      hint: "the result of this query has no key of its own: name one with the option key",
    });
  }
  return names.map((name, i) => {
    const field = fieldOf(attempted, "key", name, schema);
    if (names.indexOf(name) !== i) throw badOption(attempted, "key", `"${name}" twice`, "it once");
    if (typeof field.type === "object" && field.type.type === "map") {
      const wanted = "a column that can be compared: no map";
      throw badOption(attempted, "key", `"${name}" ${typeName(field.type)}`, wanted);
    }
    return field;
  });
}

function orderOf(
  attempted: string,
  name: string,
  key: readonly StructField[],
  schema: Schema,
): StructField {
  const field = fieldOf(attempted, "orderBy", name, schema);
  const { type } = field;
  const isOrdered = typeof type === "object"
    ? type.type === "decimal"
    : type !== "binary" && type !== "boolean";
  if (!isOrdered) {
    const wanted = "a number, a time, a day or text";
    throw badOption(attempted, "orderBy", `"${name}" ${typeName(type)}`, wanted);
  }
  if (key.includes(field)) {
    throw badOption(attempted, "orderBy", `"${name}", of the key`, "a column outside of the key");
  }
  return field;
}

function markOf(
  attempted: string,
  onDelete: unknown,
  deletedColumn: string | undefined,
  { fields }: Schema,
): StructField | undefined {
  if (![undefined, "delete", "mark"].includes(onDelete as string | undefined)) {
    throw badOption(attempted, "onDelete", JSON.stringify(onDelete), '"delete" or "mark"');
  }
  if (onDelete !== "mark") {
    if (deletedColumn === undefined) return undefined;
    throw badOption(
      attempted,
      "deletedColumn",
      "rows that are deleted",
      'onDelete: "mark" beside it',
    );
  }
  const name = deletedColumn ?? DEFAULT_DELETED_COLUMN;
  const twin = fields.find((field) => field.name.toLowerCase() === name.toLowerCase());
  if (twin !== undefined) {
    const wanted = "a name that no column of the rows has";
    throw badOption(attempted, "deletedColumn", `column "${twin.name}" of the rows`, wanted);
  }
  return { name, type: "boolean", nullable: false, sourceName: name };
}

function fieldOf(attempted: string, option: string, name: string, { fields }: Schema): StructField {
  const field = fields.find((candidate) => candidate.name === name);
  if (field !== undefined) return field;
  const names = fields.map((candidate) => candidate.name).join(", ");
  throw badOption(attempted, option, `column ${JSON.stringify(name)}`, `one of ${names}`);
}
