import {
  offsetRanges,
  type Offsets,
  type RangeReader,
  type ReadOptions,
  type RecordBlock,
  SluiceError,
} from "../core/mod.ts";
import { type FileChecker, LOSS_HINT } from "./check_file.ts";
import type { FileFormat } from "./file_format.ts";
import type { FileLog } from "./file_log.ts";

/** Files of a folder, in the order in which they were found. */
export interface FoundFiles {
  readonly root: string;
  readonly topic: string;
  readonly log: FileLog;
  readonly format: FileFormat;
  readonly checker: FileChecker;
}

/** Reads a range of the records of found files. */
export class FolderReader implements RangeReader {
  readonly #files: FoundFiles;
  readonly #start: Offsets;
  readonly #end: Offsets;
  readonly #options: ReadOptions;
  /** The next offset to hand over. */
  #reached: number;

  /** Does not read yet. */
  constructor(files: FoundFiles, start: Offsets, end: Offsets, options: ReadOptions) {
    this.#files = files;
    this.#start = start;
    this.#end = end;
    this.#options = options;
    this.#reached = Number(start[files.topic]?.[0] ?? 0n);
  }

  /** Exclusive; exact at every block. */
  endOffsets(): Offsets {
    return { [this.#files.topic]: { 0: BigInt(this.#reached) } };
  }

  /** Hands over the blocks of the range. */
  async *[Symbol.asyncIterator](): AsyncGenerator<RecordBlock> {
    const { root, topic, log, format, checker } = this.#files;
    const { signal } = this.#options;
    let bytesLeft = this.#options.maxBytes ?? Infinity;
    signal.throwIfAborted();
    const end = this.#checkedEnd();
    for (const file of log.filesFrom(this.#reached)) {
      if (this.#reached >= end || bytesLeft <= 0) return;
      const from = this.#reached - file.firstOffset;
      const to = Math.min(file.records, end - file.firstOffset);
      await checker.check(file, signal);
      const path = `${root}/${file.name}`;
      const range = { file, path, topic, from, to, maxBytes: bytesLeft, signal };
      for await (const block of format.read(range)) {
        this.#reached = Number(block.baseOffset) + block.count;
        bytesLeft -= block.rows?.byteSize ?? valueBytes(block);
        yield block;
      }
      // What was read while the file changed is neither the old nor the new.
      await checker.check(file, signal);
    }
  }

  #checkedEnd(): number {
    const { topic, log } = this.#files;
    for (const range of offsetRanges(this.#start, this.#end)) {
      if (range.topic !== topic || range.partition !== 0) {
        throw this.#dataLoss(
          `topic "${topic}" with partition 0`,
          `topic "${range.topic}", partition ${range.partition}`,
        );
      }
    }
    const end = Number(this.#end[topic]?.[0] ?? 0n);
    if (end > log.endOffset) throw this.#dataLoss(`only ${log.endOffset} records`, String(end));
    return end;
  }

  #dataLoss(found: string, wanted: string): SluiceError {
    return new SluiceError("DATA_LOSS", {
      attempted: "read the planned range of a folder of files",
      where: this.#files.root,
      found,
      wanted,
      hint: LOSS_HINT,
    });
  }
}

function valueBytes({ count, valueStarts, valueEnds }: RecordBlock): number {
  return count === 0 ? 0 : valueEnds[count - 1]! - valueStarts[0]!;
}
