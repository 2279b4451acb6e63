import {
  badOption,
  Batch,
  type DataType,
  refuseUnknownOptions,
  Schema,
  SluiceError,
  type StaticTable,
  typeName,
} from "../../core/mod.ts";
import { missingValues } from "../files/not_null.ts";
import { tablePathOf } from "../protocol/table_path.ts";
import { TableState } from "../table_state.ts";
import { scan } from "./scan.ts";

/** What `deltaSnapshot()` reads. */
export interface DeltaSnapshotOptions<Row> {
  /** The table's folder. */
  readonly path: string;
  /** Names and types of the columns to read, with the table's types; it may have more. */
  readonly schema: Schema<Row>;
  /** Which version; absent: the newest whenever it is loaded. */
  readonly version?: number;
}

/**
 * The rows of a Delta table, for a stream to be joined with. All are of one version. A column may be
 * not nullable here and nullable in the table, as long as the table has no null there.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { DeltaTable } from "../delta_table.ts";
 * import { deltaSnapshot } from "./delta_snapshot.ts";
 *
 * const path = await Deno.makeTempDir();
 * const Country = s.struct({ code: s.string(), name: s.string() });
 * const table = await DeltaTable.create(path, { schema: Country });
 * await table.append([{ code: "DE", name: "Germany" }]);
 *
 * const countries = deltaSnapshot({ path, schema: Country });
 * const [batch] = await Array.fromAsync(countries.load(new AbortController().signal));
 * deepEqual(batch?.row(0), { code: "DE", name: "Germany" });
 * equal(countries.name, `delta(${path})`);
 * await Deno.remove(path, { recursive: true });
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION` or `BAD_PATH` at once; from `load`,
 * `TABLE_NOT_FOUND`, `VERSION_NOT_FOUND`, `SCHEMA_MISMATCH` naming the columns that do not fit,
 * `BAD_VALUE` naming a column that has a null, and what `scan` throws.
 */
export function deltaSnapshot<Row>(options: DeltaSnapshotOptions<Row>): StaticTable<Row> {
  const { path, schema, version } = options;
  const name = `delta(${path}${version === undefined ? "" : `@${version}`})`;
  const attempted = `read ${name}`;
  refuseUnknownOptions(attempted, options, ["path", "schema", "version"]);
  if (!(schema instanceof Schema)) {
    throw badOption(attempted, "schema", typeof schema, "a schema, as schema.struct makes it");
  }
  if (version !== undefined && !(Number.isSafeInteger(version) && version >= 0)) {
    throw badOption(attempted, "version", String(version), "a whole number, 0 or more");
  }
  const tablePath = tablePathOf(path);
  return {
    name,
    schema,
    async *load(signal) {
      signal.throwIfAborted();
      const state = await TableState.open(tablePath, version === undefined ? {} : { at: version });
      const layout = state.layout();
      refuseOtherColumns(attempted, schema, layout.schema);
      const columns = schema.fields.map((field) => field.name);
      for await (const found of scan({ layout, files: state.snapshot.files() }, { columns })) {
        signal.throwIfAborted();
        const batch = new Batch(schema, 0, columns.map((column) => found.column(column)));
        refuseNulls(attempted, batch as Batch);
        yield batch;
      }
    },
  };
}

function refuseOtherColumns(attempted: string, { fields }: Schema<unknown>, table: Schema): void {
  const mismatches = fields.flatMap(({ name, type }) => {
    const found = table.fields.find((field) => field.name === name);
    if (found === undefined) return [`${name}: no such column, wanted ${typeName(type)}`];
    if (typeName(found.type) !== typeName(type)) {
      return [`${name}: ${typeName(found.type)}, wanted ${typeName(type)}`];
    }
    return nullsWithin(name, type, found.type)
      .map((path) => `${path}: nullable, wanted a value always`);
  });
  if (mismatches.length === 0) return;
  throw new SluiceError("SCHEMA_MISMATCH", {
    attempted,
    found: `columns that do not fit the schema:\n  ${mismatches.join("\n  ")}`,
    hint: "declare the columns as the table does",
  });
}

/** What is in a column, may be null in the table, and may not be null for us. */
function nullsWithin(path: string, ours: DataType, theirs: DataType): string[] {
  if (typeof ours !== "object" || typeof theirs !== "object") return [];
  if (ours.type === "struct" && theirs.type === "struct") {
    return ours.fields.flatMap(({ name, type, nullable }, i) => {
      const other = theirs.fields[i]!;
      const own = other.nullable && !nullable ? [`${path}.${name}`] : [];
      return [...own, ...nullsWithin(`${path}.${name}`, type, other.type)];
    });
  }
  if (ours.type === "array" && theirs.type === "array") {
    const own = theirs.containsNull && !ours.containsNull ? [`${path}.element`] : [];
    return [...own, ...nullsWithin(`${path}.element`, ours.elementType, theirs.elementType)];
  }
  if (ours.type === "map" && theirs.type === "map") {
    const own = theirs.valueContainsNull && !ours.valueContainsNull ? [`${path}.value`] : [];
    return [
      ...own,
      ...nullsWithin(`${path}.key`, ours.keyType, theirs.keyType),
      ...nullsWithin(`${path}.value`, ours.valueType, theirs.valueType),
    ];
  }
  return [];
}

function refuseNulls(attempted: string, batch: Batch): void {
  const [missing] = missingValues(batch);
  if (missing === undefined) return;
  throw new SluiceError("BAD_VALUE", {
    attempted,
    where: `column "${missing.column}"`,
    found: "null",
    wanted: "a value in each row",
    hint: "declare the column as nullable, or mend the table",
  });
}
