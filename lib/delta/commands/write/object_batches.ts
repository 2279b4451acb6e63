import { Batch, describeValue, Schema, SluiceError, type StructField } from "../../../core/mod.ts";
import type { RowTarget } from "./fit_batch.ts";

/** A row as an object: a value for each column, by name. */
export type TableRow = Readonly<Record<string, unknown>>;

const MAX_ROWS = 65_536;
const MAX_BYTES = 64 * 2 ** 20;
/** How often to look how many bytes the rows take. */
const ROWS_BETWEEN_LOOKS = 256;

/**
 * Collects objects into batches of bounded size. A column that the table can work out by itself, as
 * it has a default or is generated, is left out where the objects do not have it; a batch holds only
 * objects that have the same of these columns.
 */
export class ObjectBatches {
  readonly #target: RowTarget;
  readonly #computed: readonly string[];
  /** The table's name of a column, by the name that objects have for it. */
  readonly #nameOf = new Map<string, string>();
  #batch: Batch | undefined;
  /** Which of the computed columns the objects in the batch have. */
  #given = "";
  #numRows = 0;

  constructor(target: RowTarget) {
    this.#target = target;
    this.#computed = target.fields
      .filter(({ metadata }) =>
        "CURRENT_DEFAULT" in metadata || "delta.generationExpression" in metadata
      )
      .map(({ name }) => name);
  }

  /**
   * Takes an object; returns the batch before it, if that is complete.
   *
   * @throws {SluiceError} `BAD_VALUE` naming the row, from 0, and the column; `SCHEMA_MISMATCH`.
   */
  add(value: unknown): Batch | undefined {
    const row = this.#named(value);
    const given = this.#computed.filter((name) => row[name] !== undefined).join("\n");
    const complete = this.#isFull() || given !== this.#given ? this.take() : undefined;
    this.#given = given;
    this.#batch ??= new Batch(new Schema(this.#fieldsOf(row)));
    try {
      this.#batch.append(row);
    } catch (cause) {
      if (!(cause instanceof SluiceError)) throw cause;
      const where = `row ${this.#numRows}, ${cause.details.where}`;
      throw new SluiceError(cause.code, { ...cause.details, where });
    }
    this.#numRows++;
    return complete;
  }

  /** The objects that are in no batch yet. */
  take(): Batch | undefined {
    const batch = this.#batch;
    this.#batch = undefined;
    return batch;
  }

  #isFull(): boolean {
    const batch = this.#batch;
    if (batch === undefined) return false;
    if (batch.numRows >= MAX_ROWS) return true;
    return batch.numRows % ROWS_BETWEEN_LOOKS === 0 && batch.byteSize >= MAX_BYTES;
  }

  #fieldsOf(row: TableRow): StructField[] {
    return this.#target.schema.fields.filter(({ name }) =>
      !this.#computed.includes(name) || row[name] !== undefined
    );
  }

  /** The object with the table's names. */
  #named(value: unknown): TableRow {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new SluiceError("BAD_VALUE", {
        attempted: `write to Delta table ${this.#target.path}`,
        where: `row ${this.#numRows}`,
        found: describeValue(value),
        wanted: "an object with a value for each column, or a Batch",
      });
    }
    const names = Object.keys(value);
    if (names.every((name) => this.#nameInTable(name) === name)) return value as TableRow;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [this.#nameInTable(name), item]),
    );
  }

  #nameInTable(name: string): string {
    const known = this.#nameOf.get(name);
    if (known !== undefined) return known;
    const { path, schema: { fields } } = this.#target;
    const found = fields.find((field) => field.name.toLowerCase() === name.toLowerCase());
    if (found === undefined) {
      throw new SluiceError("SCHEMA_MISMATCH", {
        attempted: `write to Delta table ${path}`,
        where: `row ${this.#numRows}, column "${name}"`,
        found: `columns ${fields.map((field) => field.name).join(", ")}`,
        wanted: "a column of the table",
        hint:
          "add the column to the table, or write Batches with mergeSchema: their types are known",
      });
    }
    this.#nameOf.set(name, found.name);
    return found.name;
  }
}
