import {
  Batch,
  type Column,
  Schema,
  SluiceError,
  typeName,
  type TypeSpec,
} from "../../core/mod.ts";
import { bindAssignment } from "../../sql/mod.ts";
import { evaluateRows } from "./evaluate_rows.ts";
import type { Operator } from "../operator.ts";
import { plainField } from "./select_columns.ts";

/** A row with one more column, or with another type for one that it has. */
export type WithColumn<Row, Name extends string, Value> = {
  [Key in keyof Row | Name]: Key extends Name ? Value : Key extends keyof Row ? Row[Key] : never;
};

/**
 * Adds a column that SQL calculates from the others, at the end, or in the place of the one that has
 * its name. A row for which there is no value, or NULL where the type is not nullable, is rejected.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../../core/mod.ts";
 * import { withColumn } from "./with_column.ts";
 *
 * const Trade = s.struct({ id: s.long(), note: s.string().nullable() });
 * const batch = new Batch(Trade);
 * batch.append({ id: 1n, note: "late" });
 * batch.append({ id: 2n, note: null });
 *
 * const result = withColumn(Trade, "label", s.string(), "note || ' ' || id").apply(batch);
 * deepEqual([...result.batch.rows()], [{ id: 1n, note: "late", label: "late 1" }]);
 * deepEqual(result.rejections.map(({ index }) => index), [1]);
 * ```
 *
 * @throws {SluiceError} `BAD_EXPRESSION` for an unknown column or a type that does not fit;
 * `BAD_SCHEMA` for a name that differs from another only in case, and for a type that says how it is
 * read from records.
 */
export function withColumn<Row, Name extends string, Value>(
  schema: Schema<Row>,
  name: Name,
  type: TypeSpec<Value>,
  sql: string,
): Operator<Row, WithColumn<Row, Name, Value>> {
  refuseRecordNames(name, type);
  const assignment = bindAssignment(sql, schema as unknown as Schema, type.type, name);
  const field = { name, type: type.type, nullable: type.isNullable, sourceName: name };
  const fields = schema.fields.map(plainField);
  const found = fields.findIndex((other) => other.name === name);
  const at = found < 0 ? fields.length : found;
  const widened = new Schema<WithColumn<Row, Name, Value>>(fields.toSpliced(at, 1, field));
  const evaluate = (batch: Batch): Column => {
    const column = assignment.evaluate(batch);
    if (!type.isNullable && column.nullCount > 0) throw noValue(name, type, sql);
    return column;
  };
  return {
    schema: widened,
    passes: (column) => column === name ? undefined : column,
    apply(batch) {
      const { batch: good, rows, value: column, rejections } = evaluateRows(batch, evaluate);
      const columns = good.columns.toSpliced(at, 1, column);
      return { batch: new Batch(widened, 0, columns), origins: rows, rejections };
    },
  };
}

// What is calculated is not read from a record: a name or a unit there would be lost without a word.
function refuseRecordNames(name: string, { sourceName, epochUnit }: TypeSpec<unknown>): void {
  if (sourceName === undefined && epochUnit === undefined) return;
  throw new SluiceError("BAD_SCHEMA", {
    attempted: `add column "${name}"`,
    found: sourceName === undefined ? `timestamp("${epochUnit}")` : `.from("${sourceName}")`,
    wanted: "a type alone: its values are calculated, not read from records",
  });
}

function noValue(name: string, { type }: TypeSpec<unknown>, sql: string): SluiceError {
  return new SluiceError("BAD_VALUE", {
    attempted: `calculate column "${name}" by ${JSON.stringify(sql)}`,
    found: "NULL",
    wanted: typeName(type),
    hint: "make the type nullable() if rows may lack it",
  });
}
