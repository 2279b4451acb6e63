/** `add.stats` as JSON has it. Numbers that a double would round are text. */
export interface StatsJson {
  /** How many rows the file has, deleted ones too. */
  readonly numRecords?: unknown;
  /** False if the bounds may be wider than the values. */
  readonly tightBounds?: unknown;
  /** By physical name, nested as the schema is. */
  readonly minValues?: unknown;
  /** As `minValues`. */
  readonly maxValues?: unknown;
  /** As `minValues`. */
  readonly nullCount?: unknown;
}

/** What TypeScript does not know of revivers yet: the text that a number was. */
type SourceReviver = (
  key: string,
  value: unknown,
  context: { readonly source?: string },
) => unknown;

/** Every number of no more digits is the double that JSON makes of it, and no other. */
const MAX_EXACT_CHARACTERS = 15;
const LONG_NUMBER = /[\d.]{16}/;

/** Reads `add.stats`; statistics that are missing or broken are empty. */
export function parseStatsJson(text: string | undefined): StatsJson {
  if (text === undefined) return {};
  try {
    // Looking at the text of every number takes time, and few files have such.
    const stats = LONG_NUMBER.test(text) ? parseExactly(text) : JSON.parse(text);
    return typeof stats === "object" && stats !== null ? stats : {};
  } catch {
    return {};
  }
}

function parseExactly(text: string): unknown {
  const reviver: SourceReviver = (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && source.length > MAX_EXACT_CHARACTERS
      ? source
      : value;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
}
