import {
  offsetRanges,
  type Offsets,
  type RangeReader,
  type ReadOptions,
  type RecordBlock,
  rowBlock,
  type Schema,
  SluiceError,
} from "../../core/mod.ts";
import { readAhead } from "../scan/read_ahead.ts";
import { eachAsDataLoss, LOSS_HINT } from "./data_loss.ts";
import { type FileRows, loadSourceFile, readSourceFile } from "./read_source_file.ts";
import type { SourceFile, VersionFiles } from "./version_files.ts";
import { offsetOf, placeOf } from "./version_offset.ts";

/** A block is no longer than this, so that a batch can end within a row group. */
const MAX_BLOCK_ROWS = 65_536;

/** A table's versions as offsets of a topic. */
export interface VersionTopic {
  readonly topic: string;
  readonly schema: Schema;
  /** Looks into the table, which may not have been opened yet. */
  open(): Promise<{ readonly versions: VersionFiles; readonly newestVersion: number }>;
}

/** Reads a range of the rows that versions of a table added or changed. */
export class VersionReader implements RangeReader {
  readonly #table: VersionTopic;
  readonly #start: Offsets;
  readonly #end: Offsets;
  readonly #options: ReadOptions;
  #reached: bigint;

  /** Does not read yet. */
  constructor(table: VersionTopic, start: Offsets, end: Offsets, options: ReadOptions) {
    this.#table = table;
    this.#start = start;
    this.#end = end;
    this.#options = options;
    this.#reached = start[table.topic]?.[0] ?? 0n;
  }

  /** Exclusive; exact at every block. */
  endOffsets(): Offsets {
    return { [this.#table.topic]: { 0: this.#reached } };
  }

  /** Hands over the blocks of the range. */
  async *[Symbol.asyncIterator](): AsyncGenerator<RecordBlock> {
    const { signal } = this.#options;
    signal.throwIfAborted();
    const { versions, newestVersion } = await this.#table.open();
    const end = this.#checkedEnd(newestVersion);
    let bytesLeft = this.#options.maxBytes ?? Infinity;
    while (this.#reached < end) {
      const { version } = placeOf(this.#reached);
      for await (const block of this.#readVersion(versions, version, end)) {
        this.#reached = block.baseOffset + BigInt(block.offsetDeltas[block.count - 1]!) + 1n;
        bytesLeft -= block.rows!.byteSize;
        yield block;
        if (bytesLeft <= 0) return;
        signal.throwIfAborted();
      }
      const next = offsetOf({ version: version + 1, index: 0 });
      this.#reached = next < end ? next : end;
    }
  }

  async *#readVersion(
    versions: VersionFiles,
    version: number,
    end: bigint,
  ): AsyncGenerator<RecordBlock> {
    const { schema } = this.#table;
    const { signal } = this.#options;
    const from = placeOf(this.#reached).index;
    const last = placeOf(end);
    const to = last.version === version ? last.index : Infinity;
    const files = (await versions.of(version)).filter(({ firstIndex, numRows }) =>
      firstIndex < to && firstIndex + numRows > from
    );
    const where = `version ${version}`;
    const load = async (file: SourceFile) => ({ file, bytes: await loadSourceFile(file) });
    for await (const { file, bytes } of eachAsDataLoss(where, readAhead(files, load))) {
      const first = Math.max(0, from - file.firstIndex);
      const behind = Math.min(file.numRows, to - file.firstIndex);
      const batches = readSourceFile(file, schema, first, behind, bytes);
      for await (const rows of eachAsDataLoss(where, batches)) {
        signal.throwIfAborted();
        yield* this.#blocks(file, rows);
      }
    }
  }

  *#blocks(
    { version, firstIndex }: SourceFile,
    { rows, places }: FileRows,
  ): Generator<RecordBlock> {
    const { topic } = this.#table;
    for (let i = 0; i < places.length; i += MAX_BLOCK_ROWS) {
      const count = Math.min(MAX_BLOCK_ROWS, places.length - i);
      const some = count === places.length
        ? rows
        : rows.take(Int32Array.from({ length: count }, (_, row) => i + row));
      const baseOffset = offsetOf({ version, index: firstIndex + places[i]! });
      const deltas = places.subarray(i, i + count).map((place) => place - places[i]!);
      yield rowBlock({ topic, partition: 0, baseOffset }, some, deltas);
    }
  }

  #checkedEnd(newest: number): bigint {
    const { topic } = this.#table;
    for (const range of offsetRanges(this.#start, this.#end)) {
      if (range.topic === topic && range.partition === 0) continue;
      const wanted = `topic "${range.topic}", partition ${range.partition}`;
      throw dataLoss(`topic "${topic}" with partition 0`, wanted);
    }
    const end = this.#end[topic]?.[0] ?? 0n;
    if (end <= offsetOf({ version: newest + 1, index: 0 })) return end;
    throw dataLoss(`version ${newest} as the newest`, `rows up to offset ${end}`);
  }
}

function dataLoss(found: string, wanted: string): SluiceError {
  return new SluiceError("DATA_LOSS", {
    attempted: "read the planned range of a Delta table",
    found,
    wanted,
    hint: LOSS_HINT,
  });
}
