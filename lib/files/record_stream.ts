import { unreadable } from "./open_file.ts";

const CHUNK_BYTES = 512 * 1024;
/** Longer records are taken for a file that is no text. */
const MAX_RECORD_BYTES = 256 * 2 ** 20;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Consecutive records of a run of bytes. */
export interface Records {
  /** How many there are. */
  readonly count: number;
  /** Where each record starts; the array may be longer. */
  readonly starts: Int32Array;
  /** Where each record ends (exclusive), without its line break. */
  readonly ends: Int32Array;
  /** Where the next record starts. */
  readonly next: number;
  /** Bytes of the records together. */
  readonly byteLength: number;
}

/**
 * Finds the records of `bytes` from `start` on: at most `maxRecords`, and none after those that
 * reach `maxBytes`. What follows the last line break is a record only at the end of the file.
 */
export type Splitter = (
  bytes: Uint8Array,
  start: number,
  atEndOfFile: boolean,
  maxRecords: number,
  maxBytes: number,
) => Records;

/** Records, and the bytes that they are in. */
export interface RecordRun extends Records {
  readonly bytes: Uint8Array;
}

/** Where a stream of records gets its bytes. */
export interface RecordInput {
  /** Fills `into`; returns how many bytes there were, fewer only at the end. */
  fill(into: Uint8Array): Promise<number>;
}

/** Goes through the records of a file, some at a time; it holds one chunk, or one long record. */
export class RecordStream {
  readonly #input: RecordInput;
  readonly #split: Splitter;
  readonly #where: string;
  #bytes: Uint8Array = new Uint8Array();
  #next = 0;
  #atEndOfFile = false;

  /** Reads from where the input is; `where` names the file in errors. */
  constructor(input: RecordInput, split: Splitter, where: string) {
    this.#input = input;
    this.#split = split;
    this.#where = where;
  }

  /** Passes over the mark that some programs put at the beginning of UTF-8 text; call it first. */
  async skipByteOrderMark(): Promise<void> {
    await this.#readMore();
    if (BYTE_ORDER_MARK.every((byte, i) => this.#bytes[i] === byte)) {
      this.#next = BYTE_ORDER_MARK.length;
    }
  }

  /**
   * The next records: at least one, at most `maxRecords`, and none after those that reach
   * `maxBytes`; `undefined` at the end. Their bytes stay as they are.
   *
   * @throws {SluiceError} `FILE_UNREADABLE` if a record has no end.
   */
  async next(maxRecords: number, maxBytes = Infinity): Promise<RecordRun | undefined> {
    for (;;) {
      const bytes = this.#bytes;
      const records = this.#split(bytes, this.#next, this.#atEndOfFile, maxRecords, maxBytes);
      this.#next = records.next;
      if (records.count > 0) return { bytes, ...records };
      if (this.#atEndOfFile) return undefined;
      await this.#readMore();
    }
  }

  async #readMore(): Promise<void> {
    const rest = this.#bytes.subarray(this.#next);
    if (rest.length > MAX_RECORD_BYTES) {
      const wanted = `records of up to ${MAX_RECORD_BYTES / 2 ** 20} MiB`;
      throw unreadable(this.#where, "a longer record than any text has", wanted);
    }
    // A new one each time, since records point into it; larger while a record does not fit.
    const chunk = new Uint8Array(Math.max(CHUNK_BYTES, rest.length * 2));
    chunk.set(rest);
    const length = rest.length + await this.#input.fill(chunk.subarray(rest.length));
    this.#bytes = chunk.subarray(0, length);
    this.#next = 0;
    this.#atEndOfFile = length < chunk.length;
  }
}
