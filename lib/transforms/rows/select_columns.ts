import { Batch, Schema, SluiceError, type StructField } from "../../core/mod.ts";
import { allRows, type Operator } from "../operator.ts";

/**
 * Keeps the columns of these names, in this order. No value is copied.
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_SCHEMA` for no name, or one twice.
 */
export function selectColumns<Row, Name extends keyof Row & string>(
  schema: Schema<Row>,
  names: readonly Name[],
): Operator<Row, Pick<Row, Name>> {
  return keepColumns(schema, names.map((name) => columnIndex(schema, name, "select")));
}

/**
 * Keeps all columns but these. No value is copied.
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_SCHEMA` if none is left.
 */
export function dropColumns<Row, Name extends keyof Row & string>(
  schema: Schema<Row>,
  names: readonly Name[],
): Operator<Row, Omit<Row, Name>> {
  const dropped = new Set(names.map((name) => columnIndex(schema, name, "drop")));
  return keepColumns(schema, [...schema.fields.keys()].filter((index) => !dropped.has(index)));
}

/** A column of a table, no longer of records: their names and units are read by then. */
export function plainField({ name, type, nullable }: StructField): StructField {
  return { name, type, nullable, sourceName: name };
}

function keepColumns<Row, Out>(
  schema: Schema<Row>,
  indexes: readonly number[],
): Operator<Row, Out> {
  const kept = new Schema<Out>(indexes.map((index) => plainField(schema.fields[index]!)));
  return {
    schema: kept,
    passes: (column) => kept.fields.some((field) => field.name === column) ? column : undefined,
    apply: (batch) => ({
      batch: new Batch(kept, 0, indexes.map((index) => batch.columns[index]!)),
      origins: allRows(batch),
      rejections: [],
    }),
  };
}

function columnIndex<Row>(schema: Schema<Row>, name: string, verb: string): number {
  const index = schema.fields.findIndex((field) => field.name === name);
  if (index >= 0) return index;
  throw new SluiceError("UNKNOWN_COLUMN", {
    attempted: `${verb} column "${name}"`,
    found: `columns ${schema.fields.map((field) => field.name).join(", ")}`,
  });
}
