import { refuseUnknownOptions, SluiceError, type TypeSpec } from "../../../core/mod.ts";
import { missingValues } from "../../files/not_null.ts";
import { tableRows } from "../../files/table_rows.ts";
import type { Snapshot } from "../../log/snapshot.ts";
import { formatColumnPath, isSameName, parseColumnPath } from "../../protocol/column_path.ts";
import {
  type ColumnPosition,
  findField,
  withChangedField,
  withField,
  withoutField,
} from "../../protocol/edit_schema.ts";
import { mergedField, wideningRules } from "../../protocol/merge_schema.ts";
import { type FieldJson, parseFields, schemaOf, typeJson } from "../../protocol/schema_json.ts";
import type { TableState } from "../../table_state.ts";
import {
  type AlterResult,
  alterTable,
  requireColumnMapping,
  requireTypeWidening,
} from "./alter_table.ts";
import { checkRows } from "./check_rows.ts";
import { refuseColumnInExpressions, refuseNeededColumn } from "./column_uses.ts";

const STATS_COLUMNS = "delta.dataSkippingStatsColumns";

/** A column to be added. */
export interface NewColumn {
  /** Its name; with dots before it a field of a struct: `address.zip`, `items.element.id`. */
  readonly name: string;
  /** A type that is nullable: the rows that are there have no value for it. */
  readonly type: TypeSpec<unknown>;
  /** For people. */
  readonly comment?: string;
  /** Where it goes; absent: to the end. */
  readonly position?: ColumnPosition;
}

/** What is to be changed of a column; what is absent stays. */
export interface ColumnChange {
  /** A wider type, see Delta's "type widening"; whether it is nullable is said by `nullable` alone. */
  readonly type?: TypeSpec<unknown>;
  /** False: every row has a value for it, now and from now on. */
  readonly nullable?: boolean;
  /** For people; empty to take it away. */
  readonly comment?: string;
}

