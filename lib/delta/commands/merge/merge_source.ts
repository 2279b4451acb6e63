import {
  Batch,
  concatBatches,
  type DataType,
  describeValue,
  Schema,
  SluiceError,
  type StructField,
  typeName,
} from "../../../core/mod.ts";
import { isSameName } from "../../protocol/column_path.ts";
import type { RowSource } from "../write/row_source.ts";

const ATTEMPTED = "read the source of a merge";

/** The rows to merge into a table. */
export interface MergeSource {
  /** All of them. */
  readonly batch: Batch;
  /** False if there are no rows, and nobody said which columns they would have. */
  readonly hasColumns: boolean;
}

/**
 * All rows of a source in one batch. Objects get the table's types for the columns that they share
 * with it; others are text, booleans, longs for `bigint` and doubles for `number`.
 *
 * @throws {SluiceError} `BAD_VALUE` naming a row and its column; `SCHEMA_MISMATCH` if batches have
 * different columns.
 */
export async function mergeSource(rows: RowSource, table: Schema): Promise<MergeSource> {
  if (rows instanceof Batch) return { batch: rows, hasColumns: true };
  const batches: Batch[] = [];
  const objects: Record<string, unknown>[] = [];
  for await (const item of rows) {
    if (item instanceof Batch) batches.push(item);
    else objects.push({ ...item });
  }
  if (objects.length > 0) return { batch: batchOf(objects, table), hasColumns: true };
  const [first] = batches;
  if (first === undefined) return { batch: new Batch(table), hasColumns: false };
  for (const { schema } of batches) refuseOtherColumns(schema, first.schema);
  return { batch: concatBatches(batches), hasColumns: true };
}

function refuseOtherColumns(schema: Schema, wanted: Schema): void {
  if (typeName(schema.type) === typeName(wanted.type)) return;
  throw new SluiceError("SCHEMA_MISMATCH", {
    attempted: ATTEMPTED,
    found: `a batch of ${typeName(schema.type)}`,
    wanted: `${typeName(wanted.type)}, as in the first batch`,
  });
}

function batchOf(objects: readonly Record<string, unknown>[], table: Schema): Batch {
  const fields = new Map<string, StructField>();
  for (const object of objects) {
    for (const [name, value] of Object.entries(object)) {
      if (!fields.has(name) && value !== null && value !== undefined) {
        fields.set(name, fieldOf(name, value, table));
      }
    }
  }
  const names = new Set(objects.flatMap((object) => Object.keys(object)));
  for (const name of names) {
    if (!fields.has(name)) fields.set(name, fieldOf(name, "", table));
  }
  const batch = new Batch(new Schema([...fields.values()]), objects.length);
  objects.forEach((object, row) => {
    try {
      batch.append(object);
    } catch (cause) {
      if (!(cause instanceof SluiceError)) throw cause;
      const where = `row ${row}, ${cause.details.where}`;
      throw new SluiceError(cause.code, { ...cause.details, attempted: ATTEMPTED, where });
    }
  });
  return batch;
}

/** A nullable column for values of this name. */
function fieldOf(name: string, value: unknown, table: Schema): StructField {
  const field = table.fields.find((field) => isSameName(field.name, name));
  return {
    name,
    type: field?.type ?? typeOf(name, value),
    nullable: true,
    sourceName: name,
  };
}

function typeOf(name: string, value: unknown): DataType {
  switch (typeof value) {
    case "string":
      return "string";
    case "boolean":
      return "boolean";
    case "bigint":
      return "long";
    case "number":
      return "double";
    default:
      throw new SluiceError("BAD_VALUE", {
        attempted: ATTEMPTED,
        where: `column "${name}"`,
        found: describeValue(value),
        wanted: "text, a boolean or a number in a column that the table does not have",
        hint: "give the source as a Batch, whose columns have types",
      });
  }
}
