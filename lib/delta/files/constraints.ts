import { Batch, describeValue, type Rejection, type Schema, SluiceError } from "../../core/mod.ts";
import type { Metadata } from "../protocol/actions.ts";
import { columnDefaults, type RowRule, rowRules } from "./column_rules.ts";
import { missingValues } from "./not_null.ts";
import { tableRows } from "./table_rows.ts";

/** What a table makes of rows that are to be written: it completes them, and refuses some. */
export interface Constraints {
  /**
   * The rows with all columns of the table, found by name. A column that the batch does not have is
   * worked out if it is generated; else it has its default, or is null.
   *
   * @throws {SluiceError} `SCHEMA_MISMATCH` naming a column that the table does not have, or has as
   * another type; `UNSUPPORTED_FEATURE` if the table's SQL is not understood here.
   */
  complete(batch: Batch): Batch;
  /**
   * Checks rows that have all columns of the table.
   *
   * @throws {SluiceError} `CONSTRAINT_VIOLATED` naming the constraint and the first row that breaks
   * it; `UNSUPPORTED_FEATURE` if the table's SQL is not understood here.
   */
  enforce(batch: Batch): void;
  /** The rows from `startRow` on that break a constraint, and which, in ascending order. */
  reject(batch: Batch, startRow: number): Rejection[];
  /**
   * Reads the table's SQL at once, so that a writer learns before the first row what is not done.
   *
   * @throws {SluiceError} `UNSUPPORTED_FEATURE` naming the constraint or column.
   */
  understand(): void;
  /** Names of the columns that are worked out from others. */
  readonly generatedColumns: readonly string[];
}

/** A row that breaks a rule. */
interface Violation {
  readonly row: number;
  /** `constraint "positive_price"`, `column "price"`. */
  readonly rule: string;
  readonly found: string;
  readonly wanted: string;
}

/** The constraints of a table. Its SQL is read when rows come. */
export function tableConstraints(metadata: Metadata, schema: Schema, where: string): Constraints {
  const rules = once(() => rowRules(metadata, schema, where));
  const defaults = once(() => columnDefaults(metadata, schema, where));

  const complete = (batch: Batch): Batch => {
    let rows = tableRows(batch, schema, where);
    for (const { field, value } of defaults()) {
      if (batch.schema.fields.some(({ name }) => name === field.name)) continue;
      const columns = [...rows.columns];
      columns[schema.fields.indexOf(field)] = value.evaluate(rows);
      rows = new Batch(schema, 0, columns);
    }
    return rows;
  };
  return {
    complete,
    enforce(batch) {
      const [first] = violations(batch, rules());
      if (first === undefined) return;
      throw new SluiceError("CONSTRAINT_VIOLATED", {
        attempted: `write to Delta table ${where}`,
        where: first.rule,
        found: first.found,
        wanted: first.wanted,
        hint: "write other rows, or drop the constraint",
      });
    },
    reject(batch, startRow) {
      // Rows that were looked at before are not looked at again, if that takes any time.
      const start = rules().length === 0 ? 0 : startRow;
      const rows = start === 0 ? batch : batch.take(range(start, batch.numRows));
      return violationsByRow(complete(rows), rules())
        .map(({ row, rule, found, wanted }) => ({
          index: start + row,
          error: `${rule}: found ${found}, wanted ${wanted}`,
        }))
        .filter(({ index }) => index >= startRow)
        .sort((a, b) => a.index - b.index);
    },
    understand() {
      rules();
      defaults();
    },
    get generatedColumns() {
      return defaults().filter(({ isGenerated }) => isGenerated).map(({ field }) => field.name);
    },
  };
}

function violations(batch: Batch, rules: readonly RowRule[]): Violation[] {
  const missing = missingValues(batch).map(({ row, column }) => ({
    row,
    rule: `column "${column}"`,
    found: `no value in row ${rowText(batch, row)}`,
    wanted: "NOT NULL",
  }));
  const broken = rules.flatMap(({ name, predicate }) =>
    rowsBeside(predicate.select(batch), batch.numRows).map((row) => ({
      row,
      rule: name,
      found: rowText(batch, row, predicate.columns.map(({ path }) => path[0]!)),
      wanted: predicate.text,
    }))
  );
  return [...missing, ...broken];
}

/** As `violations`; a row for which a rule's SQL fails breaks it. */
function violationsByRow(batch: Batch, rules: readonly RowRule[]): Violation[] {
  try {
    return violations(batch, rules);
  } catch (error) {
    if (!(error instanceof SluiceError && error.code === "BAD_VALUE")) throw error;
    if (batch.numRows === 1) {
      return [{ row: 0, rule: "a constraint", found: error.message, wanted: "a value" }];
    }
  }
  const half = batch.numRows >> 1;
  return [[0, half], [half, batch.numRows]].flatMap(([start = 0, end = 0]) =>
    violationsByRow(batch.take(range(start, end)), rules)
      .map((violation) => ({ ...violation, row: start + violation.row }))
  );
}

/** The rows that are not among the given ones, which are in ascending order. */
function rowsBeside(rows: Int32Array, numRows: number): number[] {
  const others: number[] = [];
  if (rows.length === numRows) return others;
  for (let row = 0, i = 0; row < numRows; row++) {
    if (rows[i] === row) i++;
    else others.push(row);
  }
  return others;
}

function range(start: number, end: number): Int32Array {
  return Int32Array.from({ length: end - start }, (_, i) => start + i);
}

/** A row's values for a message, as far as they are short. */
function rowText(batch: Batch, row: number, names?: readonly string[]): string {
  return Object.entries(batch.row(row))
    .filter(([name]) => names === undefined || names.includes(name))
    .map(([name, value]) => `${name} ${describeValue(value)}`)
    .join(", ");
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
