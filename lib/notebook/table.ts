import { badOption, refuseUnknownOptions } from "../core/mod.ts";
import { Display } from "./display.ts";
import { escapeXml } from "./svg.ts";

const ATTEMPTED = "show a table";
const DEFAULT_MAX_ROWS = 20;

/** How a table is shown. */
export interface TableOptions {
  /** The columns and their order; default: all names of all rows, in the order they first appear. */
  readonly columns?: readonly string[];
  /** A line above it. */
  readonly caption?: string;
  /** Rows shown, the first ones; the others are counted below. Default 20. */
  readonly maxRows?: number;
}

/**
 * Shows rows as a table. Numbers are set to the right and keep all their digits; null is empty.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { table } from "./table.ts";
 *
 * const shown = table([{ key: "BTCUSDT", offset: 7n }, { key: null, offset: 8n }]);
 * equal(shown.mime["text/plain"], "key      offset\nBTCUSDT       7\n              8");
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION` or `BAD_OPTION`.
 */
export function table(rows: readonly object[], options: TableOptions = {}): Display {
  refuseUnknownOptions(ATTEMPTED, options, ["columns", "caption", "maxRows"]);
  const { caption, maxRows = DEFAULT_MAX_ROWS } = options;
  if (!(Number.isSafeInteger(maxRows) && maxRows > 0)) {
    throw badOption(ATTEMPTED, "maxRows", String(maxRows), "a whole number above 0");
  }
  const columns = options.columns ?? [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const shown = rows.slice(0, maxRows).map((row) => columns.map((name) => cellOf(row, name)));
  const left = rows.length - shown.length;
  const notes = {
    above: caption,
    below: left === 0 ? undefined : `and ${left.toLocaleString("en-US")} more rows`,
  };
  return new Display({
    "text/html": htmlTable(columns, shown, notes),
    "text/plain": textTable(columns, shown, notes),
  });
}

interface Cell {
  readonly text: string;
  readonly isNumber: boolean;
}

interface Notes {
  readonly above: string | undefined;
  readonly below: string | undefined;
}

function cellOf(row: object, name: string): Cell {
  const value: unknown = (row as Readonly<Record<string, unknown>>)[name];
  return {
    text: cellText(value),
    isNumber: typeof value === "number" || typeof value === "bigint",
  };
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return value.toHex();
  if (typeof value !== "object") return String(value);
  // A class that says how it reads, such as Decimal.
  if (value.toString !== Object.prototype.toString && !Array.isArray(value)) return String(value);
  return JSON.stringify(value, (_key, part) => typeof part === "bigint" ? String(part) : part);
}

function htmlTable(columns: readonly string[], rows: readonly Cell[][], notes: Notes): string {
  const heads = columns.map((name) => `<th>${escapeXml(name)}</th>`).join("");
  const body = rows.map((row) => {
    const cells = row.map(({ text, isNumber }) =>
      `<td style="text-align: ${isNumber ? "right" : "left"}">${escapeXml(text)}</td>`
    );
    return `<tr>${cells.join("")}</tr>`;
  });
  return [
    "<table>",
    ...(notes.above === undefined ? [] : [`<caption>${escapeXml(notes.above)}</caption>`]),
    `<thead><tr>${heads}</tr></thead>`,
    "<tbody>",
    ...body,
    "</tbody>",
    "</table>",
    ...(notes.below === undefined ? [] : [`<p>${notes.below}</p>`]),
  ].join("\n");
}

function textTable(columns: readonly string[], rows: readonly Cell[][], notes: Notes): string {
  const widths = columns.map((name, at) =>
    Math.max(name.length, ...rows.map((row) => row[at]?.text.length ?? 0))
  );
  const padded = (texts: readonly string[], isNumber: (at: number) => boolean) =>
    texts.map((text, at) => {
      const width = widths[at] ?? 0;
      return isNumber(at) ? text.padStart(width) : text.padEnd(width);
    }).join("  ").trimEnd();
  return [
    ...(notes.above === undefined ? [] : [notes.above]),
    padded(columns, (at) => rows[0]?.[at]?.isNumber ?? false),
    ...rows.map((row) => padded(row.map(({ text }) => text), (at) => row[at]?.isNumber ?? false)),
    ...(notes.below === undefined ? [] : [notes.below]),
  ].join("\n");
}
