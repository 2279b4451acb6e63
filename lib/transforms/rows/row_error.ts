import { errorText, SluiceError } from "../../core/mod.ts";

/** What a dead letter says about a row that a function of the user's failed on. */
export function rowError(attempted: string, cause: unknown): string {
  return new SluiceError("BAD_ROW", { attempted, found: errorText(cause) }).message;
}
