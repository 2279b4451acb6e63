import { badOption, errorText, refuseUnknownOptions, SluiceError } from "../core/mod.ts";
import type { QueryEvent, QueryListener, StreamingQueryProgress } from "../streaming/mod.ts";
import { traceContext } from "./trace_context.ts";

/** How much something matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Where the lines go, and which. */
export interface JsonLogOptions {
  /** Takes a line, without its end; default: standard output. */
  readonly write?: (line: string) => void;
  /** What matters less is left out; default `info`: all but `queryIdle`. */
  readonly level?: LogLevel;
}

/**
 * A listener that writes what it is told as JSON, one object a line:
 *
 *     time, level, event        when (ISO 8601, UTC), how much it matters, and what: queryStarted,
 *                               queryProgress, queryIdle, queryNotice, queryTerminated
 *     queryName, queryId, runId which query, and which run of it
 *     batchId, traceId, spanId  which batch, and its ids as the W3C's Trace Context writes them: a
 *                               batch that is run again after a crash has the same trace
 *
 * Behind these come the fields of the progress, under Spark's names, the `message` of a notice, or the
 * `error` that ended the query: its code, message, stack, causes, and what was attempted, where, what
 * was found and wanted, and what to do. Offsets keep all their digits.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { jsonLog, ndjson, json, pipeline, schema as s } from "sluice";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/events.ndjson`, '{"id":1}\n');
 *
 * const lines: string[] = [];
 * const query = await pipeline("events")
 *   .from(ndjson({ path: `${folder}/events.ndjson` }))
 *   .decode(json(s.struct({ id: s.long() })))
 *   .foreachBatch(() => {})
 *   .start({
 *     checkpointLocation: `${folder}/checkpoint`,
 *     trigger: { availableNow: true },
 *     listener: jsonLog({ write: (line) => lines.push(line) }),
 *   });
 * await query.awaitTermination();
 *
 * const { event, queryName, batchId, numInputRows } = JSON.parse(lines[1]!);
 * equal(`${event} of ${queryName}: batch ${batchId}, ${numInputRows} row`, "queryProgress of events: batch 0, 1 row");
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, or `BAD_OPTION` for a level there is not.
 */
export function jsonLog(options: JsonLogOptions = {}): QueryListener {
  const attempted = "make a log";
  refuseUnknownOptions(attempted, options, ["write", "level"]);
  const { write = writeLine, level = "info" } = options;
  if (!LEVELS.includes(level)) {
    throw badOption(attempted, "level", JSON.stringify(level), `one of ${LEVELS.join(", ")}`);
  }
  const log = (lineLevel: LogLevel, entry: LogEntry): void => {
    if (LEVELS.indexOf(lineLevel) < LEVELS.indexOf(level)) return;
    const { time, ...others } = entry;
    write(JSON.stringify({ time, level: lineLevel, ...others }, exactly));
  };
  return {
    onStarted: (event) => log("info", entryOf("queryStarted", event)),
    onProgress: (progress) => log("info", progressEntry(progress)),
    onIdle: (event) => log("debug", entryOf("queryIdle", event)),
    onNotice: (message, event) => log("warn", { ...entryOf("queryNotice", event), message }),
    onTerminated: (event) => {
      const entry = entryOf("queryTerminated", event);
      if (event.error === undefined) log("info", entry);
      else log("error", { ...entry, error: errorEntry(event.error) });
    },
  };
}

/** What is in a line beside its level. */
type LogEntry = Readonly<Record<string, unknown>> & { readonly time: string };

function entryOf(event: string, { id, runId, name, timestamp }: QueryEvent): LogEntry {
  return { time: timestamp, event, queryName: name, queryId: id, runId };
}

function progressEntry(progress: StreamingQueryProgress): LogEntry {
  // `sink` is the first of `sinks`, and so is left out.
  const { id, runId, name: _name, timestamp: _timestamp, sink: _sink, batchId, ...numbers } =
    progress;
  return {
    ...entryOf("queryProgress", progress),
    batchId,
    ...traceContext(id, runId, batchId),
    ...numbers,
  };
}

/** An error as an object, with those underneath. */
function errorEntry(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: errorText(error) };
  const { name, message, stack, cause } = error;
  const underneath = cause === undefined ? {} : { cause: errorEntry(cause) };
  if (!(error instanceof SluiceError)) return { name, message, stack, ...underneath };
  const { cause: _cause, ...details } = error.details;
  return { name, code: error.code, message, ...details, stack, ...underneath };
}

function exactly(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? rawJson(String(value)) : value;
}

function writeLine(line: string): void {
  let rest = new TextEncoder().encode(`${line}\n`);
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}

function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
}
