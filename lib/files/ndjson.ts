import {
  badOption,
  type BatchLimits,
  batchLimits,
  type Offsets,
  type RangeReader,
  type ReadOptions,
  refuseUnknownOptions,
  type Source,
} from "../core/mod.ts";
import { LineIndex } from "./line_index.ts";
import { LineReader, LOSS_HINT } from "./line_reader.ts";
import { openFile, readFully } from "./open_file.ts";

const ATTEMPTED = "read a file of records";
const IDENTITY_BYTES = 4096;
const NEWLINE = 0x0a;

/** What `ndjson` reads. */
export interface NdjsonOptions extends BatchLimits {
  /** The file. */
  readonly path: string;
  /** What its topic is called; default: the file's name without folder and ending. */
  readonly topic?: string;
}

/**
 * Reads a file of one JSON object a line (NDJSON) as a small recorded topic: each line is the value
 * of a record in partition 0, its offset is its number from 0, and it has neither key nor timestamp.
 * An empty line is a record too; a line break at the very end is not. The file may grow by whole
 * lines while it is read.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION`; later `FILE_MISSING` or `FILE_UNREADABLE`
 * from every call that looks into the file.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { recordValue } from "../core/mod.ts";
 * import { ndjson } from "./mod.ts";
 *
 * const path = await Deno.makeTempFile({ suffix: ".ndjson" });
 * await Deno.writeTextFile(path, '{"t":1}\n{"t":2}\n{"t":3}\n');
 * const source = ndjson({ path, topic: "trades" });
 * const { signal } = new AbortController();
 * deepEqual(await source.latestOffsets(signal), { trades: { 0: 3n } });
 *
 * const range = source.read({ trades: { 0: 1n } }, { trades: { 0: 2n } }, { signal });
 * for await (const block of range) {
 *   deepEqual(new TextDecoder().decode(recordValue(block, 0)!), '{"t":2}');
 * }
 * await Deno.remove(path);
 * ```
 */
export function ndjson(options: NdjsonOptions): Source {
  const known = ["path", "topic", "maxOffsetsPerTrigger", "maxBytesPerTrigger"];
  refuseUnknownOptions(ATTEMPTED, options, known);
  if (typeof options.path !== "string" || options.path === "") {
    throw badOption(ATTEMPTED, "path", String(options.path), "the path of a file");
  }
  if (options.topic === "") throw badOption(ATTEMPTED, "topic", '""', "a name");
  return new NdjsonSource(options, batchLimits(ATTEMPTED, options));
}

class NdjsonSource implements Source {
  readonly description: string;
  readonly failOnDataLoss = true;
  readonly lossHint = LOSS_HINT;
  readonly limits: BatchLimits;
  readonly #path: string;
  readonly #topic: string;
  readonly #index: LineIndex;

  constructor({ path, topic }: NdjsonOptions, limits: BatchLimits) {
    this.description = `NdjsonFile[${path}]`;
    this.limits = limits;
    this.#path = path;
    this.#topic = topic ?? baseName(path);
    this.#index = new LineIndex(path);
  }

  // A file that grows keeps its first line; a file that takes its place rarely has the same.
  async identities(signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    signal.throwIfAborted();
    using file = await openFile(this.#path);
    const start = new Uint8Array(IDENTITY_BYTES);
    const length = await readFully(file, start);
    const newline = start.indexOf(NEWLINE);
    if (newline < 0 && length < IDENTITY_BYTES) return {};
    const firstLine = newline < 0 ? start : start.subarray(0, newline);
    const hash = await crypto.subtle.digest("SHA-256", firstLine);
    return { [this.#topic]: new Uint8Array(hash).toHex().slice(0, 32) };
  }

  initialOffsets(signal: AbortSignal): Promise<Offsets> {
    return this.earliestOffsets(signal);
  }

  async earliestOffsets(signal: AbortSignal): Promise<Offsets> {
    signal.throwIfAborted();
    using _exists = await openFile(this.#path);
    return { [this.#topic]: { 0: 0n } };
  }

  async latestOffsets(signal: AbortSignal): Promise<Offsets> {
    return { [this.#topic]: { 0: BigInt(await this.#index.countLines(signal)) } };
  }

  logEndOffsets(signal: AbortSignal): Promise<Offsets> {
    return this.latestOffsets(signal);
  }

  read(start: Offsets, end: Offsets, options: ReadOptions): RangeReader {
    const file = { path: this.#path, topic: this.#topic, index: this.#index };
    return new LineReader(file, start, end, options);
  }

  publishProgress(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function baseName(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name.replace(/(?<=.)\.[^.]*$/, "");
}
