import { errorText, SluiceError } from "../../core/mod.ts";

/** How bad a finding is, from nothing to something that does not work or soon will not. */
export type FindingLevel = "ok" | "note" | "warning" | "broken";

/** What was looked at, what was found, and what to do about it. */
export interface Finding {
  /** How bad it is; a `note` tells what was not looked at. */
  readonly level: FindingLevel;
  /** `kafka`, `connect`, `postgres` or `mariadb`. */
  readonly area: string;
  /** The thing: `replication slot "orders"`. */
  readonly subject: string;
  /** How it is. */
  readonly found: string;
  /** What to do. */
  readonly hint?: string;
}

/** Findings about one thing, with its area filled in. */
export class Findings {
  readonly #area: string;
  readonly #found: Finding[] = [];

  /** Of an area. */
  constructor(area: string) {
    this.#area = area;
  }

  /** All of them, as they came. */
  get all(): readonly Finding[] {
    return this.#found;
  }

  /** Adds one. */
  add(level: FindingLevel, subject: string, found: string, hint?: string): void {
    const finding = { level, area: this.#area, subject, found };
    this.#found.push(hint === undefined ? finding : { ...finding, hint });
  }

  /** Adds what an error says; one that is a fault in the program is thrown on. */
  addError(level: FindingLevel, subject: string, error: unknown): void {
    if (!(error instanceof SluiceError)) throw error;
    const { found, hint } = error.details;
    this.add(level, subject, found ?? errorText(error), hint);
  }
}

/** Bytes for a person: `1.5 GB`. */
export function bytesText(bytes: bigint): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = Number(bytes);
  let unit = 0;
  while (Math.abs(value) >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