/**
 * Adds columns to a table. In the rows that it has they are null.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`; `BAD_COLUMN_NAME`; `COLUMN_EXISTS`; `UNKNOWN_COLUMN` for a
 * struct or a column to go behind that is not there; `BAD_SCHEMA` for a type that is not nullable; and
 * what `alterTable` throws.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { addColumns } from "./alter_columns.ts";
 * import { createTable } from "./create_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, { schema: s.struct({ id: s.long() }) });
 * await addColumns(table, [{ name: "note", type: s.string().nullable(), position: "first" }]);
 * deepEqual(table.snapshot.schema.fields.map(({ name }) => name), ["note", "id"]);
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export async function addColumns(
  state: TableState,
  columns: readonly NewColumn[],
): Promise<AlterResult> {
  const attempted = `add columns to Delta table ${state.path}`;
  for (const column of columns) {
    refuseUnknownOptions(attempted, column, ["name", "type", "comment", "position"]);
    if (column.type.isNullable) continue;
    throw new SluiceError("BAD_SCHEMA", {
      attempted,
      where: `column "${column.name}"`,
      found: "a type that is not nullable",
      wanted: "one that is, since the rows of the table have no value for it",
      hint: "add it as nullable, fill it, and make it not null with changeColumn",
    });
  }
  return await alterTable(state, (snapshot) => {
    let fields: readonly FieldJson[] = fieldsOfTable(snapshot);
    const added = columns.map(({ name, type, comment, position }) => {
      const path = parseColumnPath(name);
      const field: FieldJson = {
        name: path.at(-1) ?? name,
        type: typeJson(type.type),
        nullable: true,
        metadata: comment === undefined ? {} : { comment },
      };
      fields = withField(fields, path, field, position);
      return { column: { ...field, name } };
    });
    return {
      operation: "ADD COLUMNS",
      parameters: { columns: JSON.stringify(added) },
      change: { fields },
    };
  });
}

/**
 * Drops columns; their values stay in the files, and are not read any more. The table needs column
 * mapping.
 *
 * @throws {SluiceError} `FEATURE_OFF`; `BAD_COLUMN_NAME`; `UNKNOWN_COLUMN`; `COLUMN_IN_USE` for a
 * column that the table is partitioned or clustered by, or an expression of the table speaks of, or
 * the last one; and what `alterTable` throws.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { dropColumns } from "./alter_columns.ts";
 * import { createTable } from "./create_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, {
 *   schema: s.struct({ id: s.long(), note: s.string() }),
 *   properties: { "delta.columnMapping.mode": "name" },
 * });
 * await dropColumns(table, ["note"]);
 * deepEqual(table.snapshot.schema.fields.map(({ name }) => name), ["id"]);
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export async function dropColumns(
  state: TableState,
  names: readonly string[],
): Promise<AlterResult> {
  const attempted = `drop columns of Delta table ${state.path}`;
  return await alterTable(state, (snapshot) => {
    requireColumnMapping(snapshot, attempted);
    let fields: readonly FieldJson[] = fieldsOfTable(snapshot);
    let { configuration } = snapshot.metadata;
    for (const name of names) {
      const { path } = findField(fields, parseColumnPath(name));
      refuseNeededColumn(snapshot, path, attempted);
      fields = withoutField(fields, path);
      configuration = withStatsColumns(configuration, path, () => undefined);
    }
    return {
      operation: "DROP COLUMNS",
      parameters: { columns: JSON.stringify(names) },
      change: { fields, configuration },
    };
  });
}

/**
 * Gives a column another name; no file is touched. The table needs column mapping.
 *
 * @param to The new name itself, without a path: a field of a struct stays in it.
 * @throws {SluiceError} `FEATURE_OFF`; `BAD_COLUMN_NAME`; `UNKNOWN_COLUMN`; `COLUMN_EXISTS`;
 * `COLUMN_IN_USE` if an expression of the table speaks of it; and what `alterTable` throws.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { renameColumn } from "./alter_columns.ts";
 * import { createTable } from "./create_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, {
 *   schema: s.struct({ id: s.long(), note: s.string() }),
 *   properties: { "delta.columnMapping.mode": "name" },
 * });
 * await renameColumn(table, "note", "remark");
 * deepEqual(table.snapshot.schema.fields.map(({ name }) => name), ["id", "remark"]);
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export async function renameColumn(
  state: TableState,
  from: string,
  to: string,
): Promise<AlterResult> {
  const attempted = `rename column "${from}" of Delta table ${state.path}`;
  return await alterTable(state, (snapshot) => {
    requireColumnMapping(snapshot, attempted);
    const { path } = findField(fieldsOfTable(snapshot), parseColumnPath(from));
    refuseColumnInExpressions(snapshot, path, attempted);
    const renamed = [...path.slice(0, -1), to];
    const { configuration, partitionColumns } = snapshot.metadata;
    return {
      operation: "RENAME COLUMN",
      parameters: {
        oldColumnPath: formatColumnPath(path),
        newColumnPath: formatColumnPath(renamed),
      },
      change: {
        fields: withChangedField(
          fieldsOfTable(snapshot),
          path,
          (field) => ({ ...field, name: to }),
        ),
        partitionColumns: path.length === 1
          ? partitionColumns.map((name) => name === path[0] ? to : name)
          : partitionColumns,
        configuration: withStatsColumns(configuration, path, (column) => [
          ...renamed,
          ...column.slice(path.length),
        ]),
      },
    };
  });
}

/**
 * Changes what a column is: widens its type, lets it be null or not, comments on it. A column is made
 * not null only after all rows were looked at.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`; `BAD_COLUMN_NAME`; `UNKNOWN_COLUMN`; `FEATURE_OFF` and
 * `SCHEMA_MISMATCH` for a type; `COLUMN_IN_USE` if an expression speaks of a column of another type;
 * `CONSTRAINT_VIOLATED` naming a row without a value; and what `alterTable` and `readDataFile` throw.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { changeColumn } from "./alter_columns.ts";
 * import { createTable } from "./create_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, {
 *   schema: s.struct({ id: s.integer() }),
 *   properties: { "delta.enableTypeWidening": "true" },
 * });
 * await changeColumn(table, "id", { type: s.long(), comment: "given by the exchange" });
 * equal(table.snapshot.schema.fields[0]?.type, "long");
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export async function changeColumn(
  state: TableState,
  name: string,
  change: ColumnChange,
): Promise<AlterResult> {
  const attempted = `change column "${name}" of Delta table ${state.path}`;
  refuseUnknownOptions(attempted, change, ["type", "nullable", "comment"]);
  return await alterTable(state, async (snapshot) => {
    const fields = fieldsOfTable(snapshot);
    const { path, field } = findField(fields, parseColumnPath(name));
    let changed = withComment(field, change.comment);
    const becomesRequired = change.nullable === false && field.nullable;
    if (becomesRequired) await refuseNulls(state, snapshot, path, attempted);
    changed = { ...changed, nullable: change.nullable ?? field.nullable };
    if (change.type !== undefined) {
      const rules = wideningRules(attempted);
      const widened = mergedField(changed, typeJson(change.type.type), rules, path.slice(0, -1));
      if (JSON.stringify(widened) !== JSON.stringify(changed)) {
        requireTypeWidening(snapshot, attempted);
        refuseColumnInExpressions(snapshot, path, attempted);
        changed = widened;
      }
    }
    return {
      operation: "CHANGE COLUMN",
      parameters: {
        column: JSON.stringify({ ...changed, name: formatColumnPath(path) }),
      },
      change: { fields: withChangedField(fields, path, () => changed) },
      readsTable: becomesRequired,
    };
  });
}

function fieldsOfTable({ metadata, location }: Snapshot): readonly FieldJson[] {
  return parseFields(metadata.schemaString, location);
}

function withComment(field: FieldJson, comment: string | undefined): FieldJson {
  if (comment === undefined) return field;
  const { comment: _, ...others } = field.metadata;
  return { ...field, metadata: comment === "" ? others : { ...others, comment } };
}

async function refuseNulls(
  state: TableState,
  snapshot: Snapshot,
  path: readonly string[],
  attempted: string,
): Promise<void> {
  const required = withChangedField(
    fieldsOfTable(snapshot),
    path,
    (field) => ({ ...field, nullable: false }),
  ).filter((field) => isSameName(field.name, path[0] ?? ""));
  const schema = schemaOf(required, state.path);
  await checkRows(state.layout(), snapshot.files(), {
    attempted,
    wanted: "a value in every row",
    columns: required.map((field) => field.name),
    firstBad: (batch) => missingValues(tableRows(batch, schema, state.path))[0]?.row,
  });
}

/** Renames a column in the list of those with statistics, or takes it out. */
function withStatsColumns(
  configuration: Readonly<Record<string, string>>,
  path: readonly string[],
  renamed: (column: readonly string[]) => readonly string[] | undefined,
): Readonly<Record<string, string>> {
  const list = configuration[STATS_COLUMNS];
  if (list === undefined) return configuration;
  const columns = list.split(",").map((text) => text.trim()).flatMap((text) => {
    const column = parseColumnPath(text);
    const isWithin = path.every((name, i) => isSameName(name, column[i] ?? ""));
    if (!isWithin) return [text];
    const other = renamed(column);
    return other === undefined ? [] : [formatColumnPath(other)];
  });
  if (columns.length > 0) return { ...configuration, [STATS_COLUMNS]: columns.join(",") };
  const { [STATS_COLUMNS]: _, ...others } = configuration;
  return others;
}
