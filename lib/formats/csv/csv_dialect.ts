import { badOption } from "../../core/mod.ts";

/** How the fields of CSV text are set apart, by Spark's names. */
export interface CsvDialectOptions {
  /** Stands between two fields: one ASCII character; absent: a comma. */
  readonly sep?: string;
  /**
   * Stands around a field that may have separators and line breaks in it: one ASCII character, or
   * empty text for none; absent: `"`. It counts only where it is the first character of a field.
   */
  readonly quote?: string;
  /**
   * Stands before a quote that is part of a quoted field: one ASCII character; absent: as the
   * quote, which is then doubled as in RFC 4180. (Spark's default is a backslash.)
   */
  readonly escape?: string;
}

/** A dialect with nothing left open; `quote` and `escape` are empty where there are no quotes. */
export type CsvDialect = Required<CsvDialectOptions>;

/** A dialect as bytes; -1 where there is none. */
export interface CsvBytes {
  /** Between two fields. */
  readonly sep: number;
  /** Around a field. */
  readonly quote: number;
  /** Before a quote that is part of a field. */
  readonly escape: number;
}

/** The names of the options of a dialect. */
export const CSV_DIALECT_OPTIONS: readonly string[] = ["sep", "quote", "escape"];

/**
 * The dialect that options ask for.
 *
 * @throws {SluiceError} `BAD_OPTION` naming one that is not a character, or is the same as another.
 */
export function csvDialect(attempted: string, options: CsvDialectOptions): CsvDialect {
  const { sep = ",", quote = '"' } = options;
  const escape = options.escape ?? quote;
  const refuse = (name: string, found: unknown, wanted: string) =>
    badOption(attempted, name, JSON.stringify(found) ?? String(found), wanted);
  const wanted = "one ASCII character, no line break";
  if (!isCharacter(sep)) throw refuse("sep", sep, wanted);
  if (quote !== "" && !isCharacter(quote)) throw refuse("quote", quote, `${wanted}, or none`);
  if (quote === "" ? escape !== "" : !isCharacter(escape)) {
    throw refuse("escape", escape, quote === "" ? "none where there are no quotes" : wanted);
  }
  if (sep === quote || sep === escape) {
    throw refuse("sep", sep, "another character than those of quote and escape");
  }
  return { sep, quote, escape };
}

/** The bytes of a dialect's characters. */
export function dialectBytes({ sep, quote, escape }: CsvDialect): CsvBytes {
  const byteOf = (character: string) => character === "" ? -1 : character.charCodeAt(0);
  return { sep: byteOf(sep), quote: byteOf(quote), escape: byteOf(escape) };
}

function isCharacter(value: unknown): boolean {
  // deno-lint-ignore no-control-regex
  return typeof value === "string" && /^[\x00-\x7f]$/.test(value) && !/[\r\n]/.test(value);
}
