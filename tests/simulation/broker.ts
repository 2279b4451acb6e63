import {
  type BatchLimits,
  type OffsetRange,
  offsetRanges,
  type Offsets,
  type RangeReader,
  type ReadOptions,
  type RecordBlock,
  type Source,
} from "../../lib/core/mod.ts";
import type { Event } from "./events.ts";
import type { Mutation } from "./mutations.ts";
import type { Process } from "./process.ts";
import { Service } from "./service.ts";
import type { World } from "./world.ts";

const MAX_RECORDS_PER_FETCH = 6;
const encoder = new TextEncoder();

/** A record as it lies in a topic. */
export interface BrokerRecord {
  readonly offset: number;
  readonly value: string;
  /** What it says; `undefined` if no row can be made of it. */
  readonly event: Event | undefined;
}

interface Partition {
  readonly records: BrokerRecord[];
  /** The end of all there is. */
  logEnd: number;
  /** The end of what is not in an open transaction. */
  stableEnd: number;
}

/** A broker with topics, whose records arrive over time; offsets have gaps, as in real topics. */
export class Broker {
  readonly service: Service;
  readonly #world: World;
  readonly #topics = new Map<string, Partition[]>();
  readonly #mutation: Mutation | undefined;

  constructor(world: World, mutation?: Mutation) {
    this.#world = world;
    this.#mutation = mutation;
    this.service = new Service(world, "broker", { isRemote: true, roughness: 0.5 });
  }

  /** Makes a topic. */
  createTopic(topic: string, partitions: number): void {
    const make = () => ({ records: [], logEnd: 0, stableEnd: 0 });
    this.#topics.set(topic, Array.from({ length: partitions }, make));
  }

  /** Adds a partition to a topic. */
  addPartition(topic: string): void {
    this.#topics.get(topic)!.push({ records: [], logEnd: 0, stableEnd: 0 });
  }

  /** Adds records that can be read at once, or when their transaction is committed later. */
  append(
    topic: string,
    partition: number,
    records: readonly Pick<BrokerRecord, "value" | "event">[],
    isOpenForMs = 0,
  ): void {
    const { time, random } = this.#world;
    const log = this.#topics.get(topic)![partition]!;
    for (const { value, event } of records) {
      if (random.next() < 0.05) log.logEnd += random.integer(1, 3);
      log.records.push({ offset: log.logEnd++, value, event });
    }
    // The marker of the transaction takes an offset too.
    if (isOpenForMs > 0) log.logEnd++;
    const { logEnd } = log;
    const commit = () => log.stableEnd = Math.max(log.stableEnd, logEnd);
    if (isOpenForMs > 0) time.after(isOpenForMs, commit);
    else commit();
  }

  /** The records of a range, as they are. */
  recordsOf({ topic, partition, startOffset, endOffsetExclusive }: OffsetRange): BrokerRecord[] {
    return this.#topics.get(topic)![partition]!.records
      .filter(({ offset }) => offset >= startOffset && offset < endOffsetExclusive);
  }

  /** The end of all there is. */
  ends(topic: string): Offsets {
    return this.#offsets(topic, ({ logEnd }) => logEnd);
  }

