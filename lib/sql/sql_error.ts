import { type ErrorDetails, SluiceError } from "../core/mod.ts";

const MAX_TEXT = 200;

/** What is wrong with an expression: all of an error but what was attempted. */
export type ExpressionProblem = Omit<ErrorDetails, "attempted">;

/** The error for SQL that cannot be read, or that makes no sense over the columns in scope. */
export function badExpression(text: string, details: ExpressionProblem): SluiceError {
  return new SluiceError("BAD_EXPRESSION", {
    attempted: `read the SQL expression ${quoted(text)}`,
    ...details,
  });
}

/** The error for a value that an operation cannot take or cannot give; the caller adds the row. */
export function badValue(found: string, wanted: string, hint?: string): SluiceError {
  return new SluiceError("BAD_VALUE", {
    attempted: "evaluate SQL",
    found,
    wanted,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** An error of `badValue` with the expression and the row (from 0) that it came from. */
export function withRow(error: unknown, text: string, row: number): unknown {
  if (!(error instanceof SluiceError)) return error;
  return new SluiceError(error.code, {
    ...error.details,
    attempted: `evaluate the SQL expression ${quoted(text)}`,
    where: `row ${row}`,
  });
}

/** Text in quotes for a message, cut short. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);
}
