import { Batch } from "./batch.ts";
import type { Column } from "./column.ts";
import { NumberColumn } from "./fixed_columns.ts";
import { Schema, type StructField } from "./schema.ts";

/**
 * The sets of columns whose values did not come, that rows of a batch have in common. Sinks write the
 * rows of each set together: there are few sets, since only few columns can lack their values.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch } from "./batch.ts";
 * import { unavailableColumn } from "./change_columns.ts";
 * import { schema as s } from "./schema.ts";
 * import { UnavailablePatterns } from "./unavailable_patterns.ts";
 *
 * const Note = s.struct({
 *   id: s.long(),
 *   note: s.string().nullable(),
 *   __unavailable: s.array(s.string()),
 * });
 * const batch = new Batch<Record<string, unknown>>(Note);
 * batch.append({ id: 1n, note: "a", __unavailable: [] });
 * batch.append({ id: 2n, note: null, __unavailable: ["note"] });
 *
 * const patterns = new UnavailablePatterns(unavailableColumn(Note)!);
 * deepEqual([...patterns.numbered(batch).rows()], [
 *   { id: 1n, note: "a", __unavailable: 0 },
 *   { id: 2n, note: null, __unavailable: 1 },
 * ]);
 * deepEqual(patterns.sets, [[], ["note"]]);
 * ```
 */
export class UnavailablePatterns {
  /** The sets, by their numbers; the first is that of rows which are whole. */
  readonly sets: (readonly string[])[] = [[]];
  readonly #field: StructField;
  readonly #numbers = new Map<string, number>([["", 0]]);

  /** Takes the column that lists the others. */
  constructor(field: StructField) {
    this.#field = field;
  }

  /** The schema of numbered batches. */
  numberedSchema(schema: Schema): Schema {
    return new Schema(
      schema.fields.map((field) =>
        field.name === this.#field.name ? { ...field, type: "integer", nullable: false } : field
      ),
    );
  }

  /** The same rows, each with the number of its set in the place of the list. */
  numbered(batch: Batch): Batch {
    const { fields } = batch.schema;
    const index = fields.findIndex(({ name }) => name === this.#field.name);
    const lists = batch.columns[index]!;
    const numbers = new NumberColumn("integer", batch.numRows);
    for (let row = 0; row < batch.numRows; row++) {
      numbers.appendNumber(this.#numberOf(lists, row, fields));
    }
    const columns = batch.columns.map((column, i) => i === index ? numbers : column);
    return new Batch(this.numberedSchema(batch.schema), 0, columns);
  }

  /** A name that no column has any more is that of one that was dropped: it is in no set. */
  #numberOf(lists: Column, row: number, fields: readonly StructField[]): number {
    const listed = lists.get(row) as string[] | null;
    if (listed === null || listed.length === 0) return 0;
    const places = [...fields.keys()].filter((i) => listed.includes(fields[i]!.name));
    const text = places.join(",");
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.sets.length;
      this.#numbers.set(text, number);
      this.sets.push(places.map((place) => fields[place]!.name));
    }
    return number;
  }
}
