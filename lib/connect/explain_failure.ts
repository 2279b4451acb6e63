import type { ConnectorConfig } from "./connector.ts";
import { hintFor } from "./failure_hints.ts";

/** Why a connector failed, for a person. */
export interface FailureExplanation {
  /** What the trace says, in a line or two. */
  readonly problem: string;
  /** What to do about it. */
  readonly hint: string;
}

/** Longer messages of Java are cut. */
const MAX_MESSAGE = 400;

/**
 * Shortens Java's stack trace of a failed task to what it says, and tells what to do where that is
 * known.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { explainFailure } from "./explain_failure.ts";
 *
 * const trace = [
 *   "org.apache.kafka.connect.errors.ConnectException: Publication autocreation is disabled",
 *   "\tat io.debezium.connector.postgresql.PostgresConnectorTask.start(PostgresConnectorTask.java:9)",
 * ].join("\n");
 * const config = { "publication.name": "shop", "table.include.list": "public.orders" };
 * deepEqual(explainFailure(trace, config), {
 *   problem: "ConnectException: Publication autocreation is disabled",
 *   hint: "make it: CREATE PUBLICATION shop FOR TABLE public.orders",
 * });
 * ```
 */
export function explainFailure(trace: string, config: ConnectorConfig): FailureExplanation {
  const messages = messagesOf(trace);
  return { problem: problemOf(messages), hint: hintFor(messages.join("\n"), config) };
}

/** The messages of the exception and of its causes, outermost first, without the stack. */
function messagesOf(trace: string): string[] {
  const lines = trace.split("\n").filter((line) => !/^\s+(at |\.\.\. \d+ )/.test(line));
  return lines.join("\n").split(/^Caused by: /m).map(shortened).filter((text) => text !== "");
}

/** One line, without the package of the exception's class. */
function shortened(message: string): string {
  const line = message.trim().replace(/\s+/g, " ").replace(/^(?:[\w$]+\.)+([\w$]+)/, "$1");
  return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE)}…` : line;
}

/** The outermost message says what was done, the innermost what stood in the way. */
function problemOf(messages: readonly string[]): string {
  const outer = messages[0] ?? "a failure without a reason";
  const inner = messages.at(-1) ?? outer;
  const told = inner.replace(/^\w+: /, "");
  return outer.includes(told) ? outer : `${outer} (caused by ${inner})`;
}
