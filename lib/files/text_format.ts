import { createHash } from "node:crypto";
import type { RecordBlock, RecordHeader } from "../core/mod.ts";
import { type CsvDialect, csvRecordHeaders, dialectBytes, splitCsv } from "../formats/csv/mod.ts";
import { type ByteInput, openInput } from "./byte_input.ts";
import { fileChanged } from "./check_file.ts";
import type { FileCount, FileFormat, FileRange } from "./file_format.ts";
import { recordBlock } from "./line_reader.ts";
import { RecordStream, type Splitter } from "./record_stream.ts";
import { splitLines } from "./split_lines.ts";

/** The header of a record that names its file, from the folder that is read. */
const FILE_HEADER = "file";
const MAX_BLOCK_RECORDS = 4096;
/** Records passed over at a time. */
const MAX_SKIPPED_RECORDS = 65_536;
const encoder = new TextEncoder();

/** How text is taken apart into records. */
interface TextRules {
  readonly kind: Readonly<Record<string, unknown>>;
  readonly split: Splitter;
  /** True if the first record of a file names its columns and is none itself. */
  readonly hasHeader: boolean;
  /** What every record says of itself, besides the name of its file. */
  recordHeaders(headerLine: Uint8Array | undefined): RecordHeader[];
}

/** A file of text of which the records up to some point have been handed over. */
interface Cursor {
  readonly path: string;
  readonly input: ByteInput;
  readonly records: RecordStream;
  readonly headers: readonly RecordHeader[];
  /** The record that comes next, counted from 0. */
  next: number;
}

/** One JSON object a line. */
export function ndjsonFormat(): FileFormat {
  return new TextFormat({
    kind: { format: "ndjson" },
    split: splitLines,
    hasHeader: false,
    recordHeaders: () => [],
  });
}

/** CSV; where files have a header, their records carry it. */
export function csvFormat(dialect: CsvDialect, hasHeader: boolean): FileFormat {
  return new TextFormat({
    kind: { format: "csv", ...dialect, header: hasHeader },
    split: splitCsv(dialectBytes(dialect)),
    hasHeader,
    recordHeaders: (headerLine) => csvRecordHeaders(dialect, headerLine),
  });
}

class TextFormat implements FileFormat {
  readonly kind: Readonly<Record<string, unknown>>;
  readonly #rules: TextRules;
  /** Where the last read stopped: the next one mostly goes on from there. */
  #cursor: Cursor | undefined;

  constructor(rules: TextRules) {
    this.kind = rules.kind;
    this.#rules = rules;
  }

  async count(path: string, signal: AbortSignal): Promise<FileCount> {
    const hash = createHash("sha256");
    await using input = await openInput(path);
    const hashed = {
      async fill(into: Uint8Array): Promise<number> {
        const length = await input.fill(into);
        hash.update(into.subarray(0, length));
        return length;
      },
    };
    const stream = new RecordStream(hashed, this.#rules.split, path);
    await stream.skipByteOrderMark();
    if (this.#rules.hasHeader) await stream.next(1);
    let records = 0;
    for (;;) {
      signal.throwIfAborted();
      const run = await stream.next(MAX_SKIPPED_RECORDS);
      if (run === undefined) return { records, digest: hash.digest("hex") };
      records += run.count;
    }
  }

  async *read(range: FileRange): AsyncGenerator<RecordBlock> {
    const { file, path, topic, to, signal } = range;
    const cursor = await this.#cursorAt(range);
    let bytesLeft = range.maxBytes;
    let isDone = false;
    try {
      while (cursor.next < to && bytesLeft > 0) {
        signal.throwIfAborted();
        const most = Math.min(to - cursor.next, MAX_BLOCK_RECORDS);
        const run = await cursor.records.next(most, bytesLeft);
        if (run === undefined) throw tooShort(path, cursor.next, file.records);
        const first = file.firstOffset + cursor.next;
        cursor.next += run.count;
        bytesLeft -= run.byteLength;
        isDone = true;
        yield recordBlock(topic, first, run, cursor.headers);
        isDone = false;
      }
      isDone = true;
    } finally {
      // Whoever stops after a block goes on behind it.
      if (isDone && cursor.next < file.records) this.#cursor = cursor;
      else await cursor.input[Symbol.asyncDispose]();
    }
  }

  async close(): Promise<void> {
    const cursor = this.#cursor;
    this.#cursor = undefined;
    await cursor?.input[Symbol.asyncDispose]();
  }

  async #cursorAt({ file, path, from, signal }: FileRange): Promise<Cursor> {
    const last = this.#cursor;
    if (last?.path === path && last.next === from) {
      this.#cursor = undefined;
      return last;
    }
    await this.close();
    const cursor = await this.#open(path, file.name);
    try {
      while (cursor.next < from) {
        signal.throwIfAborted();
        const most = Math.min(from - cursor.next, MAX_SKIPPED_RECORDS);
        const run = await cursor.records.next(most);
        if (run === undefined) throw tooShort(path, cursor.next, file.records);
        cursor.next += run.count;
      }
      return cursor;
    } catch (error) {
      await cursor.input[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #open(path: string, name: string): Promise<Cursor> {
    const input = await openInput(path);
    try {
      const records = new RecordStream(input, this.#rules.split, path);
      await records.skipByteOrderMark();
      const header = this.#rules.hasHeader ? await records.next(1) : undefined;
      // Copied, so that the chunk it is in can go.
      const headerLine = header?.bytes.slice(header.starts[0], header.ends[0]);
      const headers = [
        { key: FILE_HEADER, value: encoder.encode(name) },
        ...this.#rules.recordHeaders(headerLine),
      ];
      return { path, input, records, headers, next: 0 };
    } catch (error) {
      await input[Symbol.asyncDispose]();
      throw error;
    }
  }
}

function tooShort(path: string, found: number, wanted: number): Error {
  return fileChanged(path, `only ${found} records`, `${wanted}, as when it was found`);
}
