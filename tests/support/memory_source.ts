import {
  type BatchLimits,
  type OffsetRange,
  offsetRanges,
  type Offsets,
  type RangeReader,
  type ReadOptions,
  type RecordBlock,
  SluiceError,
  type Source,
} from "../../lib/core/mod.ts";

const RECORDS_PER_BLOCK = 7;
const encoder = new TextEncoder();

/** A topic in memory. It keeps the contract of the real ones, and can be away, cut and made anew. */
export class MemorySource implements Source {
  readonly description: string;
  failOnDataLoss = true;
  limits: BatchLimits = {};
  /** The topic's identity. */
  identity = "first";
  /** Called before anything is answered; may throw. */
  onCall: () => void = () => {};
  /** What was published for lag tools. */
  published: Offsets[] = [];
  readonly partitions: string[][];

  /** The name of its one topic. */
  readonly topic: string;
  /** Set for one that has an end. */
  isBounded = false;
  /** The folder that it was given for what it has to remember. */
  folder: string | undefined;
  /** Plans the end of a batch, if it is not left to the engine. */
  planEnd?: (start: Offsets, latest: Offsets) => Offsets;

  constructor(partitions: number, topic = "t") {
    this.description = `Memory[${topic}]`;
    this.topic = topic;
    this.partitions = Array.from({ length: partitions }, () => []);
  }

  open(folder: string): Promise<void> {
    this.folder = folder;
    return Promise.resolve();
  }

  identities(): Promise<Record<string, string>> {
    return this.#answer(() => ({ [this.topic]: this.identity }));
  }

  initialOffsets(): Promise<Offsets> {
    return this.earliestOffsets();
  }

  earliestOffsets(): Promise<Offsets> {
    return this.#answer(() => ({
      [this.topic]: Object.fromEntries(this.partitions.map((_, p) => [p, 0n])),
    }));
  }

  latestOffsets(): Promise<Offsets> {
    return this.#ends(this.openRecords);
  }

  /** How many records of each partition belong to an open transaction. */
  openRecords = 0;

  logEndOffsets(): Promise<Offsets> {
    return this.#ends(0);
  }

  read(start: Offsets, end: Offsets, options: ReadOptions): RangeReader {
    return new MemoryReader(this, start, end, options);
  }

  publishProgress(offsets: Offsets): Promise<void> {
    this.published.push(offsets);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #ends(open: number): Promise<Offsets> {
    const end = (records: string[]) => BigInt(Math.max(0, records.length - open));
    return this.#answer(() => ({
      [this.topic]: Object.fromEntries(this.partitions.map((records, p) => [p, end(records)])),
    }));
  }

  async #answer<T>(make: () => T): Promise<T> {
    await Promise.resolve();
    this.onCall();
    return make();
  }
}

class MemoryReader implements RangeReader {
  readonly #source: MemorySource;
  readonly #ranges: OffsetRange[];
  readonly #options: ReadOptions;
  readonly #reached: Record<number, bigint>;

  constructor(source: MemorySource, start: Offsets, end: Offsets, options: ReadOptions) {
    this.#source = source;
    this.#ranges = offsetRanges(start, end);
    this.#options = options;
    this.#reached = { ...end[source.topic] };
    for (const { partition, startOffset } of this.#ranges) this.#reached[partition] = startOffset;
  }

  endOffsets(): Offsets {
    return { [this.#source.topic]: { ...this.#reached } };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordBlock> {
    let bytes = 0;
    for (const { partition, endOffsetExclusive } of this.#ranges) {
      const records = this.#source.partitions[partition]!;
      if (BigInt(records.length) < endOffsetExclusive) {
        throw new SluiceError("DATA_LOSS", {
          attempted: "read",
          where: `${this.#source.topic}-${partition}`,
        });
      }
      while (this.#reached[partition]! < endOffsetExclusive) {
        await Promise.resolve();
        this.#options.signal.throwIfAborted();
        this.#source.onCall();
        const from = Number(this.#reached[partition]);
        const to = Math.min(from + RECORDS_PER_BLOCK, Number(endOffsetExclusive));
        const { topic } = this.#source;
        const block = blockOf(topic, partition, from, records.slice(from, to));
        this.#reached[partition] = BigInt(to);
        yield block;
        bytes += block.bytes.length;
        if (bytes >= (this.#options.maxBytes ?? Infinity)) return;
      }
    }
  }
}

function blockOf(
  topic: string,
  partition: number,
  from: number,
  texts: string[],
): RecordBlock {
  const values = texts.map((text) => encoder.encode(text));
  const ends = new Int32Array(values.length);
  values.reduce((sum, value, i) => ends[i] = sum + value.length, 0);
  const bytes = new Uint8Array(ends.at(-1) ?? 0);
  values.forEach((value, i) => bytes.set(value, ends[i]! - value.length));
  return {
    topic,
    partition,
    count: values.length,
    bytes,
    baseOffset: BigInt(from),
    offsetDeltas: Int32Array.from(values, (_, i) => i),
    timestampsMs: new Float64Array(values.length).fill(-1),
    keyStarts: new Int32Array(values.length).fill(-1),
    keyEnds: new Int32Array(values.length).fill(-1),
    valueStarts: ends.map((end, i) => end - values[i]!.length),
    valueEnds: ends,
    headers: () => [],
  };
}
