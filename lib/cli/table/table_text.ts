/** A column of a table as it is printed. */
export interface TextColumn {
  /** What stands above it. */
  readonly title: string;
  /** Numbers stand at the right. */
  readonly align?: "left" | "right";
}

const GAP = "  ";
const ELLIPSIS = "…";
/** A column cut shorter than this tells nothing: the last ones are left out instead. */
const MIN_WIDTH = 8;
const WIDTH_WHEN_PIPED = 120;

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;
const PLAIN = /^[\x20-\x7e]*$/;

/**
 * Cells as lines that are no longer than `width`: the widest columns are cut with `…`, and where
 * even that is not enough the last columns are left out and counted.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { textTable } from "./table_text.ts";
 *
 * const text = textTable(
 *   [{ title: "symbol" }, { title: "price", align: "right" }],
 *   [["BTCUSDT", "42000.10"], ["ETHUSDT", "7.00"]],
 *   80,
 * );
 * equal(text, "symbol      price\nBTCUSDT  42000.10\nETHUSDT      7.00");
 * ```
 */
export function textTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  width: number = terminalWidth(),
): string {
  const natural = columns.map(({ title }, i) =>
    rows.reduce((most, row) => Math.max(most, displayWidth(row[i] ?? "")), displayWidth(title))
  );
  const widths = fitted(natural, width);
  const line = (cells: readonly string[]) =>
    widths.map((cellWidth, i) => fill(cells[i] ?? "", cellWidth, columns[i]?.align ?? "left"))
      .join(GAP).trimEnd();
  const lines = [columns.map(({ title }) => title), ...rows].map(line);
  const hidden = columns.slice(widths.length).map(({ title }) => title);
  if (hidden.length > 0) {
    const noun = hidden.length === 1 ? "column" : "columns";
    lines.push(`${ELLIPSIS} ${hidden.length} more ${noun}: ${hidden.join(", ")}`);
  }
  return lines.join("\n");
}

/** How many characters a line of the terminal has, or of a file where there is none. */
export function terminalWidth(): number {
  return Deno.stdout.isTerminal() ? Deno.consoleSize().columns : WIDTH_WHEN_PIPED;
}

/** The widths that fit, of as many of the first columns as have room. */
function fitted(natural: readonly number[], width: number): number[] {
  let shown = natural.length;
  const total = (cap: number) =>
    natural.slice(0, shown).reduce((sum, each) => sum + Math.min(each, cap) + GAP.length, 0) -
    GAP.length;
  while (shown > 1 && total(MIN_WIDTH) > width) shown--;
  let cap = Math.max(...natural);
  while (cap > MIN_WIDTH && total(cap) > width) cap--;
  return natural.slice(0, shown).map((each) => Math.min(each, cap));
}

function fill(text: string, width: number, align: "left" | "right"): string {
  const cell = cut(text, width);
  const blanks = " ".repeat(width - displayWidth(cell));
  return align === "right" ? blanks + cell : cell + blanks;
}

function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let cell = "";
  let used = 1;
  for (const { segment } of graphemes.segment(text)) {
    used += segmentWidth(segment);
    if (used > width) break;
    cell += segment;
  }
  return cell + ELLIPSIS;
}

/** Columns of the terminal that a text takes. */
function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += segmentWidth(segment);
  return width;
}

function segmentWidth(segment: string): number {
  return WIDE.test(segment) ? 2 : 1;
}
