import type { Schema } from "../../lib/core/mod.ts";
import { digestRows, type RowsDigest } from "../support/canonical_rows.ts";

/** A row with an id that no other row has. */
export type ModelRow = Record<string, unknown> & { readonly id: bigint };

/** What a table must hold: plain rows in memory, changed as the engines are asked to. */
export class RowsModel {
  readonly #schema: Schema;
  readonly #rows = new Map<bigint, ModelRow>();

  constructor(schema: Schema, rows: Iterable<Record<string, unknown>>) {
    this.#schema = schema;
    for (const row of rows) this.#rows.set(row.id as bigint, row as ModelRow);
  }

  /** The ids, ascending. */
  get ids(): bigint[] {
    return [...this.#rows.keys()].sort((a, b) => a < b ? -1 : 1);
  }

  /** The digest of the rows. */
  digest(): RowsDigest {
    return digestRows(this.#schema, this.#rows.values());
  }

  /** The rows of these ids, under ids that are higher by `addToId`. */
  copies(ids: readonly bigint[], addToId: bigint): ModelRow[] {
    return ids.map((id) => ({ ...this.#rows.get(id), id: id + addToId }));
  }

  /** Puts rows in, in the place of those with the same ids. */
  put(rows: readonly ModelRow[]): void {
    for (const row of rows) this.#rows.set(row.id, row);
  }

  /** Takes rows out. */
  delete(where: (id: bigint) => boolean): void {
    for (const id of this.#rows.keys()) if (where(id)) this.#rows.delete(id);
  }

  /** Gives rows other ids. */
  move(where: (id: bigint) => boolean, addToId: bigint): void {
    const moved = this.copies(this.ids.filter(where), addToId);
    this.delete(where);
    this.put(moved);
  }
}
