import {
  offsetRanges,
  type Offsets,
  type RangeReader,
  type ReadOptions,
  type RecordBlock,
  SluiceError,
} from "../core/mod.ts";
import type { LineIndex } from "./line_index.ts";
import { openFile, readFully } from "./open_file.ts";
import { type Lines, splitLines } from "./split_lines.ts";

/** What to do when lines that were read, or planned to be, are not there. */
export const LOSS_HINT =
  "records were removed from the file, or another file took its place: put the file back, " +
  "or start a new query with an empty checkpointLocation";

const CHUNK_BYTES = 512 * 1024;
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
    let { line, position } = index.positionBefore(this.#reached);
    let bytesLeft = maxBytes;
    using file = await openFile(path);
    await file.seek(position, Deno.SeekMode.Start);
    // The beginning of a line that ends in the next chunk.
    let rest = new Uint8Array();
    for (;;) {
      signal.throwIfAborted();
      // A new one each time, since blocks point into it; larger while a line does not fit.
      const chunk = new Uint8Array(Math.max(CHUNK_BYTES, rest.length * 2));
      chunk.set(rest);
      const length = rest.length + await readFully(file, chunk.subarray(rest.length));
      const bytes = chunk.subarray(0, length);
      const atEndOfFile = length < chunk.length;
      for (let next = 0;;) {
        const skipping = this.#reached - line;
        const lines = skipping > 0
          ? splitLines(bytes, next, atEndOfFile, skipping, Infinity)
          : splitLines(
            bytes,
            next,
            atEndOfFile,
            Math.min(end - line, MAX_BLOCK_RECORDS),
            bytesLeft,
          );
        if (lines.count === 0) {
          rest = bytes.subarray(next);
          break;
        }
        next = lines.next;
        line += lines.count;
        if (skipping > 0) continue;
        this.#reached = line;
        bytesLeft -= lines.byteLength;
        yield recordBlock(topic, line - lines.count, bytes, lines);
        if (line === end || bytesLeft <= 0) return;
        signal.throwIfAborted();
      }
      if (atEndOfFile) throw this.#dataLoss(`only ${line} lines`, `${end}`);
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

function recordBlock(
  topic: string,
  firstLine: number,
  bytes: Uint8Array,
  { count, starts, ends }: Lines,
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
    headers: () => [],
  };
}
