import {
  badOption,
  type CommitOutcome,
  type DeadLetter,
  type MicroBatch,
  type OutputMode,
  refuseUnknownOptions,
  type Sink,
} from "../core/mod.ts";
import { showRows } from "./show_rows.ts";

/** What of a batch is printed. */
export interface ConsoleSinkOptions {
  /** Rows of each batch at most; absent: 20. */
  readonly numRows?: number;
  /** True: 20 characters of a cell at most; a number: that many; false: all. Absent: true. */
  readonly truncate?: boolean | number;
  /** Takes the text instead of the console, without a line break at its end. */
  readonly print?: (text: string) => void;
}

const ATTEMPTED = "make a console sink";
const DEFAULT_NUM_ROWS = 20;
const DEFAULT_TRUNCATE = 20;
const RULE = "-".repeat(43);
const OUTPUT_MODES: readonly OutputMode[] = ["append", "update", "complete"];

/**
 * Prints batches as Spark's console sink does, for people who try something out: the rows of a
 * batch as a table, and besides those that went in update mode, and the records that could not
 * become rows. It remembers nothing: a batch that is run again after a crash is printed again.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION`.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { Batch, schema as s } from "../core/mod.ts";
 * import { consoleSink } from "./mod.ts";
 *
 * let printed = "";
 * const sink = consoleSink({ print: (text) => printed += text });
 * const schema = s.struct({ id: s.long() });
 * const context = { queryId: "q", queryName: "q", schema, keyColumns: [] };
 * const writer = await sink.open({ ...context, outputMode: "append" });
 *
 * const batch = new Batch(schema);
 * batch.append({ id: 1n });
 * const microBatch = { batchId: 0, batch, deadLetters: [], startOffsets: {}, endOffsets: {} };
 * await (await writer.stage(microBatch)).commit();
 * const rule = "-------------------------------------------";
 * equal(printed, `${rule}\nBatch: 0\n${rule}\n+---+\n| id|\n+---+\n|  1|\n+---+\n`);
 * ```
 */
export function consoleSink(options: ConsoleSinkOptions = {}): Sink {
  refuseUnknownOptions(ATTEMPTED, options, ["numRows", "truncate", "print"]);
  const { numRows = DEFAULT_NUM_ROWS, truncate = true, print = printLine } = options;
  if (!isCount(numRows)) {
    throw badOption(ATTEMPTED, "numRows", String(numRows), "a number of rows, 0 or more");
  }
  if (typeof truncate !== "boolean" && !isCount(truncate)) {
    throw badOption(
      ATTEMPTED,
      "truncate",
      String(truncate),
      "true, false or a number of characters",
    );
  }
  const characters = typeof truncate === "number" ? truncate : truncate ? DEFAULT_TRUNCATE : 0;
  return {
    name: "console",
    takesDeadLetters: true,
    outputModes: OUTPUT_MODES,
    open: () =>
      Promise.resolve({
        lastBatchId: () => Promise.resolve(undefined),
        stage: (batch) =>
          Promise.resolve({
            commit: () => {
              print(batchText(batch, numRows, characters));
              const outcome: CommitOutcome = {
                status: "committed",
                numOutputRows: batch.batch.numRows,
              };
              return Promise.resolve(outcome);
            },
            abort: () => Promise.resolve(),
          }),
        close: () => Promise.resolve(),
      }),
  };
}

function batchText(
  { batchId, batch, deletes, deadLetters }: MicroBatch,
  numRows: number,
  truncate: number,
): string {
  const show = { numRows, truncate };
  const parts = [RULE, `Batch: ${batchId}`, RULE, showRows(batch, show)];
  if (deletes !== undefined && deletes.numRows > 0) {
    parts.push("No longer in the result:", showRows(deletes, show));
  }
  if (deadLetters.length > 0) {
    parts.push(
      `Dead letters: ${deadLetters.length}`,
      ...deadLetters.slice(0, numRows).map(letterText),
      "",
    );
  }
  return parts.join("\n");
}

function letterText({ topic, partition, offset, error }: DeadLetter): string {
  return `${topic}-${partition}@${offset}: ${error}`;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function printLine(text: string): void {
  // The one place whose purpose is the console.
  // deno-lint-ignore no-console
  console.log(text);
}
