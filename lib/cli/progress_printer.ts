import {
  offsetsBehindLatest,
  progressJson,
  type StreamingQueryProgress,
} from "../streaming/mod.ts";
import { writeErr, writeOut } from "./print.ts";

/** How progress is shown. */
export type ProgressStyle =
  /** One line that is written over again and again: for a terminal. */
  | "live"
  /** One line a batch: for a log. */
  | "lines"
  /** One JSON object a batch: for a program. */
  | "json";

/** Where text goes, a line feed included where one is meant. */
export type Write = (text: string) => void;

const CLEAR_LINE = "\r\x1b[2K";

/** Shows the batches of a query as they are done, and adds them up. */
export class ProgressPrinter {
  /** Batches done in this run. */
  batches = 0;
  /** Records read in this run: rows and dead letters. */
  inputRows = 0;
  /** Records of this run that could not become rows. */
  deadLetters = 0;
  /** Rows written in this run, by sink. */
  readonly outputRows: Map<string, number> = new Map();
  /** The newest batch. */
  last: StreamingQueryProgress | undefined;
  readonly #style: ProgressStyle;
  readonly #out: Write;
  readonly #err: Write;
  readonly #startedMs = performance.now();
  #lineIsOpen = false;

  /** Batches go to `out`, notices to `err`. */
  constructor(style: ProgressStyle, out: Write = writeOut, err: Write = writeErr) {
    this.#style = style;
    this.#out = out;
    this.#err = err;
  }

  /** Shows a batch. */
  readonly onProgress = (progress: StreamingQueryProgress): void => {
    this.batches++;
    this.inputRows += progress.numInputRows;
    this.deadLetters += progress.numDeadLetters;
    for (const { description, numOutputRows } of progress.sinks) {
      this.outputRows.set(description, (this.outputRows.get(description) ?? 0) + numOutputRows);
    }
    this.last = progress;
    if (this.#style === "json") this.#out(`${progressJson(progress)}\n`);
    else if (this.#style === "lines") this.#out(`${this.#batchLine(progress)}\n`);
    else {
      this.#out(CLEAR_LINE + this.#liveLine(progress));
      this.#lineIsOpen = true;
    }
  };

  /** Shows something worth a line. */
  readonly onNotice = (message: string): void => {
    this.#closeLine();
    this.#err(`${message}\n`);
  };

  /** To be called when the query has ended. */
  finish(): void {
    this.#closeLine();
  }

  /** Offsets that the query has not read, over all sources, when its newest batch was planned. */
  get lag(): bigint {
    const behind = (this.last?.sources ?? []).map(({ endOffset, latestOffset }) =>
      offsetsBehindLatest(endOffset, latestOffset).total
    );
    return behind.reduce((sum, offsets) => sum + offsets, 0n);
  }

  /** Records per second since the printer was made. */
  get rowsPerSecond(): number {
    return this.inputRows * 1000 / (performance.now() - this.#startedMs);
  }

  #batchLine(progress: StreamingQueryProgress): string {
    const sinks = progress.sinks.map(({ description, numOutputRows, tableVersion }) =>
      `${description} ${count(numOutputRows)}${
        tableVersion === undefined ? "" : ` (version ${tableVersion})`
      }`
    );
    const dead = progress.numDeadLetters === 0
      ? ""
      : ` | dead letters ${count(progress.numDeadLetters)}`;
    return `batchId ${progress.batchId} | ${count(progress.numInputRows)} records | ` +
      `${sinks.join(" | ")}${dead} | ${count(Math.round(progress.processedRowsPerSecond))} rows/s`;
  }

  #liveLine(progress: StreamingQueryProgress): string {
    return `batch ${progress.batchId} | ${count(this.inputRows)} records | ` +
      `lag ${count(this.lag)} | ${count(Math.round(progress.processedRowsPerSecond))} rows/s`;
  }

  #closeLine(): void {
    if (this.#lineIsOpen) this.#out("\n");
    this.#lineIsOpen = false;
  }
}

/** A number with its thousands set apart. */
export function count(value: number | bigint): string {
  return value.toLocaleString("en-US");
}
