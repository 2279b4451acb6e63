import { openFile, readFully } from "./open_file.ts";

const LINES_PER_ENTRY = 1024;
const CHUNK_BYTES = 1 << 20;
const NEWLINE = 0x0a;

/** Where to begin to look for a line. */
export interface LinePosition {
  /** The number of the line that starts there, counted from 0. */
  readonly line: number;
  /** The byte it starts at. */
  readonly position: number;
}

/**
 * Where the lines of a growing file are: the place of every 1024th is kept, and only what was added
 * since the last look is read. A file that was replaced or cut is read anew.
 */
export class LineIndex {
  readonly #path: string;
  /** The byte at which line `i * 1024` starts. */
  #positions: number[] = [0];
  /** How many lines that end in a newline were seen, and where the last of them ends. */
  #lines = 0;
  #end = 0;
  #inode: number | null | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** Does not read yet. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * How many lines the file has now; what follows the last newline is a line too.
   *
   * @throws {SluiceError} `FILE_MISSING`.
   */
  countLines(signal: AbortSignal): Promise<number> {
    // One at a time: two that go on from the same place would count its lines twice.
    const count = this.#turn.then(() => this.#count(signal));
    this.#turn = count.catch(() => {});
    return count;
  }

  /** The nearest known place before a line that was counted. */
  positionBefore(line: number): LinePosition {
    const entry = Math.min(Math.floor(line / LINES_PER_ENTRY), this.#positions.length - 1);
    return { line: entry * LINES_PER_ENTRY, position: this.#positions[entry]! };
  }

  async #count(signal: AbortSignal): Promise<number> {
    using file = await openFile(this.#path);
    const { size, ino } = await file.stat();
    if (size < this.#end || ino !== this.#inode) {
      this.#positions = [0];
      this.#lines = 0;
      this.#end = 0;
      this.#inode = ino;
    }
    await file.seek(this.#end, Deno.SeekMode.Start);
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, size - this.#end + 1));
    let position = this.#end;
    for (;;) {
      signal.throwIfAborted();
      const length = await readFully(file, chunk);
      const bytes = chunk.subarray(0, length);
      for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) {
        this.#end = position + at + 1;
        this.#lines++;
        if (this.#lines % LINES_PER_ENTRY === 0) this.#positions.push(this.#end);
      }
      position += length;
      if (length < chunk.length) return position > this.#end ? this.#lines + 1 : this.#lines;
    }
  }
}
