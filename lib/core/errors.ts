/** What an error says to the person who reads it at 3 a.m. */
export interface ErrorDetails {
  /** What was being done, as an infinitive: `"commit batch 41 to Postgres table \"trades\""`. */
  readonly attempted: string;
  /** The place: a file, `topic-partition@offset`, a table and its version, a host and port. */
  readonly where?: string;
  /** What was there. */
  readonly found?: string;
  /** What should have been there. */
  readonly wanted?: string;
  /** What to do about it. */
  readonly hint?: string;
  /** True when the same call may succeed later: a service that is away, a time-out. */
  readonly retryable?: boolean;
  /** The error underneath. */
  readonly cause?: unknown;
}

/**
 * The one error class of Sluice: what was attempted, where, what was found, what was wanted and what to do.
 *
 * @example
 * ```ts
 * import { ok } from "assert";
 * import { SluiceError } from "./errors.ts";
 *
 * const error = new SluiceError("SCHEMA_MISMATCH", {
 *   attempted: 'write to Postgres table "trades"',
 *   where: 'column "price"',
 *   found: "double precision",
 *   wanted: "numeric(18,8)",
 *   hint: "alter the column or write to another table",
 * });
 * ok(error.message.startsWith('Cannot write to Postgres table "trades" at column "price"'));
 * ```
 */
export class SluiceError extends Error {
  /** A stable name for programs, in capitals: `"FENCED"`, `"DATA_LOSS"`. */
  readonly code: string;
  /** The parts the message was made of. */
  readonly details: ErrorDetails;

  /** Makes the message from its parts. */
  constructor(code: string, details: ErrorDetails) {
    super(errorMessage(details), details.cause === undefined ? {} : { cause: details.cause });
    this.name = "SluiceError";
    this.code = code;
    this.details = details;
  }

  /** True when the same call may succeed later. */
  get retryable(): boolean {
    return this.details.retryable ?? false;
  }
}

/** True for an error that says that the same call may succeed later. */
export function isRetryable(error: unknown): boolean {
  return error instanceof SluiceError && error.retryable;
}

/** The text of anything thrown, for a message or a `found`. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/**
 * Refuses option names nobody reads, so that a misspelt option is an error at start and not silence.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, naming the option and the ones there are.
 */
export function refuseUnknownOptions(
  attempted: string,
  options: object,
  known: readonly string[],
): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new SluiceError("UNKNOWN_OPTION", {
        attempted,
        where: `option "${name}"`,
        found: "no such option",
        wanted: `one of ${known.join(", ")}`,
      });
    }
  }
}

/** The error for an option with a value that it cannot have; `found` is the value as text. */
export function badOption(
  attempted: string,
  option: string,
  found: string,
  wanted: string,
): SluiceError {
  return new SluiceError("BAD_OPTION", {
    attempted,
    where: `option "${option}"`,
    found,
    wanted,
  });
}

function errorMessage(details: ErrorDetails): string {
  let text = `Cannot ${details.attempted}`;
  if (details.where !== undefined) text += ` at ${details.where}`;
  if (details.found !== undefined) text += `: found ${details.found}`;
  if (details.wanted !== undefined) {
    text += `${details.found === undefined ? ":" : ","} wanted ${details.wanted}`;
  }
  return details.hint === undefined ? text : `${text}. ${capitalized(details.hint)}`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
