import type { Batch } from "../core/mod.ts";
import { cellText } from "./cell_text.ts";

/** How many rows are shown, and how much of each cell. */
export interface ShowOptions {
  /** Rows at most. */
  readonly numRows: number;
  /** Characters of a cell at most, and cells stand at the right; 0: whole cells, at the left. */
  readonly truncate: number;
}

const MIN_COLUMN_WIDTH = 3;
const ELLIPSIS = "...";
const ESCAPES: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\f": "\\f",
  "\b": "\\b",
  "\u000b": "\\v",
  "\u0007": "\\a",
};
/** Characters that take two places in a terminal, those that Spark takes for such. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/g;

/**
 * The first rows of a batch as a table of text, to the letter as Spark's `show` prints them.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { Batch, schema as s } from "../core/mod.ts";
 * import { showRows } from "./show_rows.ts";
 *
 * const batch = new Batch(s.struct({ id: s.long(), price: s.double().nullable() }));
 * batch.append({ id: 1n, price: 2 });
 * batch.append({ id: 2n, price: null });
 * const text = showRows(batch as unknown as Batch, { numRows: 1, truncate: 20 });
 * const table = "+---+-----+\n| id|price|\n+---+-----+\n|  1|  2.0|\n+---+-----+\n";
 * equal(text, `${table}only showing top 1 row`);
 * ```
 */
export function showRows(batch: Batch, { numRows, truncate }: ShowOptions): string {
  const { fields } = batch.schema;
  const shown = Math.min(numRows, batch.numRows);
  const names = fields.map(({ name }) => escaped(name));
  const rows = Array.from(
    { length: shown },
    (_, row) =>
      fields.map(({ type }, i) =>
        cut(escaped(cellText(type, batch.columns[i]!.get(row))), truncate)
      ),
  );
  const widths = names.map((name, i) =>
    rows.reduce(
      (most, row) => Math.max(most, width(row[i]!)),
      Math.max(MIN_COLUMN_WIDTH, width(name)),
    )
  );
  const line = (cells: readonly string[]) =>
    `|${cells.map((cell, i) => padded(cell, widths[i]!, truncate > 0)).join("|")}|`;
  const rule = `+${widths.map((each) => "-".repeat(each)).join("+")}+`;
  const table = [rule, line(names), rule, ...rows.map(line), rule];
  return batch.numRows > shown
    ? [...table, `only showing top ${shown} ${shown === 1 ? "row" : "rows"}`].join("\n")
    : `${table.join("\n")}\n`;
}

function escaped(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\n\r\t\f\b\v\x07]/g, (character) => ESCAPES[character]!);
}

function cut(text: string, truncate: number): string {
  if (truncate === 0 || text.length <= truncate) return text;
  return truncate <= ELLIPSIS.length
    ? text.slice(0, truncate)
    : text.slice(0, truncate - ELLIPSIS.length) + ELLIPSIS;
}

function padded(text: string, columns: number, atRight: boolean): string {
  const blanks = " ".repeat(columns - width(text));
  return atRight ? blanks + text : text + blanks;
}

function width(text: string): number {
  return text.length + (text.match(WIDE)?.length ?? 0);
}
