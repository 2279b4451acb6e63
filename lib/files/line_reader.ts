import {
  offsetRanges,
  type Offsets,
  type RangeReader,
  type ReadOptions,
  type RecordBlock,
  type RecordHeader,
  SluiceError,
} from "../core/mod.ts";
import type { LineIndex } from "./line_index.ts";
import { openFile, readFully } from "./open_file.ts";
import { type RecordRun, RecordStream } from "./record_stream.ts";
import { splitLines } from "./split_lines.ts";

/** What to do when lines that were read, or planned to be, are not there. */
export const LOSS_HINT =
  "records were removed from the file, or another file took its place: put the file back, " +
  "or start a new query with an empty checkpointLocation";

const MAX_BLOCK_RECORDS = 4096;

/** The file to read and what its topic is called. */
export interface LineFile {
  readonly path: string;
  readonly topic: string;
  readonly index: LineIndex;
}

/** Reads a range of a file's lines as records. */
export class LineReader implements RangeReader {
  readonly #file: LineFile;
  readonly #start: Offsets;
  readonly #end: Offsets;
  readonly #options: ReadOptions;
  /** The next line to hand over. */
  #reached: number;

  /** Does not read yet. */
  constructor(file: LineFile, start: Offsets, end: Offsets, options: ReadOptions) {
    this.#file = file;
    this.#start = start;
    this.#end = end;
    this.#options = options;
    this.#reached = Number(start[file.topic]?.[0] ?? 0n);
  }

  /** Exclusive; exact at every block. */
  endOffsets(): Offsets {
    return { [this.#file.topic]: { 0: BigInt(this.#reached) } };
  }

  /** Hands over the blocks of the range. */
  async *[Symbol.asyncIterator](): AsyncGenerator<RecordBlock> {
    const { path, topic, index } = this.#file;
    const { signal, maxBytes = Infinity } = this.#options;
    signal.throwIfAborted();
    const end = await this.#checkEnd();
    if (this.#reached >= end) return;
    const { line: firstLine, position } = index.positionBefore(this.#reached);
    using file = await openFile(path);
    await file.seek(position, Deno.SeekMode.Start);
    const lines = new RecordStream({ fill: (into) => readFully(file, into) }, splitLines, path);
    let bytesLeft = maxBytes;
    for (let line = firstLine; line < end && bytesLeft > 0;) {
      signal.throwIfAborted();
      const skipping = this.#reached - line;
      const run = skipping > 0
        ? await lines.next(skipping)
        : await lines.next(Math.min(end - line, MAX_BLOCK_RECORDS), bytesLeft);
      if (run === undefined) throw this.#dataLoss(`only ${line} lines`, `${end}`);
      line += run.count;
      if (skipping > 0) continue;
      this.#reached = line;
      bytesLeft -= run.byteLength;
      yield recordBlock(topic, line - run.count, run);
    }
  }

  async #checkEnd(): Promise<number> {
    const { topic, index } = this.#file;
    for (const range of offsetRanges(this.#start, this.#end)) {
      if (range.topic !== topic || range.partition !== 0) {
        throw this.#dataLoss(
          `topic "${topic}" with partition 0`,
          `topic "${range.topic}", partition ${range.partition}`,
        );
      }
    }
    const end = Number(this.#end[topic]?.[0] ?? 0n);
    const lines = this.#reached < end ? await index.countLines(this.#options.signal) : end;
    if (lines < end) throw this.#dataLoss(`only ${lines} lines`, String(end));
    return end;
  }

  #dataLoss(found: string, wanted: string): SluiceError {
    return new SluiceError("DATA_LOSS", {
      attempted: "read the planned range of a file",
      where: this.#file.path,
      found,
      wanted,
      hint: LOSS_HINT,
    });
  }
}

/** A block of lines: each is a value, and its number the offset. */
export function recordBlock(
  topic: string,
  firstLine: number,
  { bytes, count, starts, ends }: RecordRun,
  headers: readonly RecordHeader[] = [],
): RecordBlock {
  const none = new Int32Array(count).fill(-1);
  return {
    topic,
    partition: 0,
    count,
    bytes,
    baseOffset: BigInt(firstLine),
    offsetDeltas: Int32Array.from({ length: count }, (_, i) => i),
    timestampsMs: new Float64Array(count).fill(-1),
    keyStarts: none,
    keyEnds: none,
    valueStarts: starts,
    valueEnds: ends,
    headers: () => headers as RecordHeader[],
  };
}
