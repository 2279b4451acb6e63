import { refuseUnknownOptions, type Schema, SluiceError } from "../../../core/mod.ts";
import { localLogStore } from "../../log/local_log_store.ts";
import type { LogStore } from "../../log/log_store.ts";
import { loadSnapshot } from "../../log/snapshot.ts";
import { checkProperties } from "../../protocol/check_properties.ts";
import { isSameName, parseColumnPath } from "../../protocol/column_path.ts";
import { withStorageErrors } from "../../protocol/delta_error.ts";
import { withChangedField } from "../../protocol/edit_schema.ts";
import { type FieldJson, fieldsOf } from "../../protocol/schema_json.ts";
import { tablePathOf } from "../../protocol/table_path.ts";
import { constraintProperty, constraintsOf } from "../../protocol/table_properties.ts";
import { TableState } from "../../table_state.ts";
import { commitTransaction } from "../../transactions/transaction.ts";
import { newTable } from "./changed_table.ts";

/** What a new table is to be. */
export interface CreateTableOptions {
  /** Its columns. */
  readonly schema: Schema;
  /** The columns that keep files apart. */
  readonly partitionBy?: readonly string[];
  /** Its properties, `delta.enableChangeDataFeed` and the like, and the user's own. */
  readonly properties?: Readonly<Record<string, string>>;
  /** For people. */
  readonly name?: string;
  /** For people. */
  readonly description?: string;
  /** For people: comments by the paths of columns. */
  readonly columnComments?: Readonly<Record<string, string>>;
  /** Where the log is; absent: in the table's folder. */
  readonly store?: LogStore;
  /** Told of what went wrong without harm. */
  readonly onNotice?: (message: string) => void;
}

/**
 * Makes a table without rows. Of many that try at once, one succeeds. The protocol is the lowest that
 * knows all that the table has, so that most clients can open it.
 *
 * @throws {SluiceError} `TABLE_EXISTS`; `BAD_SCHEMA`, `BAD_PARTITION_COLUMNS`, `BAD_PROPERTY`,
 * `UNKNOWN_COLUMN` for a comment, `BAD_EXPRESSION` for a constraint.
 *
 * @example
 * ```ts
 * import { equal, rejects } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { createTable } from "./create_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * const options = { schema: s.struct({ id: s.long(), day: s.date() }), partitionBy: ["day"] };
 * const table = await createTable(path, options);
 * equal(table.snapshot.version, 0);
 * await rejects(createTable(path, options), { code: "TABLE_EXISTS" });
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export async function createTable(
  path: string,
  options: CreateTableOptions,
): Promise<TableState> {
  refuseUnknownOptions("create a Delta table", options, [
    "schema",
    "partitionBy",
    "properties",
    "name",
    "description",
    "columnComments",
    "store",
    "onNotice",
  ]);
  const { schema, partitionBy = [], properties = {}, name, description, onNotice } = options;
  const tablePath = tablePathOf(path);
  const store = options.store ?? localLogStore(tablePath);
  checkProperties(properties, "create");
  const fields = withComments(fieldsOf(schema.fields), options.columnComments ?? {});
  const table = newTable(tablePath, {
    fields,
    partitionColumns: partitionBy.map((column) => spelled(column, fields)),
    properties: withLowerCaseConstraints(properties),
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
  });
  const snapshot = await withStorageErrors("create a Delta table", tablePath, async () => {
    if (await loadSnapshot(store) !== undefined) return undefined;
    const outcome = await commitTransaction(store, undefined, {
      txnId: crypto.randomUUID(),
      operation: "CREATE TABLE",
      operationParameters: {
        partitionBy: JSON.stringify(table.metaData.partitionColumns),
        clusterBy: "[]",
        description: description ?? null,
        isManaged: "false",
        properties: JSON.stringify(table.metaData.configuration),
      },
      actions: [],
      reads: { kind: "nothing" },
      newTable: table,
    });
    return outcome.status === "committed" ? outcome.snapshot : undefined;
  });
  if (snapshot !== undefined) return new TableState(tablePath, store, snapshot, onNotice);
  throw new SluiceError("TABLE_EXISTS", {
    attempted: "create a Delta table",
    where: tablePath,
    found: "a table in that folder",
    hint: "open it, or choose another folder",
  });
}

function withComments(
  fields: readonly FieldJson[],
  comments: Readonly<Record<string, string>>,
): readonly FieldJson[] {
  return Object.entries(comments).reduce(
    (fields, [column, comment]) =>
      withChangedField(fields, parseColumnPath(column), (field) => ({
        ...field,
        metadata: { ...field.metadata, comment },
      })),
    fields,
  );
}

function withLowerCaseConstraints(
  properties: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const constraints = constraintsOf(properties);
  const others = Object.entries(properties)
    .filter(([key]) => !constraints.some(([name]) => key === `delta.constraints.${name}`));
  return Object.fromEntries([
    ...others,
    ...constraints.map(([name, expression]) => [constraintProperty(name), expression]),
  ]);
}

/** A column's name as the schema has it. */
function spelled(name: string, fields: readonly FieldJson[]): string {
  return fields.find((field) => isSameName(field.name, name))?.name ?? name;
}