  /** A topic as a process reads it. */
  source(process: Process, topic: string, limits: BatchLimits): Source {
    const ask = <T>(what: string, answer: () => T): Promise<T> =>
      process.call(this.service, `${what} of ${topic}`, answer);
    const earliest = () => this.#offsets(topic, () => 0);
    return {
      description: `Simulated[${topic}]`,
      failOnDataLoss: true,
      limits,
      identities: () => ask("identity", () => ({ [topic]: `id of ${topic}` })),
      initialOffsets: () => ask("first offsets", earliest),
      earliestOffsets: () => ask("first offsets", earliest),
      latestOffsets: () => ask("ends", () => this.#offsets(topic, ({ stableEnd }) => stableEnd)),
      logEndOffsets: () => ask("log ends", () => this.ends(topic)),
      read: (start, end, options) =>
        new Reader(this.#world, this.#topics.get(topic)!, ask, start, end, options, this.#mutation),
      publishProgress: () => ask("publishing of progress", () => {}),
      close: () => Promise.resolve(),
    };
  }

  #offsets(topic: string, of: (partition: Partition) => number): Offsets {
    const partitions = this.#topics.get(topic)!;
    return { [topic]: Object.fromEntries(partitions.map((log, p) => [p, BigInt(of(log))])) };
  }
}

/** Fetches a range bit by bit; which partition comes next, and how much of it, is up to chance. */
class Reader implements RangeReader {
  readonly #world: World;
  readonly #logs: readonly Partition[];
  readonly #ask: <T>(what: string, answer: () => T) => Promise<T>;
  readonly #options: ReadOptions;
  readonly #end: Offsets;
  readonly #open: (OffsetRange & { next: number })[];
  readonly #claimsAll: boolean;

  constructor(
    world: World,
    logs: readonly Partition[],
    ask: <T>(what: string, answer: () => T) => Promise<T>,
    start: Offsets,
    end: Offsets,
    options: ReadOptions,
    mutation: Mutation | undefined,
  ) {
    this.#world = world;
    this.#logs = logs;
    this.#ask = ask;
    this.#options = options;
    this.#end = end;
    this.#open = offsetRanges(start, end)
      .map((range) => ({ ...range, next: Number(range.startOffset) }));
    this.#claimsAll = mutation === "broker that claims cut reads whole";
  }

  endOffsets(): Offsets {
    if (this.#claimsAll) return this.#end;
    const reached = structuredClone(this.#end) as Record<string, Record<number, bigint>>;
    for (const { topic, partition, next } of this.#open) reached[topic]![partition] = BigInt(next);
    return reached;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordBlock> {
    const { maxBytes = Infinity, signal } = this.#options;
    let bytes = 0;
    while (this.#open.length > 0 && bytes < maxBytes) {
      signal.throwIfAborted();
      const range = this.#world.random.pick(this.#open);
      const limit = this.#world.random.integer(1, MAX_RECORDS_PER_FETCH);
      const records = await this.#ask(
        `records of ${range.partition} from ${range.next}`,
        () =>
          this.#logs[range.partition]!.records
            .filter(({ offset }) => offset >= range.next && offset < range.endOffsetExclusive)
            .slice(0, limit),
      );
      signal.throwIfAborted();
      const isRest = records.length < limit;
      range.next = isRest ? Number(range.endOffsetExclusive) : records.at(-1)!.offset + 1;
      if (isRest) this.#open.splice(this.#open.indexOf(range), 1);
      if (records.length === 0) continue;
      const block = blockOf(range.topic, range.partition, records);
      bytes += block.bytes.length;
      yield block;
    }
  }
}

function blockOf(
  topic: string,
  partition: number,
  records: readonly BrokerRecord[],
): RecordBlock {
  const values = records.map(({ value }) => encoder.encode(value));
  const valueEnds = new Int32Array(values.length);
  values.reduce((end, value, i) => valueEnds[i] = end + value.length, 0);
  const bytes = new Uint8Array(valueEnds.at(-1) ?? 0);
  values.forEach((value, i) => bytes.set(value, valueEnds[i]! - value.length));
  const baseOffset = records[0]!.offset;
  return {
    topic,
    partition,
    count: values.length,
    bytes,
    baseOffset: BigInt(baseOffset),
    offsetDeltas: Int32Array.from(records, ({ offset }) => offset - baseOffset),
    timestampsMs: new Float64Array(values.length).fill(-1),
    keyStarts: new Int32Array(values.length).fill(-1),
    keyEnds: new Int32Array(values.length).fill(-1),
    valueStarts: valueEnds.map((end, i) => end - values[i]!.length),
    valueEnds,
    headers: () => [],
  };
}
