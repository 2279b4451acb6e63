import { type DataType, Schema, type StructField } from "../../../lib/core/mod.ts";

/** A row with an `id` that no other row of its table has. */
export type ModelRow = Record<string, unknown> & { readonly id: bigint };

/** What a table holds. */
export interface TableRows {
  /** Its columns. */
  readonly schema: Schema;
  /** Its rows by id. */
  readonly rows: ReadonlyMap<bigint, ModelRow>;
}

/** A table as plain rows in memory, with all its versions. */
export class TableModel {
  schema: Schema;
  rows: Map<bigint, ModelRow> = new Map();
  readonly #versions = new Map<number, TableRows>();
  #nextId = 0n;

  constructor(schema: Schema) {
    this.schema = schema;
  }

  /** An id that was never there. */
  nextId(): bigint {
    return this.#nextId++;
  }

  /** The newest version that is kept. */
  get newest(): number {
    return Math.max(...this.#versions.keys());
  }

  /** The columns beside the id. */
  get columns(): StructField[] {
    return this.schema.fields.filter(({ name }) => name !== "id");
  }

  /** Puts rows in, in the place of those with the same ids. */
  put(rows: Iterable<ModelRow>): void {
    for (const row of rows) this.rows.set(row.id, row);
  }

  /** Takes rows out. */
  delete(where: (row: ModelRow) => boolean): void {
    for (const [id, row] of this.rows) if (where(row)) this.rows.delete(id);
  }

  /** Changes rows. */
  update(where: (row: ModelRow) => boolean, change: (row: ModelRow) => object): void {
    for (const [id, row] of this.rows) {
      if (where(row)) this.rows.set(id, { ...row, ...change(row) });
    }
  }

  /** Adds a column of nulls. */
  addColumn(name: string, type: DataType): void {
    const field = { name, type, nullable: true, sourceName: name };
    this.schema = new Schema([...this.schema.fields, field]);
    this.update(() => true, () => ({ [name]: null }));
  }

  /** Gives a column another name. */
  renameColumn(from: string, to: string): void {
    this.schema = new Schema(
      this.schema.fields.map((field) =>
        field.name === from ? { ...field, name: to, sourceName: to } : field
      ),
    );
    this.update(() => true, (row) => ({ [to]: row[from] }));
    this.#forget(from);
  }

  /** Takes a column out. */
  dropColumn(name: string): void {
    this.schema = new Schema(this.schema.fields.filter((field) => field.name !== name));
    this.#forget(name);
  }

  /** Keeps what is there now as a version. */
  keep(version: number): void {
    this.#versions.set(version, { schema: this.schema, rows: new Map(this.rows) });
  }

  /** Goes back to a version. */
  restore(version: number): void {
    const { schema, rows } = this.at(version);
    this.schema = schema;
    this.rows = new Map(rows);
  }

  /** What was there at a version. */
  at(version: number): TableRows {
    const found = this.#versions.get(version);
    if (found === undefined) throw new Error(`the model has no version ${version}`);
    return found;
  }

  #forget(name: string): void {
    for (const [id, { [name]: _, ...row }] of this.rows) this.rows.set(id, row as ModelRow);
  }
}
